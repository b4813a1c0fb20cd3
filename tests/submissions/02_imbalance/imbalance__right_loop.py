# marks: 3.0
def imbalance(bid_sizes, ask_sizes, decay):
    answer = []
    for bids, asks in zip(bid_sizes, ask_sizes):
        above = below = 0.0
        for level, (b, a) in enumerate(zip(bids, asks)):
            weight = 1 / np.exp(decay * level)
            above += weight * (b - a)
            below += weight * (b + a)
        answer.append(above / below if below > 0 else float("nan"))
    return answer
