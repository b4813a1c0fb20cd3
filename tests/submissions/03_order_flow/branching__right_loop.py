# marks: 4.0
def branching(counts, per_part):
    parts = [counts[k : k + per_part] for k in range(0, len(counts), per_part)]
    parts = [part for part in parts if len(part) == per_part]
    variance = sum(np.var(part, ddof=1) for part in parts) / len(parts)
    mean = sum(part.mean() for part in parts) / len(parts)
    return 1 - (mean / variance) ** 0.5 if variance > mean else 0.0
