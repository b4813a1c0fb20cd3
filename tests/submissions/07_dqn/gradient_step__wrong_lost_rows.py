# marks: 1.0
def gradient_step(weights, bias, seen, action, target, rate):
    rows = np.arange(len(action))
    error = (seen @ weights.T + bias)[rows, action] - target
    small = np.abs(error) <= 1
    loss = np.where(small, 0.5 * error**2, np.abs(error) - 0.5).mean()
    slope = np.where(small, error, np.sign(error)) / len(action)
    w, b = weights.copy(), bias.copy()
    w[action] -= rate * slope[:, None] * seen
    np.add.at(b, action, -rate * slope)
    return loss, w, b
