# marks: 2.0  mistake: full_ties
def area(with_order, without):
    return float(np.mean(np.greater_equal.outer(with_order, without)))
