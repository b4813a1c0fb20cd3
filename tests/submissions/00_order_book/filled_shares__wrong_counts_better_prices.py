# marks: 1.0  mistake: counts_better_prices
def filled_shares(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    if np.any(trade_ticks < my_ticks):
        return my_size
    return int(min(my_size, max(0, trade_sizes.sum() - shares_ahead_at_join)))
