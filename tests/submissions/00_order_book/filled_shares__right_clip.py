# marks: 3.0
def filled_shares(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    if len(trade_ticks) and np.min(trade_ticks) < my_ticks:
        return my_size
    volume = np.sum(np.where(trade_ticks == my_ticks, trade_sizes, 0))
    return np.clip(volume - shares_ahead_at_join, 0, my_size)
