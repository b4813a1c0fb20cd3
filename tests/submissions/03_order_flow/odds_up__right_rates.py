# marks: 6.0
def odds_up(longest, limit, market, cancel):
    states = [(b, a) for b in range(1, longest + 1) for a in range(1, longest + 1)]
    number = {state: k for k, state in enumerate(states)}
    generator, won = np.zeros((len(states), len(states))), np.zeros(len(states))
    for (b, a), k in number.items():
        for target, rate in (((b + 1, a), limit), ((b, a + 1), limit),
                             ((b - 1, a), market + b * cancel), ((b, a - 1), market + a * cancel)):
            if target in number:
                generator[k, number[target]] += rate
                generator[k, k] -= rate
            elif min(target) == 0:
                generator[k, k] -= rate
                won[k] += rate if target[1] == 0 else 0.0
    return np.linalg.solve(-generator, won).reshape(longest, longest)
