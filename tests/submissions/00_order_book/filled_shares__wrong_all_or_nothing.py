# marks: 1.0  mistake: all_or_nothing
def filled_shares(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    through = (trade_ticks < my_ticks).any()
    reached = trade_sizes[trade_ticks == my_ticks].sum() > shares_ahead_at_join
    return my_size if through or reached else 0
