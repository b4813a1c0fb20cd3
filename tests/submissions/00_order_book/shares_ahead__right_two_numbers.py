# marks: 3.0
def shares_ahead(queue, my_id, events):
    ids = [order_id for order_id, _ in queue]
    sizes = {order_id: size for order_id, size in queue}
    for event in events:
        kind = event[0]
        if kind == "cancel":
            sizes.pop(event[1], None)
        elif kind == "join":
            ids.append(event[1])
            sizes[event[1]] = event[2]
        elif kind == "trade":
            left = event[1]
            for order_id in ids:
                if order_id in sizes and left > 0:
                    take = min(left, sizes[order_id])
                    left -= take
                    sizes[order_id] -= take
                    if sizes[order_id] == 0:
                        del sizes[order_id]
    if my_id not in sizes:
        return None
    return sum(sizes.get(order_id, 0) for order_id in ids[: ids.index(my_id)])
