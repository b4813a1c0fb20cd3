# marks: 8
from math import log2


def investigate(prior, chance, days, results, budget, sure):
    belief, asked = list(prior), []
    while max(belief) < sure:
        best, which = -1.0, None
        for t, cost in enumerate(days):
            if t in asked or cost > budget + 1e-12:
                continue
            told = 0.0  # what the answer and the suspect know of each other
            for answer in (0, 1):
                p = [c if answer else 1 - c for c in chance[t]]
                total = sum(b * q for b, q in zip(belief, p))
                told += sum(b * q * log2(q / total) for b, q in zip(belief, p) if b * q > 0)
            if told / cost > best:
                best, which = told / cost, t
        if which is None:
            break
        asked.append(which)
        budget -= days[which]
        belief = [b * (c if results[which] else 1 - c) for b, c in zip(belief, chance[which])]
        belief = [b / sum(belief) for b in belief]
    return asked, int(np.argmax(belief)), max(belief)
