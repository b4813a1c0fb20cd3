"""Exercises 1 to 4 of lesson 01: the tape (NBBO, prints, signs, half-spreads)."""

import numpy as np
import pandas as pd

from lobsim import analytics
from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(
    rtol=1e-9, atol=1e-9, why="plain arithmetic on prices: only the order of summing may differ"
)
WHOLE = Tolerance(rtol=0.0, atol=0.0, why="signs, shares and yes/no answers are exact")
DAY_NS = 10 * 3600 * 10**9

# --------------------------------------------------------------------------- 1 nbbo


def quote_table(rows):
    """Table of quotes from (milliseconds after ten, exchange, bid, ask); None is no quote."""
    nan = float("nan")
    return pd.DataFrame(
        {
            "time_ns": np.array([DAY_NS + ms * 1_000_000 for ms, *_ in rows], dtype=np.int64),
            "exchange": [row[1] for row in rows],
            "bid": [nan if row[2] is None else float(row[2]) for row in rows],
            "ask": [nan if row[3] is None else float(row[3]) for row in rows],
        }
    )


FIVE_QUOTES = quote_table(
    [
        (0, "P", 100.00, 100.02),
        (100, "Q", 100.01, 100.03),
        (250, "Z", 99.99, 100.02),
        (400, "Q", 99.98, 100.03),
        (700, "P", None, 100.04),
    ]
)
ONE_SIDED = quote_table(
    [
        (0, "N", None, 50.10),
        (5, "N", 50.05, 50.10),
        (9, "K", 50.06, None),
        (12, "K", None, None),
        (20, "N", None, None),
        (31, "K", 50.01, 50.09),
    ]
)
SAME_TIME = quote_table(
    [(0, "N", 20.00, 20.03), (7, "K", 20.01, 20.02), (7, "K", 20.00, 20.02), (7, "N", 19.99, 20.01)]
)
ONE_EXCHANGE = quote_table([(0, "V", 10.00, 10.04), (3, "V", 9.98, 10.01), (4, "V", 9.99, 10.05)])


def reference_nbbo(quotes):
    """The library's NBBO, one state per row of quotes."""
    sized = quotes.assign(bid_size=100, ask_size=100)
    best = analytics.nbbo(sized, crossed="keep", same_time="all", changes_only=False)
    return best["bid"].to_numpy(), best["ask"].to_numpy()


def _running_best(quotes):
    return quotes.bid.cummax().to_numpy(), quotes.ask.cummin().to_numpy()


def _row_only(quotes):
    return quotes.bid.to_numpy(), quotes.ask.to_numpy()


def _by_exchange(quotes, column, fill):
    wide = quotes.pivot_table(
        index=np.arange(len(quotes)), columns="exchange", values=column, dropna=False
    )
    if fill:
        return wide.ffill()
    held = quotes.exchange.to_numpy()[:, None] == wide.columns.to_numpy()[None, :]
    row = np.where(held, np.arange(len(quotes))[:, None], -1)
    row = np.maximum.accumulate(row, axis=0)
    return pd.DataFrame(np.where(row >= 0, quotes[column].to_numpy()[row], np.nan))


def _withdrawn_kept(quotes):
    bid, ask = _by_exchange(quotes, "bid", True), _by_exchange(quotes, "ask", True)
    return bid.max(axis=1).to_numpy(), ask.min(axis=1).to_numpy()


def _worst_quotes(quotes):
    bid, ask = _by_exchange(quotes, "bid", False), _by_exchange(quotes, "ask", False)
    return bid.min(axis=1).to_numpy(), ask.max(axis=1).to_numpy()


def _nan_wins(quotes):
    last, bid, ask = {}, [], []
    for row in quotes.itertuples():
        last[row.exchange] = (row.bid, row.ask)
        bid.append(np.max([b for b, _ in last.values()]))
        ask.append(np.min([a for _, a in last.values()]))
    return np.array(bid), np.array(ask)


def _ask_bid(quotes):
    bid, ask = reference_nbbo(quotes)
    return ask, bid


def random_quotes(rng):
    """Two streams of 80 quotes that never cross: bids up to 100.00, asks from 100.01."""
    cases = []
    for _ in range(2):
        rows, ms = [], 0
        for _ in range(80):
            ms += int(rng.integers(0, 400))
            bid = None if rng.random() < 0.2 else round(100.00 - 0.01 * int(rng.integers(0, 5)), 2)
            ask = None if rng.random() < 0.2 else round(100.01 + 0.01 * int(rng.integers(0, 5)), 2)
            rows.append((ms, str(rng.choice(list("NPQZ"))), bid, ask))
        cases.append(Case({"quotes": quote_table(rows)}, note="eighty quotes of four exchanges"))
    return cases


NBBO = Check(
    name="nbbo",
    title="The best bid and ask from the quotes of all exchanges",
    kind="function",
    reference=reference_nbbo,
    tolerance=EXACT,
    reread='"A market with many books": the five quotes worked by hand',
    parts=[
        Part("five quotes by hand", 1.0, [Case({"quotes": FIVE_QUOTES}, "the table above")], True,
             category="worked example"),
        Part("one-sided quotes", 1.0,
             [Case({"quotes": ONE_SIDED}, "bids and asks that come and go")], True,
             category="withdrawn quotes"),
        Part("streams of your own", 2.0, random_quotes, False, category="other numbers",
             partial=True),
        Part("equal times, one exchange", 1.0,
             [Case({"quotes": SAME_TIME}), Case({"quotes": ONE_EXCHANGE})], False,
             category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("never_forgets", _running_best,
                "you keep the best price ever seen; when the exchange that set it moves away, "
                "that price is gone and the next best exchange counts"),
        Mistake("row_only", _row_only,
                "you return each row's own quote; the row is one exchange, and the last quotes of "
                "the other exchanges are still in force"),
        Mistake("withdrawn_kept", _withdrawn_kept,
                "a quote of NaN means that the exchange has no quote on that side any more; you "
                "keep using its old price"),
        Mistake("nan_wins", _nan_wins,
                "one exchange without a quote makes your best price NaN; leave the missing "
                "quotes out before you take the highest or lowest"),
        Mistake("worst_quotes", _worst_quotes,
                "you take the lowest bid and the highest ask; the best bid is the highest, the "
                "best ask the lowest"),
        Mistake("ask_before_bid", _ask_bid, "you return (ask, bid); the order asked is (bid, ask)"),
    ],
)

# --------------------------------------------------------------------------- 2 countable

EXCLUDED = {entry.code for entry in analytics.SALE_CONDITIONS if not entry.kept}


def trade_table(rows):
    """Table of prints from (condition, correction, price, size)."""
    return pd.DataFrame(
        {
            "condition": [row[0] for row in rows],
            "correction": [row[1] for row in rows],
            "price": [float(row[2]) for row in rows],
            "size": np.array([row[3] for row in rows], dtype=np.int64),
        }
    )


SEVEN_PRINTS = trade_table(
    [
        ("@   ", "00", 100.01, 100),
        ("@F  ", "00", 100.00, 300),
        ("@  I", "00", 100.02, 7),
        ("@ T ", "00", 99.60, 100),
        ("@4  ", "00", 98.75, 5000),
        ("@   ", "08", 101.00, 200),
        ("   M", "00", 100.02, 0),
    ]
)
OTHER_PRINTS = trade_table(
    [
        ("    ", "00", 35.10, 300),
        (" F  ", "01", 35.11, 300),
        ("@  W", "00", 35.05, 20000),
        ("@ Z ", "00", 35.30, 100),
        ("@  E", "00", 35.12, 100),
        ("   I", "00", 35.12, 1),
    ]
)
SQUEEZED = trade_table(
    [("", "00", 5.0, 10), ("FTI", "00", 5.0, 10), ("F I", "00", 5.0, 10), ("TI", "00", 5.0, 10),
     ("I", "00", 5.0, 1), ("O", "00", 5.0, 900), ("F", "12", 5.0, 10)]
)
WORTHLESS = trade_table([("@   ", "00", 0.0, 100), ("@   ", "00", 9.0, 0), ("@   ", "00", 9.0, 1)])


def _has(trades, letters):
    return np.array([any(c in letters for c in text) for text in trades.condition], dtype=bool)


def _clean(trades):
    ok = (trades.correction == "00") & (trades.price > 0) & (trades["size"] > 0)
    return ok.to_numpy(dtype=bool)


def reference_countable(trades):
    """True for the rows that the library's filter keeps."""
    rows = np.arange(len(trades))
    kept = analytics.regular_trades(trades.assign(time_ns=rows, row=rows))
    return np.isin(rows, kept["row"].to_numpy())


def _no_correction(trades):
    sane = ((trades.price > 0) & (trades["size"] > 0)).to_numpy(dtype=bool)
    return sane & ~_has(trades, EXCLUDED)


def _first_letter(trades):
    first = np.array([text[:1] in EXCLUDED and text[:1] != "" for text in trades.condition])
    return _clean(trades) & ~first.astype(bool)


def random_prints(rng):
    """A hundred prints with conditions drawn category by category, some corrected."""
    one, two, three, four = ["@", " ", "C", "N"], [" ", "F", "4", "6", "O"], [" ", "T", "Z"], \
        [" ", "I", "E", "W", "M"]
    odds = [0.7, 0.2, 0.05, 0.05], [0.5, 0.35, 0.05, 0.05, 0.05], [0.9, 0.05, 0.05], \
        [0.45, 0.35, 0.1, 0.05, 0.05]
    rows = []
    for _ in range(100):
        text = "".join(
            str(rng.choice(letters, p=p))
            for letters, p in zip((one, two, three, four), odds, strict=True)
        )
        fix = str(rng.choice(["00", "01", "08"], p=[0.85, 0.1, 0.05]))
        rows.append((text, fix, round(float(rng.normal(100, 0.1)), 2), int(rng.integers(1, 400))))
    return [Case({"trades": trade_table(rows)})]


COUNTABLE = Check(
    name="countable",
    title="Which prints are trades at the market price",
    kind="function",
    reference=reference_countable,
    tolerance=WHOLE,
    reread='"Which prints count": the table of condition letters',
    parts=[
        Part("seven prints by hand", 1.0, [Case({"trades": SEVEN_PRINTS}, "the table above")], True,
             category="worked example"),
        Part("every category", 1.0, [Case({"trades": OTHER_PRINTS}, "six more prints")], True,
             category="other numbers"),
        Part("a hundred prints of your own", 1.0, random_prints, False, category="other numbers"),
        Part("squeezed codes, empty prints", 1.0,
             [Case({"trades": SQUEEZED}), Case({"trades": WORTHLESS})], False,
             category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("forgot_corrections", _no_correction,
                "you keep prints that were corrected or cancelled later; only correction '00' "
                "stands as printed"),
        Mistake("regular_sign_only",
                lambda trades: _clean(trades) & np.array(
                    [text.strip() == "@" for text in trades.condition], dtype=bool),
                "you keep only the code '@'; sweeps (F), odd lots (I) and blank codes are trades "
                "at the market price too"),
        Mistake("first_letter_only", _first_letter,
                "you look at the first character only; each of the four characters is a category "
                "of its own, and one excluded letter anywhere is enough"),
        Mistake("dropped_odd_lots",
                lambda trades: reference_countable(trades) & ~_has(trades, "I"),
                "you drop odd lots (I); they are real trades at the market price, and often the "
                "larger half of the tape"),
        Mistake("inverted", lambda trades: ~reference_countable(trades),
                "your mask is upside down: True must mean that the print counts"),
        Mistake("conditions_only", lambda trades: ~_has(trades, EXCLUDED),
                "you read the condition only; corrected prints, and prints without a price or a "
                "size, must go as well"),
    ],
)

# --------------------------------------------------------------------------- 3 sign_trades


def reference_sign_trades(prices, bid, ask):
    """Lee and Ready: quote rule, tick rule at the midpoint, 0 where neither can tell."""
    tape = pd.DataFrame({"time_ns": np.arange(len(prices)), "price": prices})
    return analytics.lee_ready(tape.assign(bid=bid, ask=ask)).astype(np.int64)


def _tick_rule(prices, bid, ask):
    signs, last = [], 0
    for i in range(len(prices)):
        change = prices[i] - prices[i - 1] if i else 0.0
        last = last if abs(change) < 1e-9 else int(np.sign(change))
        signs.append(last)
    return np.array(signs)


def _quote_rule(prices, bid, ask):
    distance = np.asarray(prices) - (np.asarray(bid) + np.asarray(ask)) / 2
    return np.where(np.abs(distance) < 1e-9, 0, np.sign(distance)).astype(int)


def _one_step_tick(prices, bid, ask):
    change = np.diff(prices, prepend=prices[0])
    change = np.where(np.abs(change) < 1e-9, 0, np.sign(change)).astype(int)
    quote = _quote_rule(prices, bid, ask)
    return np.where(quote == 0, change, quote)


def _at_the_quotes(prices, bid, ask):
    prices = np.asarray(prices)
    up, down = prices >= np.asarray(ask) - 1e-9, prices <= np.asarray(bid) + 1e-9
    return np.where(up, 1, np.where(down, -1, 0))


SIX_SIGNS = {
    "prices": np.array([100.02, 100.01, 100.01, 100.00, 100.01, 100.015]),
    "bid": np.array([100.00, 100.00, 100.00, 100.00, 100.00, 100.00]),
    "ask": np.array([100.02, 100.02, 100.02, 100.02, 100.02, 100.02]),
}
WIDE_SIGNS = {
    "prices": np.array([50.05, 50.03, 50.07, 50.05, 50.05, 50.11]),
    "bid": np.array([50.00, 50.00, 50.00, 50.00, 50.02, 50.10]),
    "ask": np.array([50.10, 50.10, 50.10, 50.10, 50.08, 50.14]),
}


def random_signs(rng):
    """Two hundred trades on a 2- or 4-tick spread; about a third print at the midpoint."""
    cases = []
    for spread in (2, 4):
        bid = 10_000 + np.cumsum(rng.integers(-1, 2, 200))
        price = bid + rng.choice([0, spread // 2, spread], 200)
        cases.append(Case({"prices": price / 100, "bid": bid / 100, "ask": (bid + spread) / 100}))
    return cases


SIGN_TRADES = Check(
    name="sign_trades",
    title="Who started the trade: Lee and Ready",
    kind="function",
    reference=reference_sign_trades,
    tolerance=WHOLE,
    reread='"Buyer or seller": the two rules and the six prints',
    parts=[
        Part("six prints by hand", 1.0, [Case(SIX_SIGNS, "the table above")], True,
             category="worked example"),
        Part("a wider spread", 1.0, [Case(WIDE_SIGNS, "inside the spread and at the mid")], True,
             category="other numbers"),
        Part("two hundred trades of your own", 2.0, random_signs, False, category="other numbers",
             partial=True),
        Part("first prints at the mid, one print, a moving mid", 1.0,
             [Case({"prices": np.array([7.01, 7.01, 7.015]), "bid": np.full(3, 7.0),
                    "ask": np.full(3, 7.02)}),
              Case({"prices": np.array([7.02]), "bid": np.array([7.0]), "ask": np.array([7.02])}),
              Case({"prices": np.array([7.02, 7.01, 7.01, 7.01]), "bid": np.full(4, 7.0),
                    "ask": np.full(4, 7.02)}),
              Case({"prices": np.full(3, 7.01), "bid": np.array([7.0, 7.01, 6.99]),
                    "ask": np.array([7.01, 7.02, 7.03])})],
             False, category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("tick_rule_everywhere", _tick_rule,
                "you use the tick rule for every print; the quote rule comes first, the tick rule "
                "only decides prints exactly at the midpoint"),
        Mistake("midpoint_left_open", _quote_rule,
                "you leave prints at the midpoint at 0; there the tick rule decides, and only "
                "a print with no different earlier price stays 0"),
        Mistake("one_step_back_only", _one_step_tick,
                "at the midpoint you compare with the previous print only; when that price is the "
                "same, go further back to the last different price"),
        Mistake("only_at_the_quotes", _at_the_quotes,
                "you sign only prints at the bid or the ask; a print inside the spread belongs to "
                "the side of the midpoint that it is on"),
        Mistake("sign_flipped", lambda prices, bid, ask: -reference_sign_trades(prices, bid, ask),
                "your signs are reversed: a print above the midpoint was started by a buyer, +1"),
    ],
)

# --------------------------------------------------------------------------- 4 half_spreads


def reference_half_spreads(prices, signs, mid, mid_later):
    """Effective half-spread, realised half-spread and price impact in bps of the mid."""
    unit = {"unit": "bps", "half": True}
    return (
        analytics.effective_spread(prices, mid, signs, **unit),
        analytics.realised_spread(prices, mid, mid_later, signs, **unit),
        analytics.price_impact(mid, mid_later, signs, **unit),
    )


def _scaled(factor):
    return lambda prices, signs, mid, mid_later: tuple(
        factor(part, np.asarray(mid), np.asarray(mid_later))
        for part in reference_half_spreads(prices, signs, mid, mid_later)
    )


THREE_TRADES = {
    "prices": np.array([100.01, 99.99, 100.02]),
    "signs": np.array([1, -1, 1]),
    "mid": np.array([100.00, 100.00, 100.00]),
    "mid_later": np.array([100.02, 100.00, 99.99]),
}
UNKNOWN_SIGN = {
    "prices": np.array([50.01, 50.00]),
    "signs": np.array([1, 0]),
    "mid": np.array([50.00, 50.00]),
    "mid_later": np.array([50.01, 50.00]),
}


def random_trades(rng):
    """Fifty signed trades around a moving mid, later mids included."""
    mid = 40 + np.cumsum(rng.normal(0, 0.01, 50))
    signs = rng.choice([-1, 1], 50)
    return [Case({"prices": mid + signs * rng.choice([0.005, 0.01, 0.02], 50), "signs": signs,
                  "mid": mid, "mid_later": mid + signs * rng.normal(0.004, 0.01, 50)})]


HALF_SPREADS = Check(
    name="half_spreads",
    title="Effective and realised half-spread",
    kind="function",
    reference=reference_half_spreads,
    tolerance=EXACT,
    reread='"What a trade costs": equations 3 to 5',
    parts=[
        Part("three trades by hand", 1.0,
             [Case(THREE_TRADES, "the table above"), Case(UNKNOWN_SIGN, "one unknown sign")], True,
             category="worked example"),
        Part("fifty trades of your own", 2.0, random_trades, False, category="other numbers"),
        Part("no sign, no later mid", 1.0,
             [Case({"prices": np.array([20.01, 20.01, 20.0]), "signs": np.array([1, 0, -1]),
                    "mid": np.array([20.0, 20.0, 20.01]),
                    "mid_later": np.array([np.nan, 20.01, 20.0])})],
             False, category="edge cases"),
    ],
    mistakes=[
        Mistake("full_spread", _scaled(lambda part, mid, later: 2 * part),
                "you doubled: these are full spreads; the half-spread is the distance to the mid"),
        Mistake("dollars", _scaled(lambda part, mid, later: part * mid / 1e4),
                "these are dollars; divide by the mid and multiply by 10,000 for basis points"),
        Mistake("per_cent", _scaled(lambda part, mid, later: part / 100),
                "these are per cent; one basis point is a hundredth of a per cent"),
        Mistake("later_mid_as_unit", _scaled(lambda part, mid, later: part * mid / later),
                "you divide by the later mid; all three are in bps of the mid at the trade"),
        Mistake("zero_for_unknown",
                lambda prices, signs, mid, mid_later: tuple(
                    np.where(np.asarray(signs) == 0, 0.0, part)
                    for part in reference_half_spreads(prices, signs, mid, mid_later)),
                "a trade of unknown sign has an unknown cost, NaN; a 0 would pull every average "
                "towards zero"),
        Mistake("no_sign",
                lambda prices, signs, mid, mid_later: reference_half_spreads(
                    prices, np.ones(len(prices)), mid, mid_later),
                "you left out the sign of the trade, so every sell that costs looks like a gain"),
        Mistake("parts_swapped",
                lambda prices, signs, mid, mid_later: tuple(
                    reference_half_spreads(prices, signs, mid, mid_later)[i] for i in (0, 2, 1)),
                "realised half-spread and impact are swapped; the order is effective, realised, "
                "impact"),
    ],
)

CHECKS = [NBBO, COUNTABLE, SIGN_TRADES, HALF_SPREADS]
