# marks: 5.0
def profit_parts(side, size, price, fee, mid, mid_later, end_mid):
    later = np.where(np.isfinite(mid_later), mid_later, end_mid)
    spread = (side * size * (mid - price)).sum()
    adverse = (side * size * (later - mid)).sum()
    inventory = (side * size * (end_mid - later)).sum()
    return spread, adverse, inventory, -fee.sum()
