# marks: 0.0  mistake: mean_of_ratios
def branching(counts, per_part):
    parts = len(counts) // per_part
    table = counts[: parts * per_part].reshape(parts, per_part)
    found = []
    for row in table:
        s2 = row.var(ddof=1)
        found.append(1 - np.sqrt(row.mean() / s2) if s2 > row.mean() else 0.0)
    return float(np.mean(found))
