# marks: 2.5  mistake: left_side
def price_on_arrival(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
    def at(t):
        i = np.searchsorted(times_ns, t) - 1
        return int(ask_ticks[i]) if i >= 0 else None
    return at(decision_ns - feed_delay_ns), at(decision_ns + order_delay_ns)
