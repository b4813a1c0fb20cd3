# marks: 0.0  mistake: no_latency
def price_on_arrival(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
    row = np.searchsorted(times_ns, decision_ns, side="right") - 1
    return ask_ticks[row], ask_ticks[row]
