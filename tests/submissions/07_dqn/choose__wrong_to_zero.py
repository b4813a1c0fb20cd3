# marks: 1.0  mistake: to_zero
def choose(values, share, fraction, final, u, v):
    epsilon = max(0.0, 1 - share / fraction)
    actions = values.argmax(axis=1)
    stray = u < epsilon
    actions[stray] = (v[stray] * values.shape[1]).astype(int)
    return actions
