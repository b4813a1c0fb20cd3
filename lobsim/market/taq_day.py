"""A trading day as the consolidated tape would show it: `synthesise_taq_day`.

The book of one simulated market is split over exchanges; then the tape's habits are added that
make reading real TAQ files hard: late off-exchange prints, odd lots, intermarket sweeps, auctions,
prints out of sequence, corrections and cancellations, average-price and derivatively priced
trades, one-sided and stub quotes, an exchange whose quote goes stale, and the locked or crossed
moments that come from the exchanges' different delays.
"""

import numpy as np
import pandas as pd

from lobsim.market.market import Market
from lobsim.market.profile import Profile
from lobsim.market.sketches import SHARE_SKETCH
from lobsim.market.rng import Dice
from lobsim.market.tape_habits import habits
from lobsim.market.venues import EXCHANGES, LATENCY_NS, exchange_of_orders, exchange_quotes

NS = 1_000_000_000
OPEN_NS, CLOSE_NS = 34_200 * NS, 57_600 * NS

LOBS = SHARE_SKETCH.with_changes(
    name="LOBS", symbol="LOBS",
    description="Fictional fund at 450 dollars, thinned to some 8,000 trades on exchanges a day",
    start_price=450.0, volatility_bps=1.4, daily_volume=1.1e6,
    limit_rate_per_s=0.3, limit_levels=20, limit_decay=0.8, cancel_rate_per_s=0.03,
    market_rate_per_s=0.36,
    stale_rate_per_s=10.0, refill_rate_per_s=2.0, maker_slack_ticks=0.3, depth_per_tick=400.0,
)
"""Profile of the bundled TAQ day: SPY's shape at a different price, with a thin book."""


def synthesise_taq_day(profile: Profile | str = LOBS, seed: int = 1):
    """Simulate a day and return it as consolidated quotes and trades.

    Parameters
    ----------
    profile : Profile or str
        An equity profile (a day from 09:30 to 16:00). Quote rows grow with its order rates.
    seed : int

    Returns
    -------
    quotes : DataFrame
        Best quote per exchange: ``time_ns, exchange, symbol, bid, bid_size, ask, ask_size,
        condition, sequence, participant_ns``; NaN price and size 0 for a missing side.
    trades : DataFrame
        ``time_ns, exchange, symbol, price, size, condition, correction, sequence, trade_id,
        participant_ns, trf_ns``; `trf_ns` is -1 for prints of an exchange.

    Notes
    -----
    `time_ns` is when the tape published a record, `participant_ns` when the exchange (or the
    off-exchange dealer) says that it happened; both in ns after midnight, New York.
    """
    market = Market(profile, seed, OPEN_NS / NS, CLOSE_NS / NS, record=True)
    market.advance(CLOSE_NS / NS)
    recording, profile = market.record(), market.profile
    home = exchange_of_orders(seed, int(recording.messages["order_id"].max()))
    quotes = _quotes(recording, home, profile, seed)
    prints = _prints(recording, home, profile, seed)
    return _finish(quotes, prints, recording, profile, seed)


def _published(participant_ns, exchanges, dice: Dice) -> np.ndarray:
    """Time on the tape: the exchange's delay plus jitter; order within an exchange is kept."""
    delay = np.array([LATENCY_NS[name] for name in exchanges], dtype=np.int64)
    jitter = (dice.exponential(len(delay), 0.15) * delay).astype(np.int64)
    published = participant_ns + delay + jitter
    for name in EXCHANGES:
        rows = np.flatnonzero(exchanges == name)
        published[rows] = np.maximum.accumulate(published[rows])
    return published


def _quotes(recording, home, profile, seed) -> pd.DataFrame:
    raw = exchange_quotes(recording, home)
    names = np.array(EXCHANGES, dtype=object)[raw["exchange"]]
    participant = raw["time_ns"].to_numpy() + Dice(seed, 103).integers(len(raw), 0, 900)
    bid, ask = raw["bid_ticks"].to_numpy(), raw["ask_ticks"].to_numpy()
    opening = ~pd.Series(names).duplicated().to_numpy()
    return pd.DataFrame({
        "time_ns": _published(participant, names, Dice(seed, 104)),
        "exchange": names,
        "bid": np.where(bid >= 0, np.round(bid * profile.tick_size, 2), np.nan),
        "bid_size": raw["bid_size"],
        "ask": np.where(ask >= 0, np.round(ask * profile.tick_size, 2), np.nan),
        "ask_size": raw["ask_size"],
        "condition": np.where(opening, "O", "R"),
        "participant_ns": participant,
    })


def _prints(recording, home, profile, seed) -> pd.DataFrame:
    """Executions on exchanges; a taker that hits several at once is an intermarket sweep."""
    fills = recording.fills
    venue = home[fills["maker_id"]]
    order = pd.Series(fills["message_index"])
    sweep = pd.Series(venue).groupby(order).transform("nunique").to_numpy() > 1
    names = np.array(EXCHANGES, dtype=object)[venue]
    participant = fills["time_ns"] + Dice(seed, 105).integers(len(fills), 0, 900)
    odd = fills["size"] < 100
    return pd.DataFrame({
        "time_ns": _published(participant, names, Dice(seed, 106)),
        "exchange": names,
        "price": np.round(fills["price_ticks"] * profile.tick_size, 2),
        "size": fills["size"].astype(np.int64),
        "condition": ["@" + ("F" if s else " ") + " " + ("I" if o else " ")
                      for s, o in zip(sweep, odd)],
        "correction": "00",
        "participant_ns": participant,
        "trf_ns": np.int64(-1),
    })


def _finish(quotes, prints, recording, profile, seed):
    """Add the tape's habits, sort by publication, number the records."""
    quotes, prints = habits(quotes, prints, recording.tops, seed)
    quotes = quotes.sort_values("time_ns", kind="stable", ignore_index=True)
    prints = prints.sort_values("time_ns", kind="stable", ignore_index=True)
    for table, step, stream in ((quotes, 40, 107), (prints, 9, 108)):
        table.insert(2, "symbol", profile.symbol)
        steps = 1 + Dice(seed, stream).integers(len(table), 0, step)
        table.insert(table.columns.get_loc("condition") + 1, "sequence", np.cumsum(steps))
    prints.insert(8, "trade_id", prints.groupby("exchange").cumcount() + 1)
    order = ["time_ns", "exchange", "symbol", "price", "size", "condition", "correction",
             "sequence", "trade_id", "participant_ns", "trf_ns"]
    for table, kind in ((quotes, "quotes"), (prints, "trades")):
        table.attrs.update(source=f"simulated, seed {seed}", format="synthetic TAQ", kind=kind,
                           date=None, time_zone="America/New_York", symbol=profile.symbol,
                           report={})
    return quotes, prints[order]
