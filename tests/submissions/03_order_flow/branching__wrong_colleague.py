# marks: 0.0  mistake: colleague
def branching(counts, per_part):
    return max(0.0, 1 - np.sqrt(counts.mean() / counts.var(ddof=1)))
