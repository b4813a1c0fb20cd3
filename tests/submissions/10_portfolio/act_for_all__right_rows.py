# marks: 5.0
def act_for_all(seen, names, common, layers):
    days = len(seen)
    rows = seen[:, :-common].reshape(days * names, -1)
    x = np.hstack([rows, np.repeat(seen[:, -common:], names, axis=0)])
    *hidden, (weights, bias) = layers
    for w, b in hidden:
        x = np.tanh(np.dot(x, w) + b)
    out = np.minimum(np.maximum(np.dot(x, weights) + bias, -1), 1)[:, 0]
    out[np.abs(rows).sum(axis=1) == 0] = 0
    return out.reshape(days, names)
