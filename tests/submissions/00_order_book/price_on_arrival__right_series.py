# marks: 3.0
def price_on_arrival(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
    asks = pd.Series(ask_ticks, index=times_ns)
    seen, met = asks.asof(decision_ns - feed_delay_ns), asks.asof(decision_ns + order_delay_ns)
    return [None if pd.isna(price) else int(price) for price in (seen, met)]
