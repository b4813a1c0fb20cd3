# marks: 8.75  mistake: calm_regime
def diagnose(training, live):
    a, b = measures(training), measures(live)
    shift = b.mean() - a.mean()
    wide = b["spread_ticks"] > a["spread_ticks"].mean() + 0.25
    storm = False
    rules = {"order_latency": ("order_delay_s", shift["order_delay_s"] > 0.3),
             "feed_latency": ("report_delay_s", shift["report_delay_s"] > 0.3 and shift["crossed"] > 0.06),
             "ack_delay": ("report_delay_s", shift["report_delay_s"] > 0.3),
             "fees": ("fee_bps", shift["fee_bps"] > 0.05),
             "rejects": ("refused", shift["refused"] > 0.005),
             "stale_feed": ("crossed", shift["crossed"] > 0.03),
             "queue": ("ahead", shift["ahead"] > 0.1),
             "regime": ("spread_ticks", storm),
             "spread": ("spread_ticks", wide.any()),
             "volatility": ("swing", shift["swing"] > 0.3),
             "flow": ("depth", shift["depth"] < -0.04)}
    for cause in rules:
        if rules[cause][1]:
            return cause, float(shift[rules[cause][0]])
    return "nothing", 0.0
