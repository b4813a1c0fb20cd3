# marks: 10
def diagnose(training, live):
    def mean_of(table, name):
        return table.groupby("order")[name].mean().mean()

    a, b = measures(training), measures(live)
    found = {name: b[name].mean() - a[name].mean() for name in MEASURES}
    storm = b[(b["spread_ticks"] > 1.25) & (b["swing"] > 1.3)]
    tests = [("order_latency", "order_delay_s", found["order_delay_s"] > 0.4),
             ("feed_latency", "report_delay_s", found["report_delay_s"] > 0.5 and
              found["crossed"] > 0.08),
             ("ack_delay", "report_delay_s", found["report_delay_s"] > 0.5),
             ("stale_feed", "crossed", found["crossed"] > 0.04),
             ("rejects", "refused", found["refused"] > 0.01),
             ("fees", "fee_bps", found["fee_bps"] > 0.1),
             ("queue", "ahead", found["ahead"] > 0.15),
             ("regime", "spread_ticks", len(storm) > 0),
             ("spread", "spread_ticks", found["spread_ticks"] > 0.3),
             ("volatility", "swing", found["swing"] > 0.35),
             ("flow", "depth", found["depth"] < -0.05)]
    for cause, own, yes in tests:
        if yes:
            return cause, float(mean_of(measures(live).assign(order=0), own)
                                - mean_of(measures(training).assign(order=0), own))
    return "nothing", 0.0
