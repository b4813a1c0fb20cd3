# marks: 3.0
def filled_shares(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    ahead, mine = shares_ahead_at_join, 0
    for price, size in zip(trade_ticks, trade_sizes):
        if price < my_ticks:
            return my_size
        if price > my_ticks:
            continue
        to_queue = min(size, ahead)
        ahead -= to_queue
        mine = min(my_size, mine + size - to_queue)
    return mine
