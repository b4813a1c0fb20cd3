# marks: 5.0
def mended_result(validation, test):
    chosen, costs = [], []
    for own, unseen in zip(validation, test):
        best = min(range(len(own)), key=lambda c: own[c].mean())
        chosen.append(best)
        costs.append(unseen[best].mean())
    return float(np.mean(costs)), np.array(chosen)
