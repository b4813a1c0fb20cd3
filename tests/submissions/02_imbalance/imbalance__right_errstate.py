# marks: 3.0
def imbalance(bid_sizes, ask_sizes, decay):
    w = np.exp(-decay) ** np.arange(bid_sizes.shape[1])
    with np.errstate(invalid="ignore"):
        share = (bid_sizes * w).sum(axis=1) / ((bid_sizes + ask_sizes) * w).sum(axis=1)
    return 2 * share - 1
