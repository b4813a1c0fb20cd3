"""Nine right answers to three exercises, each written without sight of the others, and copies.

``INDEPENDENT`` maps a student to the sources of ``sign_trades``, ``shortfall`` and ``half_spreads``
of lesson 01. ``COPIES`` are disguised copies: new names, comments, another order of statements.
"""

SIGNATURES = {
    "sign_trades": "def sign_trades(prices, bid, ask):\n",
    "shortfall": "def shortfall(side, quantity, prices, sizes, decision_price, arrival_price, "
                 "end_price, fees):\n",
    "half_spreads": "def half_spreads(prices, signs, mid, mid_later):\n",
}
_BODIES = {
    "ada": ("""
    mids = (bid + ask) / 2
    out = np.zeros(len(prices), dtype=int)
    last = 0
    for k, (p, m) in enumerate(zip(prices, mids)):
        if k and abs(p - prices[k - 1]) > 1e-9:
            last = 1 if p > prices[k - 1] else -1
        out[k] = 1 if p - m > 1e-9 else -1 if m - p > 1e-9 else last
    return out
""", """
    filled = float(np.sum(sizes))
    vwap = np.dot(prices, sizes) / filled if filled else arrival_price
    parts = {
        "delay": side * filled * (arrival_price - decision_price),
        "trading": side * filled * (vwap - arrival_price),
        "opportunity": side * (quantity - filled) * (end_price - decision_price),
        "fees": fees,
    }
    parts["total"] = sum(parts.values())
    return parts
""", """
    s = np.where(np.asarray(signs) == 0, np.nan, signs)
    effective = 1e4 * s * (prices - mid) / mid
    realised = 1e4 * s * (prices - mid_later) / mid
    return effective, realised, effective - realised
"""),
    "bo": ("""
    frame = pd.DataFrame({"p": prices, "m": (bid + ask) / 2})
    gap = (frame["p"] - frame["m"]).round(9)
    by_quote = gap.apply(np.sign).replace(0, np.nan)
    by_tick = frame["p"].diff().round(9).apply(np.sign).replace(0, np.nan).ffill()
    return by_quote.combine_first(by_tick).fillna(0).astype(int).tolist()
""", """
    fills = pd.DataFrame({"price": prices, "size": sizes})
    fills["cost"] = (fills["price"] - arrival_price) * fills["size"] * side
    missing = quantity - fills["size"].sum()
    waiting = (arrival_price - decision_price) * fills["size"].sum() * side
    lost = missing * side * (end_price - decision_price)
    traded = fills["cost"].sum()
    return pd.Series([waiting, traded, lost, fees, waiting + traded + lost + fees],
                     index=["delay", "trading", "opportunity", "fees", "total"]).to_dict()
""", """
    table = pd.DataFrame(dict(p=prices, s=signs, now=mid, then=mid_later))
    table.loc[table["s"] == 0, "s"] = None
    table["eff"] = table.eval("s * (p - now) / now * 10000")
    table["imp"] = table.eval("s * (then - now) / now * 10000")
    table["real"] = table["eff"] - table["imp"]
    return [table[c].to_numpy(float) for c in ("eff", "real", "imp")]
"""),
    "cy": ("""
    def against(reference, price):
        difference = price - reference
        return 0 if abs(difference) < 1e-9 else int(math.copysign(1, difference))
    answers = []
    for i, price in enumerate(prices):
        sign = against((bid[i] + ask[i]) / 2, price)
        back = i
        while sign == 0 and back > 0:
            back -= 1
            sign = against(prices[back], price)
        answers.append(sign)
    return answers
""", """
    left = quantity
    trading = 0.0
    for fill in range(len(sizes)):
        left -= sizes[fill]
        trading += side * sizes[fill] * (prices[fill] - arrival_price)
    bought = quantity - left
    delay = (arrival_price - decision_price) * bought * side
    opportunity = (end_price - decision_price) * left * side
    total = fees + delay + trading + opportunity
    return dict(delay=delay, trading=trading, opportunity=opportunity, fees=fees, total=total)
""", """
    answer = np.full((3, len(prices)), np.nan)
    for i in range(len(prices)):
        if signs[i] != 0:
            answer[0, i] = signs[i] * (prices[i] / mid[i] - 1) * 10_000
            answer[2, i] = signs[i] * (mid_later[i] / mid[i] - 1) * 10_000
            answer[1, i] = answer[0, i] - answer[2, i]
    return answer
"""),
    "di": ("""
    middle = np.mean([bid, ask], axis=0)
    above, below = prices > middle + 1e-9, prices < middle - 1e-9
    changes = np.insert(np.diff(prices), 0, 0.0)
    changes[np.isclose(changes, 0, atol=1e-9)] = 0
    where = np.maximum.accumulate(np.where(changes != 0, np.arange(changes.size), 0))
    return np.select([above, below], [1, -1], np.sign(changes[where])).astype(int)
""", """
    q = np.asarray(sizes, float)
    done, signed = q.sum(), side * q
    result = {"fees": fees}
    result["trading"] = (signed * (np.asarray(prices) - arrival_price)).sum()
    result["delay"] = signed.sum() * (arrival_price - decision_price)
    result["opportunity"] = side * (end_price - decision_price) * (quantity - done)
    result["total"] = sum(result[name] for name in list(result))
    return result
""", """
    known = np.abs(signs) == 1
    direction = np.divide(signs, known, out=np.full(len(known), np.nan), where=known)
    unit = 10_000 * direction / mid
    moves = {"effective": prices - mid, "realised": prices - mid_later, "impact": mid_later - mid}
    return tuple(np.multiply(unit, move) for move in moves.values())
"""),
    "eli": ("""
    result, previous, tick = [], None, 0
    for price, best_bid, best_ask in zip(prices, bid, ask):
        if previous is not None and round(price - previous, 9) != 0:
            tick = int(np.sign(price - previous))
        side = int(np.sign(round(price - (best_bid + best_ask) / 2, 9)))
        result.append(side or tick)
        previous = price
    return np.array(result)
""", """
    def cost(shares, start, end):
        return side * shares * (end - start)
    executed = sum(sizes)
    delay = cost(executed, decision_price, arrival_price)
    trading = sum(cost(n, arrival_price, p) for n, p in zip(sizes, prices))
    opportunity = cost(quantity - executed, decision_price, end_price)
    return {"total": delay + trading + opportunity + fees, "delay": delay, "fees": fees,
            "trading": trading, "opportunity": opportunity}
""", """
    def in_bps(later, earlier):
        with np.errstate(invalid="ignore"):
            return np.where(signs == 0, np.nan, signs * (later - earlier) / mid * 1e4)
    return np.vstack([in_bps(prices, mid), in_bps(prices, mid_later), in_bps(mid_later, mid)])
"""),
    "fay": ("""
    signs = pd.Series(np.sign((prices - 0.5 * bid - 0.5 * ask).round(8)))
    history = pd.Series(prices).diff().fillna(0).round(8)
    history = np.sign(history.where(history != 0).ffill().fillna(0))
    signs[signs == 0] = history[signs == 0]
    return signs.astype("int64").values
""", """
    n = sizes.sum()
    slippage = side * ((prices * sizes).sum() - n * arrival_price)
    drift = side * n * arrival_price - side * n * decision_price
    unfilled = side * (quantity - n)
    missed = unfilled * end_price - unfilled * decision_price
    names = ("delay", "trading", "opportunity", "fees", "total")
    return dict(zip(names, (drift, slippage, missed, fees, drift + slippage + missed + fees)))
""", """
    d = signs.astype(float)
    d[d == 0] = np.nan
    out = [d * (prices - mid), d * (prices - mid_later), d * (mid_later - mid)]
    return [x * 10000 / mid for x in out]
"""),
    "gus": ("""
    n = len(prices)
    answer = [0] * n
    for t in range(n):
        middle = bid[t] + (ask[t] - bid[t]) / 2
        if not math.isclose(prices[t], middle, abs_tol=1e-9):
            answer[t] = 1 if middle < prices[t] else -1
            continue
        earlier = [q for q in prices[:t] if not math.isclose(q, prices[t], abs_tol=1e-9)]
        if earlier:
            answer[t] = 1 if earlier[-1] < prices[t] else -1
    return answer
""", """
    paper = side * quantity * (end_price - decision_price)
    real = side * sum(n * (end_price - p) for n, p in zip(sizes, prices)) - fees
    got = sum(sizes)
    a = got * (arrival_price - decision_price) * side
    b = (quantity - got) * (end_price - decision_price) * side
    return {"delay": a, "opportunity": b, "fees": fees, "total": paper - real,
            "trading": paper - real - a - b - fees}
""", """
    rows = []
    for price, sign, before, after in zip(prices, signs, mid, mid_later):
        if not sign:
            rows.append([np.nan] * 3)
            continue
        rows.append([sign * x / before * 1e4
                     for x in (price - before, price - after, after - before)])
    return np.array(rows).T
"""),
    "hal": ("""
    half = (ask - bid) / 2
    position = np.round(prices - bid - half, 10)
    quote_rule = np.sign(position)
    steps = np.round(np.ediff1d(prices, to_begin=0), 10)
    tick_rule = pd.Series(np.sign(steps)).replace(to_replace=0, value=np.nan)
    tick_rule = tick_rule.ffill().fillna(0).to_numpy()
    undecided = quote_rule == 0
    quote_rule[undecided] = tick_rule[undecided]
    return [int(x) for x in quote_rule]
""", """
    shares = np.array([*sizes, quantity - np.sum(sizes)])
    marks = np.array([*prices, end_price])
    everything = side * np.sum(shares * (marks - decision_price))
    delay = side * shares[:-1].sum() * (arrival_price - decision_price)
    opportunity = side * shares[-1] * (marks[-1] - decision_price)
    return dict(fees=fees, delay=delay, opportunity=opportunity, total=everything + fees,
                trading=everything - delay - opportunity)
""", """
    sign = np.array([np.nan if s == 0 else s for s in signs])
    quoted = np.stack([prices, prices, mid_later]) - np.stack([mid, mid_later, mid])
    return sign * quoted * 1e4 / mid
"""),
    "ivy": ("""
    quote = np.sign(2 * prices - bid - ask)
    quote[np.abs(2 * prices - bid - ask) < 2e-9] = 0
    current = 0
    for i in np.flatnonzero(np.ones_like(prices)):
        step = prices[i] - prices[i - 1] if i else 0.0
        current = np.sign(step) if np.abs(step) > 1e-9 else current
        if quote[i] == 0:
            quote[i] = current
    return quote.astype(int)
""", """
    per_fill = [(p - arrival_price, arrival_price - decision_price, s)
                for p, s in zip(prices, sizes)]
    trading = side * math.fsum(move * s for move, _, s in per_fill)
    delay = side * math.fsum(move * s for _, move, s in per_fill)
    rest = quantity - math.fsum(s for *_, s in per_fill)
    opportunity = rest * side * (end_price - decision_price)
    answer = {"trading": trading, "delay": delay, "opportunity": opportunity, "fees": fees}
    return answer | {"total": math.fsum(answer.values())}
""", """
    scale = 1e4 / mid
    buys, sells = signs > 0, signs < 0
    def signed(values):
        return np.select([buys, sells], [values, -values], default=np.nan) * scale
    return signed(prices - mid), signed(prices - mid_later), signed(mid_later - mid)
"""),
}
_COPIED_BODIES = {  # copy -> (who was copied, sources)
    "jo": ("hal", ("""
    # first the distance from the middle of the market
    h = (ask - bid) / 2
    # then what happened since the last trade
    st = np.round(np.ediff1d(prices, to_begin=0), 10)
    where_is_it = np.round(prices - bid - h, 10)
    lee = np.sign(where_is_it)
    tk = pd.Series(np.sign(st)).replace(to_replace=0, value=np.nan)
    tk = tk.ffill().fillna(0).to_numpy()
    # the midpoint trades are left
    mask = lee == 0
    lee[mask] = tk[mask]
    return [int(z) for z in lee]
""", """
    '''Everything in one go, with the rest marked at the end.'''
    m = np.array([*prices, end_price])
    sh = np.array([*sizes, quantity - np.sum(sizes)])
    d = side * sh[:-1].sum() * (arrival_price - decision_price)
    o = side * sh[-1] * (m[-1] - decision_price)
    all_of_it = side * np.sum(sh * (m - decision_price))
    return dict(fees=fees, delay=d, opportunity=o, total=all_of_it + fees,
                trading=all_of_it - d - o)
""", _BODIES["fay"][2])),  # one exercise is from elsewhere
    "kim": ("cy", (_BODIES["ada"][0], _BODIES["ada"][1], _BODIES["ada"][2])),
}
_COPIED_BODIES["kim"] = ("cy", tuple(
    body.replace("against", "compare_with").replace("reference", "level").replace("back", "j")
    .replace("answers", "r").replace("difference", "dd").replace("left", "open_shares")
    .replace("trading = 0.0", "trading = 0.0  # nothing yet").replace("bought", "done")
    .replace("answer", "res").replace("fill", "number")
    for body in _BODIES["cy"]))


def _sources(bodies: tuple[str, ...]) -> dict[str, str]:
    return {name: signature + body.strip("\n") + "\n"
            for (name, signature), body in zip(SIGNATURES.items(), bodies, strict=True)}


INDEPENDENT = {student: _sources(bodies) for student, bodies in _BODIES.items()}
COPIES = {student: (source, _sources(bodies))
          for student, (source, bodies) in _COPIED_BODIES.items()}
