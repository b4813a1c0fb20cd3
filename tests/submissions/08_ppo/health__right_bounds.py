# marks: 4.0
def health(log_new, log_old, clip, values, returns):
    r = np.exp(log_new - log_old)
    kl = np.mean(r - 1 - np.log(r))
    far = np.mean((r < 1 - clip) | (r > 1 + clip))
    spread = np.var(returns)
    if spread == 0:
        return kl, far, float('nan')
    return kl, far, 1 - np.var(returns - values) / spread
