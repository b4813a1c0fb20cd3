# marks: 8
def investigate(prior, chance, days, results, budget, sure):
    def bits(p):
        p = p[p > 0]
        return -(p * np.log2(p)).sum()

    belief, asked, free = prior.copy(), [], np.ones(len(days), bool)
    while belief.max() < sure and (free & (days <= budget)).any():
        worth = np.full(len(days), -np.inf)
        for t in np.flatnonzero(free & (days <= budget)):
            alarm, quiet = belief * chance[t], belief * (1 - chance[t])
            after = sum(p.sum() * bits(p / p.sum()) for p in (alarm, quiet))
            worth[t] = (bits(belief) - after) / days[t]
        t = worth.argmax()
        free[t] = False
        asked.append(int(t))
        budget = budget - days[t]
        belief = belief * np.where(results[t], chance[t], 1 - chance[t])
        belief = belief / belief.sum()
    return asked, int(belief.argmax()), float(belief.max())
