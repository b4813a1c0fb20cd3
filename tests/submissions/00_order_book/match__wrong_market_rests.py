# marks: 2.5  mistake: market_rests
def match(orders):
    bids, asks, fills = {}, {}, []
    for order in orders:
        if order["kind"] == "cancel":
            for levels in (bids, asks):
                for price in list(levels):
                    levels[price] = [o for o in levels[price] if o[0] != order["id"]]
                    if not levels[price]:
                        del levels[price]
            continue
        buys = order["side"] == "buy"
        own, other = (bids, asks) if buys else (asks, bids)
        left = order["size"]
        while left and other:
            price = min(other) if buys else max(other)
            if order["kind"] == "limit" and (price > order["price"] if buys else price < order["price"]):
                break
            first = other[price][0]
            traded = min(left, first[1])
            fills.append((order["id"], first[0], price, traded))
            left -= traded
            first[1] -= traded
            if first[1] == 0:
                other[price].pop(0)
            if not other[price]:
                del other[price]
        if left and (order["kind"] == "limit" or fills):
            own.setdefault(order.get("price", fills[-1][2] if fills else 0), []).append([order["id"], left])
    return fills
