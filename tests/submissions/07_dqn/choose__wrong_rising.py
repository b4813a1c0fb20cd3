# marks: 0.0  mistake: rising
def choose(values, share, fraction, final, u, v):
    epsilon = final + min(1, share / fraction) * (1 - final)
    actions = values.argmax(axis=1)
    stray = u < epsilon
    actions[stray] = (v[stray] * values.shape[1]).astype(int)
    return actions
