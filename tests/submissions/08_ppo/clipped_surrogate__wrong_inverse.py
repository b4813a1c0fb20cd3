# marks: 0.0  mistake: inverse
def clipped_surrogate(log_new, log_old, advantages, clip):
    ratio = np.exp(log_old - log_new)
    free, held = ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages
    return np.minimum(free, held).mean(), np.where(free <= held, free, 0.0) / len(ratio)
