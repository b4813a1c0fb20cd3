# marks: 5
def distances(reference, live, edges):
    inside = [pd.cut(x, [-np.inf, *edges, np.inf], labels=False) for x in (reference, live)]
    shares = [np.array([(own == k).mean() for k in range(len(edges) + 1)]) for own in inside]
    p, q = np.clip(shares, 0.5 / max(len(reference), len(live)), None)
    return float(np.sum(q * np.log(q / p) + p * np.log(p / q))), ks_2samp(reference, live).statistic
