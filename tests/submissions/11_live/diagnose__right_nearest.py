# marks: 10
def diagnose(training, live):
    a, b = measures(training), measures(live)
    shift = b.mean() - a.mean()
    known = suspects.groupby("cause")[list(MEASURES)].mean()
    known = known - known.loc["nothing"]
    usual = pd.Series({"order_delay_s": 0.3, "report_delay_s": 0.5, "fee_bps": 0.05,
                       "crossed": 0.04, "refused": 0.01, "ahead": 0.08, "spread_ticks": 0.15,
                       "swing": 0.3, "volume": 9.0, "depth": 0.04})
    stormy = (b["spread_ticks"] > a["spread_ticks"].mean() + 0.25) & (b["swing"] > 1.3)
    if stormy.any() and shift["report_delay_s"] < 0.5 and shift["order_delay_s"] < 0.3:
        return "regime", float(shift["spread_ticks"])
    if (shift.abs() < usual).all():
        return "nothing", 0.0
    x, names = np.clip(shift / usual, -4, 4), [n for n in known.index if n not in ("nothing", "regime")]
    far = {n: float(((np.clip(known.loc[n] / usual, -4, 4) - x) ** 2).sum()) for n in names}
    cause = min(far, key=far.get)
    own = {"order_latency": "order_delay_s", "feed_latency": "report_delay_s",
           "ack_delay": "report_delay_s", "stale_feed": "crossed", "fees": "fee_bps",
           "rejects": "refused", "queue": "ahead", "spread": "spread_ticks",
           "volatility": "swing", "flow": "depth"}[cause]
    return cause, float(shift[own])
