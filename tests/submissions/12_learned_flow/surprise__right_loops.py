# marks: 5
def surprise(learned, judged, size, messages, added, backing):
    pairs = {}
    follows = [added] * size
    for u, v in zip(learned[:-1], learned[1:]):
        pairs.setdefault(int(u), [0] * size)[int(v)] += 1
        follows[v] += 1
    flat = markov = 0.0
    for u, v in zip(judged[:-1], judged[1:]):
        single = follows[v] / sum(follows)
        row = pairs.get(int(u), [0] * size)
        flat -= math.log2(single)
        markov -= math.log2((row[v] + backing * single) / (sum(row) + backing))
    count = len(judged) - 1
    return flat / count, markov / count, markov / messages
