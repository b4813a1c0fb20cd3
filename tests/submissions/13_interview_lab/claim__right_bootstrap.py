# marks: 6
def claim(desk, seen=None):
    if seen is not None:
        return act(seen, desk)
    days = Desk(desk).trade({"own": act, "TWAP": benchmarks()["TWAP"]}, days=48, first=500)
    days = days.pivot(index="day", columns="policy", values="cost_bps")
    own, twap = days["own"].to_numpy(), days["TWAP"].to_numpy()
    gap = own - twap
    rng = np.random.default_rng(1)
    means = gap[rng.integers(len(gap), size=(2000, len(gap)))].mean(axis=1)
    return float(gap.mean()), *np.quantile(means, [0.025, 0.975]).tolist()
