# marks: 0.0  mistake: swapped
def choose(aversions, expected, std, limit, z):
    within = np.where(std <= limit, expected, np.inf)
    first = aversions[np.argmin(within)] if (std <= limit).any() else math.nan
    return aversions[np.argmin(expected + z * std)], first
