# marks: 0.0  mistake: markets_alone
def two_way(cost, benchmark):
    d = (cost - benchmark).mean(axis=0)
    return d.mean(), stdtrit(len(d) - 1, 0.975) * d.std(ddof=1) / np.sqrt(len(d))
