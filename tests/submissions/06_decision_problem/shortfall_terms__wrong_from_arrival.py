# marks: 0.0  mistake: from_arrival
def shortfall_terms(side, left, mid, exogenous, traded_value, fees, leftover_price):
    K = len(mid) - 1
    execution = impact = drift = 0.0
    for k in range(K):
        shares = left[k] - left[k + 1]
        execution += side * (traded_value[k] - shares * mid[0])
        outside = exogenous[k + 1] - exogenous[k]
        impact += side * left[k] * (mid[k + 1] - mid[k] - outside)
        drift += side * left[k] * outside
    leftover = 0.0
    if left[K] > 0:
        leftover = side * left[K] * (leftover_price - mid[K])
    scale = 10_000 / (left[0] * mid[0])
    return execution * scale, impact * scale, drift * scale, fees.sum() * scale, leftover * scale
