# marks: 0.0  mistake: counts_cancels_behind
def shares_ahead(queue, my_id, events):
    sizes = dict(queue)
    sizes.update({e[1]: e[2] for e in events if e[0] == "join"})
    ahead = 0
    for order_id, size in queue:
        if order_id == my_id:
            break
        ahead += size
    for event in events:
        if event[0] == "cancel":
            ahead -= sizes[event[1]]
        if event[0] == "trade":
            ahead -= event[1]
    return max(0, ahead)
