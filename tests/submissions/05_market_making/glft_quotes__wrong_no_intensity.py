# marks: 0.0  mistake: no_intensity
def glft_quotes(inventory, gamma, sigma, intensity, k):
    if gamma == 0:
        return 1 / k, 1 / k
    c = np.log(1 + gamma / k) / gamma
    d = np.sqrt(sigma**2 * gamma / (2 * k) * (1 + gamma / k) ** (1 + k / gamma))
    return c + (2 * inventory + 1) / 2 * d, c - (2 * inventory - 1) / 2 * d
