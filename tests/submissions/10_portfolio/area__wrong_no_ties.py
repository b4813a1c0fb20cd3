# marks: 2.0  mistake: no_ties
def area(with_order, without):
    return float(np.mean(np.greater.outer(with_order, without)))
