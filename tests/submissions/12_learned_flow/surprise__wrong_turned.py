# marks: 1  mistake: turned
def surprise(learned, judged, size, messages, added, backing):
    pairs = np.zeros((size, size))
    np.add.at(pairs, (learned[:-1], learned[1:]), 1)
    single = pairs.sum(axis=0) + added
    single /= single.sum()
    after = (pairs.T + backing * single) / (pairs.T.sum(axis=1, keepdims=True) + backing)
    markov = -np.log2(after[judged[:-1], judged[1:]])
    return (float(-np.log2(single[judged[1:]]).mean()), float(markov.mean()), float(markov.sum() / messages))
