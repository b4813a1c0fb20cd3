# marks: 6.0
def clipped_surrogate(log_new, log_old, advantages, clip):
    total, slopes = 0.0, []
    for new, old, gain in zip(log_new, log_old, advantages):
        ratio = np.exp(new - old)
        silent = gain > 0 and ratio > 1 + clip or gain < 0 and ratio < 1 - clip
        total += gain * (min(ratio, 1 + clip) if gain > 0 else max(ratio, 1 - clip))
        slopes.append(0.0 if silent else ratio * gain / len(log_new))
    return total / len(log_new), np.array(slopes)
