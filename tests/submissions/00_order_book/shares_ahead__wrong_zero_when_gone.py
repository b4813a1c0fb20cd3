# marks: 2.0  mistake: zero_when_gone
def shares_ahead(queue, my_id, events):
    line = [[i, s] for i, s in queue]
    for event in events:
        if event[0] == "cancel":
            line = [o for o in line if o[0] != event[1]]
        elif event[0] == "join":
            line.append([event[1], event[2]])
        else:
            left = event[1]
            while left and line:
                take = min(left, line[0][1])
                line[0][1] -= take
                left -= take
                if not line[0][1]:
                    del line[0]
    ids = [o[0] for o in line]
    return sum(o[1] for o in line[: ids.index(my_id)]) if my_id in ids else 0
