# marks: 1.0  mistake: fold
def area(with_order, without):
    found = float(np.mean(0.5 * (1 + np.sign(np.subtract.outer(with_order, without)))))
    return max(found, 1 - found)
