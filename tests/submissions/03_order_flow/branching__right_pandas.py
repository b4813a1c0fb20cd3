# marks: 4.0
def branching(counts, per_part):
    kept = pd.Series(counts[: len(counts) - len(counts) % per_part], dtype=float)
    inside = kept.groupby(kept.index // per_part).var().mean()
    return float(max(0.0, 1 - np.sqrt(kept.mean() / inside))) if inside > 0 else 0.0
