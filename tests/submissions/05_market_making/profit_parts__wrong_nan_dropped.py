# marks: 4.0  mistake: nan_is_zero
def profit_parts(side, size, price, fee, mid, mid_later, end_mid):
    later = mid_later
    spread = (side * size * (mid - price)).sum()
    adverse = np.nansum(side * size * (later - mid))
    inventory = np.nansum(side * size * (end_mid - later))
    return spread, adverse, inventory, -fee.sum()
