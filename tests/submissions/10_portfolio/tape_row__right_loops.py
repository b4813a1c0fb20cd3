# marks: 5.0
def tape_row(second, size, sign, length):
    size, sign = size.tolist(), sign.tolist()
    total = sum(size)
    if not total:
        return 0.0, 0.0, 0.0
    flow = sum(v * s for v, s in zip(size, sign)) / total
    mean = sum(sign) / len(sign)
    pairs = [a * b for a, b in zip(sign, sign[1:])]
    persistence = sum(pairs) / len(pairs) - mean * mean if pairs else 0.0
    powers = []
    for k in range(1, length // 2 + 1):
        angle = 2 * math.pi * k / length * second
        powers.append(np.dot(size, np.cos(angle)) ** 2 + np.dot(size, np.sin(angle)) ** 2)
    return flow, persistence, math.log(max(powers) * len(powers) / sum(powers))
