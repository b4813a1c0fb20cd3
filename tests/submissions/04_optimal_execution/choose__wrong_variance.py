# marks: 0.0  mistake: of_variance
def choose(aversions, expected, std, limit, z):
    within = np.where(std <= limit, expected, np.inf)
    first = aversions[np.argmin(within)] if (std <= limit).any() else math.nan
    return first, aversions[np.argmin(expected + z * std**2)]
