# marks: 4.0
def choose(values, share, fraction, final, u, v):
    epsilon = max(final, 1 - share / fraction * (1 - final))
    actions = values.argmax(axis=1)
    stray = u < epsilon
    actions[stray] = (v[stray] * values.shape[1]).astype(int)
    return actions
