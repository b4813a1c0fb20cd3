# marks: 4.0
def paired(cost_a_bps, cost_b_bps, difference_bps):
    d = np.array(cost_a_bps) - np.array(cost_b_bps)
    s = np.std(d, ddof=1)
    half = 1.96 * s / len(d) ** 0.5
    return {"mean": d.mean(), "low": d.mean() - half, "high": d.mean() + half,
            "pairs": np.ceil((2.8 * s / difference_bps) ** 2)}
