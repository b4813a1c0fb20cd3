# marks: 2.5  mistake: index_minus_one
def price_on_arrival(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
    rows = np.searchsorted(times_ns, [decision_ns - feed_delay_ns, decision_ns + order_delay_ns],
                           side="right") - 1
    return int(ask_ticks[rows[0]]), int(ask_ticks[rows[1]])
