# marks: 0.0  mistake: dropped_odd_lots
def countable(trades):
    regular = np.array([not EXCLUDED & set(c) for c in trades["condition"]])
    return regular & (trades["correction"] == "00") & (trades["size"] >= 100)
