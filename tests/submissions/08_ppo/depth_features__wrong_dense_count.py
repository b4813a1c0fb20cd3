# marks: 0.0  mistake: dense_count
def depth_features(seen, levels, weight, bias):
    channels, _, width = weight.shape
    plain, book = seen[:, :seen.shape[1] - 2 * levels], seen[:, seen.shape[1] - 2 * levels:]
    own, other = book[:, :levels], book[:, levels:]
    half = width // 2
    out = np.zeros((len(seen), channels, levels))
    for row in range(len(seen)):
        for c in range(channels):
            for l in range(levels):
                total = bias[c]
                for j in range(width):
                    k = l + j - half
                    if 0 <= k < levels:
                        total += weight[c, 0, j] * own[row, k] + weight[c, 1, j] * other[row, k]
                out[row, c, l] = max(total, 0.0)
    return np.hstack([plain, out.reshape(len(seen), -1)]), (2 * levels + 1) * channels * levels
