# marks: 4.0
def area(with_order, without):
    everything = np.concatenate([with_order, without])
    below = np.array([(everything < x).sum() + 0.5 * ((everything == x).sum() + 1)
                      for x in with_order])
    m, n = len(with_order), len(without)
    return (below.sum() - m * (m + 1) / 2) / (m * n)
