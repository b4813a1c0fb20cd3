# marks: 5.0
def exact_ce(bid, ask, intensity, decay, move, step, gamma):
    steps, columns = bid.shape
    edge = columns // 2
    after = {q: 1.0 for q in range(-edge, edge + 1)}
    for n in range(steps - 1, -1, -1):
        tilted = {q: after[q] * math.cosh(gamma * q * move) for q in after}
        before = {}
        for q in after:
            total = 0.0
            sides = []
            for distance in (bid[n, q + edge], ask[n, q + edge]):
                p = 0.0 if math.isinf(distance) else min(
                    1.0, intensity * math.exp(-decay * distance) * step)
                sides.append((p, 0.0 if p == 0.0 else distance))
            for b in (0, 1):
                for s in (0, 1):
                    p = (sides[0][0] if b else 1 - sides[0][0]) * (
                        sides[1][0] if s else 1 - sides[1][0])
                    if p > 0:
                        gain = b * sides[0][1] + s * sides[1][1]
                        total += p * math.exp(-gamma * gain) * tilted[q + b - s]
            before[q] = total
        after = before
    return -math.log(after[0]) / gamma
