# marks: 3.0
def price_on_arrival(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
    out = []
    for moment in (decision_ns - feed_delay_ns, decision_ns + order_delay_ns):
        known = ask_ticks[times_ns <= moment]
        out.append(known[-1] if len(known) else None)
    return tuple(out)
