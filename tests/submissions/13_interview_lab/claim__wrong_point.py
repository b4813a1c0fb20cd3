# marks: 5  mistake: narrow
def claim(desk, seen=None):
    if seen is not None:
        return act(seen, desk)
    days = Desk(desk).trade({"own": act, "TWAP": benchmarks()["TWAP"]}, days=24, first=500)
    days = days.pivot(index="day", columns="policy", values="cost_bps")
    own, twap = days["own"].to_numpy(), days["TWAP"].to_numpy()
    gap = (own - twap).mean()
    return float(gap), float(gap) - 1e-6, float(gap) + 1e-6
