# marks: 0.0  mistake: squared
def gradient_step(weights, bias, seen, action, target, rate):
    rows = np.arange(len(action))
    error = (seen @ weights.T + bias)[rows, action] - target
    loss = (error**2).mean()
    slope = 2 * error / len(action)
    w, b = weights.copy(), bias.copy()
    np.add.at(w, action, -rate * slope[:, None] * seen)
    np.add.at(b, action, -rate * slope)
    return loss, w, b
