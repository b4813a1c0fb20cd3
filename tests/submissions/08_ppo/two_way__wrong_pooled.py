# marks: 0.0  mistake: pooled
def two_way(cost, benchmark):
    d = (cost - benchmark).ravel()
    return d.mean(), stdtrit(d.size - 1, 0.975) * d.std(ddof=1) / np.sqrt(d.size)
