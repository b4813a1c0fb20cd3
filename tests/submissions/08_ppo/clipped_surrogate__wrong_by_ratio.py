# marks: 0.0  mistake: by_ratio
def clipped_surrogate(log_new, log_old, advantages, clip):
    ratio = np.exp(log_new - log_old)
    free, held = ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages
    return np.minimum(free, held).mean(), np.where(free <= held, advantages, 0.0) / len(ratio)
