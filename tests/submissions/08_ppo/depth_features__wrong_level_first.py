# marks: 1.0  mistake: level_first
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
    flat = out.transpose(0, 2, 1).reshape(len(seen), -1)
    return np.hstack([plain, flat]), weight.size + bias.size
