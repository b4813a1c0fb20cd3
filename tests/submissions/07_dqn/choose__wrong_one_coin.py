# marks: 1.0  mistake: one_coin
def choose(values, share, fraction, final, u, v):
    epsilon = max(final, 1 - share / fraction * (1 - final))
    actions = values.argmax(axis=1)
    stray = np.full(len(u), u[0] < epsilon)
    actions[stray] = (v[stray] * values.shape[1]).astype(int)
    return actions
