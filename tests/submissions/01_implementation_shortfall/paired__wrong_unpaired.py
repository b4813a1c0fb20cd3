# marks: 0.0  mistake: unpaired
def paired(cost_a_bps, cost_b_bps, difference_bps):
    from scipy import stats

    n = len(cost_a_bps)
    s = np.sqrt(np.var(cost_a_bps, ddof=1) + np.var(cost_b_bps, ddof=1))
    mean = np.mean(cost_a_bps) - np.mean(cost_b_bps)
    half = stats.t.ppf(0.975, n - 1) * s / np.sqrt(n)
    return {"mean": mean, "low": mean - half, "high": mean + half,
            "pairs": int(np.ceil((2.8 * s / difference_bps) ** 2))}
