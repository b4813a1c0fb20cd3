# marks: 4.0
def choose(values, share, fraction, final, u, v):
    if share < fraction:
        epsilon = 1 + share / fraction * (final - 1)
    else:
        epsilon = final
    chosen = []
    for i in range(len(u)):
        if u[i] < epsilon:
            chosen.append(int(np.floor(v[i] * len(values[i]))))
        else:
            chosen.append(int(np.argmax(values[i])))
    return chosen
