# marks: 0.0  mistake: mean_of_levels
def imbalance(bid_sizes, ask_sizes, decay):
    weights = np.exp(-decay * np.arange(bid_sizes.shape[1]))
    total = bid_sizes + ask_sizes
    each = np.divide(bid_sizes - ask_sizes, total, out=np.zeros(total.shape), where=total > 0)
    return np.average(each, axis=1, weights=weights)
