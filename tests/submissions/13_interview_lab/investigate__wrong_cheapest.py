# marks: 3  mistake: cheapest
def investigate(prior, chance, days, results, budget, sure):
    belief, asked, left = np.array(prior, dtype=float), [], budget
    while belief.max() < sure:
        free = [t for t in range(len(days)) if t not in asked and days[t] <= left]
        if not free:
            break
        bits = np.zeros(len(days))
        for both in (belief * chance, belief * (1 - chance)):
            total = both.sum(axis=1)
            bits += (both * np.log2(both / total[:, None] / belief)).sum(axis=1)
        look = max(free, key=lambda t: -days[t])
        asked.append(look)
        left -= days[look]
        belief = belief * (chance[look] if results[look] else 1 - chance[look])
        belief = belief / belief.sum()
    cause = int(belief.argmax())
    return asked, cause, float(belief[cause])
