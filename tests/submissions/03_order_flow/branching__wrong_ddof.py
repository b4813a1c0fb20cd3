# marks: 0.0  mistake: ddof
def branching(counts, per_part):
    parts = len(counts) // per_part
    table = counts[: parts * per_part].reshape(parts, per_part)
    variance = table.var(axis=1).mean()
    return 1 - np.sqrt(table.mean() / variance) if variance > table.mean() else 0.0
