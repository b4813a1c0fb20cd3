# marks: 5.0
def shortfall_terms(side, left, mid, exogenous, traded_value, fees, leftover_price):
    held = left[:-1]
    drift = side * np.dot(held, np.diff(exogenous))
    impact = side * np.dot(held, np.diff(mid)) - drift
    end = left[-1] * (np.nan_to_num(leftover_price) - mid[-1]) * side if left[-1] else 0.0
    whole = side * (traded_value.sum() + left[-1] * np.nan_to_num(leftover_price)
                    - left[0] * mid[0])
    execution = whole - impact - drift - end
    return tuple(1e4 * x / left[0] / mid[0] for x in (execution, impact, drift, fees.sum(), end))
