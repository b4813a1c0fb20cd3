# marks: 2.0  mistake: zero_for_empty
def imbalance(bid_sizes, ask_sizes, decay):
    weights = np.exp(-decay * np.arange(bid_sizes.shape[1]))
    bid, ask = bid_sizes @ weights, ask_sizes @ weights
    return np.divide(bid - ask, bid + ask, out=np.zeros(len(bid)), where=bid + ask > 0)
