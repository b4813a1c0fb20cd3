# marks: 6
def claim(desk, seen=None):
    if seen is not None:
        return act(seen, desk)
    days = Desk(desk).trade({"own": act, "TWAP": benchmarks()["TWAP"]}, days=40, first=500)
    days = days.pivot(index="day", columns="policy", values="cost_bps")
    own, twap = days["own"].to_numpy(), days["TWAP"].to_numpy()
    gap = own - twap
    half = 2 * gap.std(ddof=1) / math.sqrt(len(gap))
    return np.array([gap.mean(), gap.mean() - half, gap.mean() + half])
