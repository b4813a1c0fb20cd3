# marks: 1.0  mistake: any_zero
def act_for_all(seen, names, common, layers):
    own = seen[:, :-common].reshape(len(seen), names, -1)
    shared = np.repeat(seen[:, None, -common:], names, axis=1)
    x = np.concatenate([own, shared], axis=2)
    for weights, bias in layers[:-1]:
        x = np.tanh(x @ weights + bias)
    weights, bias = layers[-1]
    action = np.clip(x @ weights + bias, -1, 1)[..., 0]
    return np.where((own == 0).any(axis=2), 0.0, action)
