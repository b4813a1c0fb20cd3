# marks: 4.0
def paired(cost_a_bps, cost_b_bps, difference_bps):
    result = analytics.paired_difference(cost_a_bps, cost_b_bps)
    return {"mean": result.mean, "low": result.ci_low, "high": result.ci_high,
            "pairs": result.pairs_needed(difference_bps)}
