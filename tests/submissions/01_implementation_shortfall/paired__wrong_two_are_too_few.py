# marks: 3.0
def paired(cost_a_bps, cost_b_bps, difference_bps):
    from scipy import stats

    d = cost_a_bps - cost_b_bps
    n = len(d)
    if n < 3:  # "no interval from two days"
        return {"mean": d.mean(), "low": np.nan, "high": np.nan, "pairs": np.nan}
    s = np.std(d, ddof=1)
    half = stats.t.ppf(0.975, n - 1) * s / np.sqrt(n)
    return {"mean": np.mean(d), "low": np.mean(d) - half, "high": np.mean(d) + half,
            "pairs": int(np.ceil((2.8 * s / difference_bps) ** 2))}
