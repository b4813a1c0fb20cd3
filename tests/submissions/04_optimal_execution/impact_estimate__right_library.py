# marks: 4.0
def impact_estimate(side, before, with_order, without_order):
    from lobsim.analytics.impact import mean_interval
    gap = side * 1e4 * (with_order - without_order) / before
    return mean_interval(gap[~np.isnan(gap)])
