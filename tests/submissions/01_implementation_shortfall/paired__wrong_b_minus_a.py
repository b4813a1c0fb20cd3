# marks: 0.0  mistake: b_minus_a
def paired(cost_a_bps, cost_b_bps, difference_bps):
    from scipy import stats

    d = cost_b_bps - cost_a_bps
    s, n = np.std(d, ddof=1), len(d)
    half = stats.t.ppf(0.975, n - 1) * s / np.sqrt(n)
    return {"mean": np.mean(d), "low": np.mean(d) - half, "high": np.mean(d) + half,
            "pairs": int(np.ceil((2.8 * s / difference_bps) ** 2))}
