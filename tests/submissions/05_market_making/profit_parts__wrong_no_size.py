# marks: 0.0  mistake: no_size
def profit_parts(side, size, price, fee, mid, mid_later, end_mid):
    later = np.where(np.isfinite(mid_later), mid_later, end_mid)
    spread = (side * (mid - price)).sum()
    adverse = (side * (later - mid)).sum()
    inventory = (side * (end_mid - later)).sum()
    return spread, adverse, inventory, -fee.sum()
