# marks: 0  mistake: divergence
def distances(reference, live, edges):
    least = 0.5 / max(len(reference), len(live))
    p, q = (np.maximum(np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1)
                       / len(x), least) for x in (reference, live))
    every = np.concatenate([reference, live])
    a, b = (np.searchsorted(np.sort(x), every, side="right") / len(x) for x in (reference, live))
    return float((q * np.log(q / p)).sum()), float(np.abs(a - b).max())
