# marks: 0.0  mistake: touch_is_fill
def filled_shares(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    return my_size if np.any(trade_ticks <= my_ticks) else 0
