# marks: 0.0  mistake: no_queue
def filled_shares(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    if np.any(trade_ticks < my_ticks):
        return my_size
    return min(my_size, trade_sizes[trade_ticks == my_ticks].sum())
