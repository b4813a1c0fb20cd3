# marks: 1  mistake: ks_of_bins
def distances(reference, live, edges):
    shares = [np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) / len(x)
              for x in (reference, live)]
    ks = np.abs(np.cumsum(shares[1]) - np.cumsum(shares[0])).max()
    p, q = np.maximum(shares, 0.5 / max(len(reference), len(live)))
    return float(((q - p) * np.log(q / p)).sum()), float(ks)
