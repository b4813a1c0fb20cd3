# marks: 1.0  mistake: past_final
def choose(values, share, fraction, final, u, v):
    epsilon = 1 - share / fraction * (1 - final)
    actions = values.argmax(axis=1)
    stray = u < epsilon
    actions[stray] = (v[stray] * values.shape[1]).astype(int)
    return actions
