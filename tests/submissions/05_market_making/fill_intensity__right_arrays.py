# marks: 5.0
def fill_intensity(distances, exposures_s, filled):
    where = np.unique(distances)
    fills = np.array([filled[distances == d].sum() for d in where], dtype=float)
    seconds = np.array([exposures_s[distances == d].sum() for d in where])
    keep = fills > 0
    x, y, w = where[keep], np.log(fills[keep] / seconds[keep]), fills[keep]
    mean_x, mean_y = (w * x).sum() / w.sum(), (w * y).sum() / w.sum()
    slope = (w * (x - mean_x) * (y - mean_y)).sum() / (w * (x - mean_x) ** 2).sum()
    return np.exp(mean_y - slope * mean_x), -slope
