# marks: 5
def distances(reference, live, edges):
    bounds = [-math.inf, *edges, math.inf]
    least, psi = 0.5 / max(len(reference), len(live)), 0.0
    for low, high in zip(bounds[:-1], bounds[1:]):
        p, q = (max(float(np.mean((x > low) & (x <= high))), least) for x in (reference, live))
        psi += (q - p) * math.log(q / p)
    ks = max(abs(np.mean(live <= x) - np.mean(reference <= x)) for x in (*reference, *live))
    return psi, float(ks)
