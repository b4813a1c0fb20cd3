# marks: 4.0
def verdict(cost_a, cost_b, difference):
    d = pd.Series(cost_a) - pd.Series(cost_b)
    error = d.sem()
    t = stdtrit(d.count() - 1, 0.975)
    n = ((1.959963985 + 0.841621234) * d.std() / abs(difference)) ** 2
    return [d.mean(), d.mean() - t * error, d.mean() + t * error, max(2, int(np.ceil(n)))]
