# marks: 3.0
def shares_ahead(queue, my_id, events):
    book = OrderBook(tick_size=1.0, price_min=1, price_max=1000)
    known = {}
    for order_id, size in queue:
        known[order_id] = book.limit("buy", 500.0, size).order_id
    for name, *rest in events:
        if name == "trade":
            book.market("sell", rest[0])
        elif name == "cancel":
            book.cancel(known[rest[0]])
        else:
            known[rest[0]] = book.limit("buy", 500.0, rest[1]).order_id
    if book.order(known[my_id]) is None:
        return None
    return book.queue_position(known[my_id])[0]
