# marks: 0.0  mistake: whole_orders
def shares_ahead(queue, my_id, events):
    line = list(queue)
    for event in events:
        if event[0] == "cancel":
            line = [o for o in line if o[0] != event[1]]
        elif event[0] == "join":
            line.append((event[1], event[2]))
        else:
            left = event[1]
            while left > 0 and line:
                left -= line.pop(0)[1]
    ids = [o[0] for o in line]
    return sum(o[1] for o in line[: ids.index(my_id)]) if my_id in ids else None
