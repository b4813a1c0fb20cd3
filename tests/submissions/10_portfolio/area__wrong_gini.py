# marks: 0.0  mistake: gini
def area(with_order, without):
    return float(np.mean(np.sign(np.subtract.outer(with_order, without))))
