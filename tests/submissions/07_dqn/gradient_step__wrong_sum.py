# marks: 0.0  mistake: sum
def gradient_step(weights, bias, seen, action, target, rate):
    rows = np.arange(len(action))
    error = (seen @ weights.T + bias)[rows, action] - target
    small = np.abs(error) <= 1
    loss = np.where(small, 0.5 * error**2, np.abs(error) - 0.5).sum()
    slope = np.where(small, error, np.sign(error))
    w, b = weights.copy(), bias.copy()
    np.add.at(w, action, -rate * slope[:, None] * seen)
    np.add.at(b, action, -rate * slope)
    return loss, w, b
