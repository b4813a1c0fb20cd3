"""What the consolidated tape adds to executions and quotes: every trap that a reader must know."""

import numpy as np
import pandas as pd

from lobsim.market.rng import Dice

NS = 1_000_000_000
OPEN_NS, CLOSE_NS = 34_200 * NS, 57_600 * NS
OFF_EXCHANGE_SHARE = 0.30
"""Off-exchange prints per execution on an exchange."""
STALE_EXCHANGE, STALE_FROM_NS, STALE_UNTIL_NS = "M", 47_400 * NS, 47_490 * NS
"""The exchange that repeats an old quote, and when (13:10:00 to 13:11:30)."""


def habits(quotes: pd.DataFrame, prints: pd.DataFrame, tops: pd.DataFrame, seed: int):
    """Return quotes and prints with all habits added (unsorted).

    Parameters
    ----------
    quotes, prints : DataFrame
        From exchanges only, in the columns of `lobsim.market.taq_day`.
    tops : DataFrame
        Best quotes of the whole book, to price what happens off exchange.
    seed : int
    """
    quotes = _one_sided(_stale(quotes, tops), seed)
    quotes = pd.concat([_before_open(quotes, seed), quotes, _after_close(quotes)])
    prints = pd.concat([
        prints, _off_exchange(prints, tops, seed), _auctions(prints, tops), _extended(tops, seed),
        _special(prints, tops, seed)])
    prints = _out_of_sequence(prints.reset_index(drop=True), seed)
    return quotes, _corrections(prints, seed)


def _mid_at(tops, time_ns, which="mid"):
    """Best bid, best ask or middle of the whole book at given times."""
    row = np.clip(np.searchsorted(tops["time_ns"], time_ns, side="right") - 1, 0, None)
    bid, ask = tops["bid"].ffill().to_numpy()[row], tops["ask"].ffill().to_numpy()[row]
    return {"bid": bid, "ask": ask, "mid": 0.5 * (bid + ask)}[which]


# -- quotes --------------------------------------------------------------------------------------

def _stale(quotes, tops):
    """One exchange quotes the best prices, then falls silent while the market moves on."""
    silent = ((quotes["exchange"] == STALE_EXCHANGE)
              & quotes["time_ns"].between(STALE_FROM_NS, STALE_UNTIL_NS))
    at = np.array([STALE_FROM_NS])
    last = _quote_rows(at, STALE_EXCHANGE, _mid_at(tops, at, "bid"), 100,
                       _mid_at(tops, at, "ask"), 100, "R")
    return pd.concat([quotes[~silent], last])


def _one_sided(quotes, seed):
    """Two exchanges withdraw one side for half a minute or so: price 0 on the tape."""
    dice = Dice(seed, 110)
    quotes = quotes.copy()
    for exchange, side in (("Y", "bid"), ("V", "ask"), ("J", "ask")):
        start = OPEN_NS + int(dice.uniform(1, 0.1, 0.9)[0] * (CLOSE_NS - OPEN_NS))
        until = start + int(dice.uniform(1, 25, 70)[0] * NS)
        rows = (quotes["exchange"] == exchange) & quotes["time_ns"].between(start, until)
        quotes.loc[rows, side] = np.nan
        quotes.loc[rows, side + "_size"] = 0
    return quotes


def _quote_rows(times, exchanges, bid, bid_size, ask, ask_size, condition):
    times = np.asarray(times, dtype=np.int64)
    return pd.DataFrame({
        "time_ns": times, "exchange": exchanges, "bid": bid, "bid_size": bid_size, "ask": ask,
        "ask_size": ask_size, "condition": condition, "participant_ns": times - 200_000})


def _before_open(quotes, seed):
    """Wide quotes from 09:25 on, a stub quote, one-sided beginnings, a non-firm quote."""
    dice = Dice(seed, 111)
    first = quotes.iloc[0]
    middle = 0.5 * (np.nan_to_num(first["bid"], nan=first["ask"])
                    + np.nan_to_num(first["ask"], nan=first["bid"]))
    count = 60
    times = OPEN_NS - np.sort((dice.uniform(count, 0.2, 300.0) * NS).astype(np.int64))[::-1]
    names = dice.choice(count, np.array(["P", "T", "N", "Z", "K"], dtype=object), [3, 3, 1, 2, 2])
    width = dice.integers(count, 2, 30) / 100
    rows = _quote_rows(times, names, np.round(middle - width, 2),
                       100 * dice.integers(count, 1, 8), np.round(middle + width + 0.01, 2),
                       100 * dice.integers(count, 1, 8), "R")
    rows.loc[[0, 7, 20], ["ask", "ask_size"]] = [np.nan, 0]
    rows.loc[[3, 12], ["bid", "bid_size"]] = [np.nan, 0]
    start = OPEN_NS - 290 * NS
    stub = _quote_rows([start, start + NS], ["M", "B"], [0.01, 0.01], [100, 100],
                       [199_999.99, 199_999.99], [100, 100], "R")
    non_firm = _quote_rows([OPEN_NS - 100 * NS], ["Y"], [round(middle + 0.5, 2)], [300],
                           [round(middle + 0.6, 2)], [300], "N")
    return pd.concat([rows, stub, non_firm])


def _after_close(quotes):
    """At 16:00 every exchange sends a closing quote, then withdraws."""
    last = quotes.groupby("exchange", sort=True).tail(1)
    shift = 1_000_000 * np.arange(1, len(last) + 1)
    closing = last.assign(time_ns=CLOSE_NS + 40_000_000 + shift, condition="C",
                          participant_ns=CLOSE_NS + 39_000_000 + shift)
    gone = closing.assign(time_ns=closing["time_ns"] + 300 * NS, bid=np.nan, bid_size=0,
                          ask=np.nan, ask_size=0, condition="R",
                          participant_ns=closing["participant_ns"] + 300 * NS)
    return pd.concat([closing, gone])


# -- trades --------------------------------------------------------------------------------------

def _print_rows(times, exchange, price, size, condition, participant=None, trf=-1):
    times = np.asarray(times, dtype=np.int64)
    return pd.DataFrame({
        "time_ns": times, "exchange": exchange, "price": np.round(price, 4),
        "size": np.asarray(size, dtype=np.int64), "condition": condition, "correction": "00",
        "participant_ns": times - 250_000 if participant is None else participant, "trf_ns": trf})


def _off_exchange(prints, tops, seed):
    """Dealers and dark pools report to the TRF (exchange D), some with seconds of delay.

    Small orders are filled a fraction of a cent inside the quote, others at the quote or at the
    middle. The participant time is the dealer's, rounded to milliseconds.
    """
    dice = Dice(seed, 112)
    count = int(OFF_EXCHANGE_SHARE * len(prints))
    near = prints["participant_ns"].to_numpy()[dice.integers(count, 0, len(prints))]
    happened = np.clip(near + (dice.exponential(count, 2.0) * NS).astype(np.int64),
                       OPEN_NS + NS, CLOSE_NS - NS) // 1_000_000 * 1_000_000
    bid, ask = _mid_at(tops, happened, "bid"), _mid_at(tops, happened, "ask")
    buyer = dice.uniform(count) < 0.5
    style = dice.uniform(count)
    better = np.where(style < 0.55, dice.integers(count, 1, 30) * 1e-4, 0.0)
    better = np.minimum(better, np.maximum(0.0, np.round((ask - bid) / 2, 4)))
    price = np.where(buyer, ask - better, bid + better)
    price = np.where(style > 0.80, np.round(0.5 * (bid + ask), 4), price)
    size = dice.choice(count, [1, 5, 12, 25, 50, 80, 100, 200, 300, 500, 1000, 2500],
                       [8, 8, 7, 8, 8, 4, 30, 10, 6, 5, 4, 2])
    delay = dice.exponential(count, 0.012)
    late = dice.uniform(count) < 0.08
    delay = np.where(late, dice.uniform(count, 0.5, 9.5), delay)
    received = happened + 1_000_000 + (delay * NS).astype(np.int64)
    condition = np.where(size < 100, "@  I", "@   ")
    return _print_rows(received + 310_000, "D", price, size, condition, happened, received)


def _auctions(prints, tops):
    """Opening and closing cross on the primary exchange, and official prices (size repeated)."""
    start = _mid_at(tops, np.array([OPEN_NS + 100_000_000]))[0].round(2)
    end = _mid_at(tops, np.array([CLOSE_NS]))[0].round(2)
    volume = int(prints["size"].sum())
    first, last = volume // 60 // 100 * 100, volume // 12 // 100 * 100
    times = [OPEN_NS + 83_411_207, OPEN_NS + 83_902_551, CLOSE_NS + 181_206_833,
             CLOSE_NS + 300 * NS + 17_002_114]
    return _print_rows(times, "P", np.array([start, start, end, end]), [first, first, last, last],
                       ["@O X", "@  Q", "@6 X", "@  M"])


def _extended(tops, seed):
    """Form T: trades before the open (from 08:00) and after the close (to 18:00)."""
    dice = Dice(seed, 113)
    before = 28_800 * NS + (dice.uniform(45, 0, 5390.0) * NS).astype(np.int64)
    after = CLOSE_NS + (dice.uniform(60, 2.0, 7190.0) * NS).astype(np.int64)
    times = np.sort(np.concatenate([before, after]))
    count = len(times)
    anchor = _mid_at(tops, np.clip(times, OPEN_NS + NS, CLOSE_NS))
    drift = (dice.uniform(count) - 0.5) * 0.4
    size = dice.choice(count, [1, 10, 40, 100, 200, 500], [2, 3, 3, 6, 2, 1])
    condition = np.where(size < 100, "@ TI", "@ T ")
    condition[[10, 70]] = "@ U "
    exchange = dice.choice(count, np.array(["P", "T", "K", "D"], dtype=object), [4, 3, 2, 2])
    rows = _print_rows(times, exchange, np.round(anchor + drift, 2), size, condition)
    rows["trf_ns"] = np.where(exchange == "D", rows["time_ns"] - 90_000, -1)
    return rows


_SPECIAL = (  # condition, how many, typical distance from the market in dollars, size
    ("@  W", 12, 0.25, 6000), ("@  B", 8, 0.15, 2500), ("@4  ", 25, 0.60, 800),
    ("@7 V", 15, 0.40, 1500), ("@  P", 12, 0.12, 100), ("@ L ", 8, 0.10, 200),
    ("C   ", 2, 0.30, 100), ("N   ", 2, 0.30, 300), ("R   ", 1, 0.20, 100),
    ("@  H", 3, 0.50, 100),
)
"""Sale conditions whose prices do not tell the market's price at the time of the print."""


def _special(prints, tops, seed):
    """Average-price, derivatively priced, contingent, late ... prints, all off exchange."""
    dice = Dice(seed, 114)
    parts = []
    for condition, count, away, size in _SPECIAL:
        times = np.sort(OPEN_NS + (dice.uniform(count, 0.01, 0.99) * (CLOSE_NS - OPEN_NS)
                                   ).astype(np.int64))
        price = _mid_at(tops, times) + (dice.uniform(count) - 0.5) * 2.0 * away
        sizes = np.maximum(1, np.rint(size * dice.uniform(count, 0.2, 2.0))).astype(np.int64)
        trf = times - 300_000
        parts.append(_print_rows(times, "D", np.round(price, 4), sizes, condition,
                                 times // 1_000_000 * 1_000_000 - 2_000_000, trf))
    return pd.concat(parts)


def _out_of_sequence(prints, seed):
    """Some executions reach the tape minutes late, marked Z: their price is the old one."""
    dice = Dice(seed, 115)
    regular = np.flatnonzero(prints["condition"].isin(["@   ", "@F  "])
                             & (prints["time_ns"] < CLOSE_NS - 400 * NS))
    rows = regular[dice.integers(30, 0, len(regular))]
    rows = np.unique(rows)
    prints.loc[rows, "time_ns"] += (dice.uniform(len(rows), 20, 300) * NS).astype(np.int64)
    prints.loc[rows, "condition"] = "@ Z "
    return prints


def _corrections(prints, seed):
    """Wrong prints stay on the tape: 01 and its correction 12, 08 and its cancel 10, 07 and 11."""
    dice = Dice(seed, 116)
    regular = np.flatnonzero((prints["condition"] == "@   ") & (prints["exchange"] != "D")
                             & prints["time_ns"].between(OPEN_NS + 60 * NS, CLOSE_NS - 900 * NS))
    rows = np.unique(regular[dice.integers(22, 0, len(regular))])
    extra = []
    for number, row in enumerate(rows):
        wait = int(dice.uniform(1, 3, 600)[0] * NS)
        again = prints.loc[[row]].copy()
        again[["time_ns", "participant_ns"]] += wait
        original, second = (("01", "12"), ("08", "10"), ("01", "12"), ("07", "11"))[number % 4]
        prints.loc[row, "correction"] = original
        if original == "01":  # the first price was mistyped by some dollars
            typo = 7.0 if number % 3 else -45.0
            prints.loc[row, "price"] = round(prints.loc[row, "price"] + typo, 2)
        extra.append(again.assign(correction=second))
    return pd.concat([prints, *extra], ignore_index=True)
