# marks: 6.0
import bisect


def match(orders):
    resting = {"buy": [], "sell": []}      # sorted: best first, then oldest: [key, number, id, size]
    fills = []
    for number, order in enumerate(orders):
        if order["kind"] == "cancel":
            for side in resting:
                resting[side] = [o for o in resting[side] if o[2] != order["id"]]
            continue
        side = order["side"]
        opposite = resting["sell" if side == "buy" else "buy"]
        left = order["size"]
        while left > 0 and opposite:
            best = opposite[0]
            price = abs(best[0])
            if order["kind"] == "limit":
                if side == "buy" and price > order["price"]:
                    break
                if side == "sell" and price < order["price"]:
                    break
            traded = min(left, best[3])
            fills.append([order["id"], best[2], price, traded])
            left -= traded
            best[3] -= traded
            if best[3] == 0:
                del opposite[0]
        if left > 0 and order["kind"] == "limit":
            key = order["price"] if side == "sell" else -order["price"]
            bisect.insort(resting[side], [key, number, order["id"], left])
    return fills
