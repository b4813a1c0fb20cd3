# marks: 6
def measure(quotes, trades, blotter):
    rows = list(quotes.itertuples(index=False))
    moves, at = [], 0
    for trade in trades.itertuples(index=False):
        while at < len(rows) and rows[at].time_s < trade.time_s + 10:
            at += 1
        if at == len(rows):
            break
        then = (rows[at].bid + rows[at].ask) / 2
        moves.append(trade.sign * (then - (trade.bid + trade.ask) / 2) / 0.01)
    minute = [math.log((row.bid + row.ask) / 2) for row in rows[::12]]
    changes = [1e4 * (b - a) for a, b in zip(minute[:-1], minute[1:])]
    paid = {"take": [0.0, 0.0], "make": [0.0, 0.0]}
    for order in blotter.itertuples(index=False):
        paid[order.kind][0] += order.fee
        paid[order.kind][1] += order.filled
    waits = sorted(order.booked_s - order.sent_s for order in blotter.itertuples(index=False))
    n = len(waits)
    return {
        "spread_ticks": sum(row.ask - row.bid for row in rows) / len(rows) / 0.01,
        "depth_shares": sum(row.bid_shares + row.ask_shares for row in rows) / 2 / len(rows),
        "volume_per_min": float(sum(trades["shares"])) / (len(rows) / 12),
        "volatility_bps": float(np.std(changes, ddof=1)),
        "mark_out_ticks": sum(moves) / len(moves),
        "delay_s": (waits[(n - 1) // 2] + waits[n // 2]) / 2,
        "take_fee": 100 * paid["take"][0] / paid["take"][1],
        "make_fee": 100 * paid["make"][0] / paid["make"][1],
    }
