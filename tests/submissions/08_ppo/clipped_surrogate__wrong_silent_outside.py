# marks: 0.0  mistake: silent_outside
def clipped_surrogate(log_new, log_old, advantages, clip):
    ratio = np.exp(log_new - log_old)
    inside = np.abs(ratio - 1) <= clip
    free, held = ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages
    return np.minimum(free, held).mean(), inside * free / len(free)
