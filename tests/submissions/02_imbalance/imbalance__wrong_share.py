# marks: 0.0  mistake: share
def imbalance(bid_sizes, ask_sizes, decay):
    weights = np.exp(-decay * np.arange(bid_sizes.shape[1]))
    bid, ask = bid_sizes @ weights, ask_sizes @ weights
    with np.errstate(invalid="ignore"):
        return bid / (bid + ask)
