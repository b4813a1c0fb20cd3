# marks: 0.5  mistake: safest
def choose(aversions, expected, std, limit, z):
    within = np.where(std <= limit, expected, np.inf)
    first = aversions[np.argmin(std)] if (std <= limit).any() else math.nan
    return first, aversions[np.argmin(expected + z * std)]
