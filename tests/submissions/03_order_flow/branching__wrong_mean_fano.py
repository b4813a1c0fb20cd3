# marks: 0.0  mistake: mean_fano
def branching(counts, per_part):
    parts = len(counts) // per_part
    table = np.asarray(counts[: parts * per_part], float).reshape(parts, per_part)
    fano = np.mean(table.var(axis=1, ddof=1) / table.mean(axis=1))
    return 0.0 if fano <= 1 else float(1 - 1 / np.sqrt(fano))
