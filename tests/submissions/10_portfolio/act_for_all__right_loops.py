# marks: 5.0
def act_for_all(seen, names, common, layers):
    own = (seen.shape[1] - common) // names
    actions = np.zeros((len(seen), names))
    for e, day in enumerate(seen):
        for i in range(names):
            mine = day[i * own:(i + 1) * own]
            if not mine.any():
                continue
            x = np.concatenate([mine, day[-common:]])
            for k, (weights, bias) in enumerate(layers):
                x = x @ weights + bias
                if k + 1 < len(layers):
                    x = np.tanh(x)
            actions[e, i] = min(max(x[0], -1.0), 1.0)
    return actions
