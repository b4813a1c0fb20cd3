# marks: 0.0  mistake: same_place
def area(with_order, without):
    wins = [0.5 * (1 + np.sign(x - y)) for x, y in zip(with_order, without)]
    return float(np.mean(wins)) if len(with_order) == len(without) else float("nan")
