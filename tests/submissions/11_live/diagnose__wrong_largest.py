# marks: 5.75  mistake: largest
def diagnose(training, live):
    a, b = measures(training), measures(live)
    shift = b.mean() - a.mean()
    error = np.sqrt(a.var() / len(a) + b.var() / len(b)).clip(lower=1e-3)
    own = (shift.abs() / error).idxmax()
    cause = {"order_delay_s": "order_latency", "report_delay_s": "feed_latency",
             "crossed": "stale_feed", "fee_bps": "fees", "refused": "rejects", "ahead": "queue",
             "spread_ticks": "spread", "swing": "volatility", "volume": "regime",
             "depth": "flow"}[own]
    return cause, float(shift[own])
