# marks: 0.5  mistake: forgot_corrections
def countable(trades):
    regular = [not EXCLUDED & set(c) for c in trades["condition"]]
    return np.array(regular) & (trades["price"] > 0) & (trades["size"] > 0)
