# marks: 3  mistake: empty
def distances(reference, live, edges):
    p, q = (np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) / len(x)
            for x in (reference, live))
    with np.errstate(divide="ignore", invalid="ignore"):
        psi = float(np.nansum((q - p) * np.log(q / p)))
    return psi, float(ks_2samp(reference, live).statistic)
