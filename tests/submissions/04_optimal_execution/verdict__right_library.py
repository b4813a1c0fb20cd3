# marks: 4.0
def verdict(cost_a, cost_b, difference):
    found = paired_difference(cost_a, cost_b)
    return found.mean, found.ci_low, found.ci_high, found.pairs_needed(difference)
