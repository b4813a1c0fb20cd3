# marks: 3.0
def glft_quotes(inventory, gamma, sigma, intensity, k):
    c = np.log(1 + gamma / k) / gamma
    d = np.sqrt(sigma**2 * gamma / (2 * k * intensity) * (1 + gamma / k) ** (1 + k / gamma))
    return c + (2 * inventory + 1) / 2 * d, c - (2 * inventory - 1) / 2 * d
