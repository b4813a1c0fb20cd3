"""Lesson 13: a desk in a market that nobody has described: tapes to read, and days to trade.

A name draws the market, so everybody has one of their own: `Desk("ada")`. What was drawn is not
told: no attribute that a learner is asked to use holds it. Python hides nothing, and whoever reads
this file can call what it calls; but the checks ask the same functions about desks whose names
are not known before, so a number read off here is worth less than one that was measured.
"""

import hashlib
from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.analytics import tape_of
from lobsim.envs.baselines import AlmgrenChrissRule, PassiveTWAPRule, TWAPRule, VWAPRule
from lobsim.envs.evaluate import evaluate
from lobsim.envs.execution_layout import OBSERVED
from lobsim.market import Market
from lobsim.market.parts import (Fees, Fundamental, Hidden, Impact, Latency, Makers, Regime,
                                 Regimes, Shock, Shocks, Takers, VolumeCurve, ZeroIntelligence)
from lobsim.market.profile import Profile

SUSPECTS = ("drought", "trend", "hidden", "overshoot", "inverted", "storms")
TICK = 0.01
OPEN_S, CLOSE_S = 34_200.0, 57_600.0
TAPE_S = 39_600.0, 46_800.0  # 11:00 to 13:00
START_S, HORIZON_S, EVERY_S = 42_000.0, 1_200.0, 20.0  # the order: 11:40 to 12:00
DROUGHT_S, DROUGHT_MIN = 42_300.0, 10.0  # 11:45 to 11:55
QUOTE_EVERY_S = 5.0
TEST_ORDERS = 40  # of the blotter
SLICE_S = 60.0
_RESTS = ((10, 0.05), (40, 0.06), (100, 0.6), (200, 0.15), (300, 0.07), (500, 0.05), (1000, 0.02))
_TAKES = ((5, 0.06), (20, 0.05), (50, 0.06), (100, 0.52), (200, 0.15), (300, 0.07), (500, 0.05),
          (1000, 0.03))


class Tape(NamedTuple):
    """Two hours of one day, as a desk keeps them.

    Attributes
    ----------
    quotes : DataFrame
        ``time_s, bid, bid_shares, ask, ask_shares`` every five seconds.
    trades : DataFrame
        ``time_s, price, shares, sign`` (+1: the taker bought), ``bid, ask`` just before.
    blotter : DataFrame
        The desk's own test orders of 100 shares, one a row: ``kind`` (take, make), ``sent_s``,
        ``booked_s``, ``filled`` (shares), ``price`` (mean; 0 if none), ``fee`` (money, > 0 paid).
    """

    quotes: pd.DataFrame
    trades: pd.DataFrame
    blotter: pd.DataFrame


def stream(*names) -> np.random.Generator:
    """A random stream that depends on the names alone."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def draw(rng: np.random.Generator, peculiar: str | None = None) -> tuple[Profile, float, str]:
    """A market, the size of the desk's order in shares, and what is peculiar."""
    peculiar = peculiar or SUSPECTS[rng.integers(len(SUSPECTS))]
    price = round(rng.uniform(40.0, 120.0), 0)
    size, busy = rng.uniform(1.0, 3.0), rng.uniform(0.5, 0.9)
    rests = tuple((round(s * size / 5) * 5, p) for s, p in _RESTS)
    takes = tuple((max(5, round(s * size / 5) * 5), p) for s, p in _TAKES)
    volatility = rng.uniform(3.0, 5.0)
    mean_take = sum(s * p for s, p in takes) / sum(p for _, p in takes)
    volume = busy * mean_take * (CLOSE_S - OPEN_S)
    delay = rng.uniform(0.05, 0.6)
    maker, taker = -round(rng.uniform(0.0005, 0.002), 4), round(rng.uniform(0.002, 0.0035), 4)
    informed = rng.uniform(0.05, 0.2)
    look, slack = rng.uniform(1.5, 3.0), rng.uniform(-0.8, -0.1)
    smile = rng.uniform(0.6, 1.6)
    curve = tuple(1.0 + smile * (2 * (k + 0.5) / 13 - 1) ** 2 + 0.4 * (k == 12) for k in range(13))
    share, surprise = rng.uniform(0.07, 0.11), 0.08
    extra: tuple = ()
    if peculiar == "inverted":
        maker, taker = taker, -round(rng.uniform(0.0015, 0.0025), 4)
    elif peculiar == "overshoot":
        surprise = rng.uniform(1.1, 1.4)
    elif peculiar == "hidden":
        extra, slack = (Hidden(rng.uniform(0.4, 0.6)),), min(slack, -0.5)
    elif peculiar == "drought":
        left = rng.uniform(0.02, 0.05)
        extra = (Shocks((Shock("drought", DROUGHT_S, DROUGHT_MIN, left, left**-0.5, -1.0),)),)
    elif peculiar == "trend":
        slope = rng.uniform(6.0, 8.0)
        extra = (Regimes((Regime("calm", 6.0), Regime("up", 5.0, trend_bps_per_min=slope),
                          Regime("down", 5.0, trend_bps_per_min=-slope))),)
    elif peculiar == "storms":
        wild = rng.uniform(1.8, 2.3)
        extra = (Regimes((Regime("calm", 10.0),
                          Regime("storm", 5.0, activity=wild, volatility=wild, slack_ticks=-2.0))),)
    day_ticks = volatility * np.sqrt(390.0) * 1e-4 * price / TICK
    profile = Profile(
        name="desk", symbol="UNSEEN", description="A market drawn for one desk", tick_size=TICK,
        start_price=price, daily_volume=volume, max_live=384, band_ticks=16384,
        parts=(
            ZeroIntelligence(
                limit_rate_per_s=rng.uniform(2.2, 3.2), limit_decay=1.08, limit_levels=24,
                cancel_rate_per_s=rng.uniform(0.35, 0.5), limit_sizes=rests,
                cancel_shape=tuple(round(1 / (1 + i / 3), 3) for i in range(24))),
            Takers(market_rate_per_s=busy, market_sizes=takes, meta_min_orders=1.5,
                   meta_informed_share=rng.uniform(0.3, 0.8), informed_share=informed,
                   lookahead_s=look, sweep_share=0.1, surprise_ticks=surprise,
                   bursts=((0.2, 0.1), (0.3, 30.0))),
            Fundamental(volatility_bps=volatility, jump_share=0.3, jump_rate_per_s=0.03,
                        vol_of_vol=0.05),
            Makers(maker_slack_ticks=slack, maker_lean=0.8, cancel_lean=0.35,
                   stale_rate_per_s=60.0, snipe_share=0.3, refill_rate_per_s=50.0,
                   refill_ticks=2),
            Impact.square_root(volume, day_ticks),
            VolumeCurve(curve),
            Latency(feed_s=0.3 * delay, order_s=delay, cancel_s=delay),
            Fees(maker_fee=maker, taker_fee=taker), *extra))
    at_noon = curve[6] / np.mean(curve)
    shares = 100 * max(5, round(share * busy * at_noon * mean_take * HORIZON_S / 100))
    return profile, float(shares), peculiar


class Desk:
    """A desk and its market.

    Parameters
    ----------
    name : str
        Draws the market; "public" is everybody's.
    peculiar : str, optional
        One of `SUSPECTS`, for a practice desk whose peculiarity is known.

    Attributes
    ----------
    name : str
    shares : float
        To sell from 11:40 to 12:00, in 60 decisions of twenty seconds.

    Examples
    --------
    >>> desk = Desk("public")
    >>> desk.tape(0).trades.columns.tolist()
    ['time_s', 'price', 'shares', 'sign', 'bid', 'ask']
    """

    def __init__(self, name: str = "public", peculiar: str | None = None):
        if peculiar is not None and peculiar not in SUSPECTS:
            raise ValueError(f"peculiar is {peculiar!r}; it must be one of {', '.join(SUSPECTS)}")
        self.name = str(name)
        self._profile, self.shares, _ = draw(stream("market of", self.name), peculiar)

    def tape(self, day: int = 0) -> Tape:
        """Two hours of a day, 11:00 to 13:00, and the desk's test orders in them."""
        return recorded(self._profile, int(stream(self.name, "tape", day).integers(2**62)))

    def trade(self, policies: dict, days: int = 64, first: int = 0) -> pd.DataFrame:
        """Sell the order on days of the desk's own simulator, the same ones for every policy.

        Parameters
        ----------
        policies : dict of name to policy
            A function ``act(seen, desk)``, or a rule of `benchmarks`.
        days, first : int
            Days `first` to ``first + days - 1``.

        Returns
        -------
        DataFrame
            A row a policy and day: ``policy, day, cost_bps`` (shortfall less the news, which has
            mean zero for whoever trades: positive is bad, fees included), ``shortfall_bps`` (as it
            was), ``completion`` (0 to 1, before what is left is charged), ``maker_share``.
        """
        return traded(self._profile, self.shares, policies, self.name, days, first, seed=13)


def benchmarks() -> dict:
    """What a policy has to be better than, by name."""
    return {"TWAP": TWAPRule(SLICE_S), "VWAP": VWAPRule(SLICE_S),
            "Almgren-Chriss": AlmgrenChrissRule(1.5, SLICE_S),
            "passive TWAP": PassiveTWAPRule(SLICE_S)}


def traded(profile, shares, policies, name, days, first=0, seed=0) -> pd.DataFrame:
    """What `Desk.trade` returns, in any market and on days of any seed."""
    ready = {label: policy if hasattr(policy, "act") else _asked(policy, shares, name)
             for label, policy in policies.items()}
    found = evaluate(ready, episodes=days, num_envs=days, seed=seed, first=first, profile=profile,
                     side="sell", quantity=shares, horizon_s=HORIZON_S, interval_s=EVERY_S,
                     start_s=START_S, slice_s=SLICE_S, actions="orders").episodes
    day = first + found.groupby("policy", sort=False).cumcount()
    return pd.DataFrame({"policy": found["policy"], "day": day, "cost_bps": found["controlled_bps"],
                         "shortfall_bps": found["shortfall_bps"],
                         "completion": found["completion"], "maker_share": found["maker_share"]})


def _asked(act, shares, name):
    """A policy of the environment from one of the desk."""
    def policy(seen):
        return orders_of(act(view(seen, shares), name), len(seen), shares)
    return policy


def view(seen: np.ndarray, shares: float) -> pd.DataFrame:
    """What a policy sees: a row a day, the environment's columns and two in whole units."""
    table = pd.DataFrame(np.asarray(seen, dtype=float), columns=list(OBSERVED))
    table.insert(0, "decision", np.rint((1 - table["time_left"]) * HORIZON_S / EVERY_S))
    table.insert(1, "shares_left", np.rint(table["left"] * shares))
    return table


def orders_of(answer, rows: int, shares: float) -> np.ndarray:
    """Checked orders (rows, 3): shares to take, ticks better than the best, shares to rest."""
    orders = np.array(answer, dtype=float)
    if orders.shape != (rows, 3):
        raise ValueError(f"act() gave an array of shape {orders.shape}; it must be ({rows}, 3)")
    if not np.isfinite(orders).all():
        raise ValueError("act() gave orders that are not finite")
    orders[:, 0] = np.clip(np.rint(orders[:, 0]), 0, shares)
    orders[:, 1] = np.clip(np.rint(orders[:, 1]), -20, 20)
    orders[:, 2] = np.clip(np.rint(orders[:, 2]), -1, shares)
    return orders


def recorded(profile: Profile, seed: int) -> Tape:
    """A tape of a market, with test orders sent in turn: one takes, the next rests for a minute."""
    market = Market(profile, seed, *TAPE_S, record=True)
    rows, spacing = [], (TAPE_S[1] - TAPE_S[0]) / (TEST_ORDERS + 1)
    for k in range(TEST_ORDERS):
        at = TAPE_S[0] + spacing * (k + 0.5)
        market.advance(at)
        side = "sell" if k % 4 < 2 else "buy"
        if k % 2:
            order = market.submit(side, 100, market.best_ask if side == "sell" else
                                  market.best_bid, kind="post_only")
            market.advance(at + 60.0)
            market.cancel_all()
        else:
            order = market.submit(side, 100, kind="market")
        rows.append(("make" if k % 2 else "take", at, order))
        market.advance(at + 90.0)
    market.advance(TAPE_S[1] - 1.0)
    told, fills = market.reports, market.own_fills
    booked = told.groupby("order_id")["time_s"].first()
    own = fills.assign(value=fills["price"] * fills["size"]).groupby("order_id")[
        ["size", "value", "fee"]].sum()
    ids = pd.Series([order for *_, order in rows])
    shares = ids.map(own["size"]).fillna(0.0)
    blotter = pd.DataFrame({
        "kind": [kind for kind, *_ in rows], "sent_s": [round(at, 4) for _, at, _ in rows],
        "booked_s": ids.map(booked).fillna(0.0).round(4), "filled": shares,
        "price": (ids.map(own["value"]).fillna(0.0) / shares.where(shares > 0, 1.0)).round(4),
        "fee": ids.map(own["fee"]).fillna(0.0).round(6)})
    return Tape(*_public(market), blotter)


def _public(market) -> tuple[pd.DataFrame, pd.DataFrame]:
    tape = tape_of(market)
    time = tape.quotes["time_ns"].to_numpy() / 1e9
    at = np.arange(TAPE_S[0], TAPE_S[1] - 1.0, QUOTE_EVERY_S)
    seen = tape.quotes.ffill().iloc[np.maximum(np.searchsorted(time, at, side="right") - 1, 0)]
    names = {"bid_size": "bid_shares", "ask_size": "ask_shares"}
    quotes = seen[["bid", "bid_size", "ask", "ask_size"]].rename(columns=names)
    quotes.insert(0, "time_s", at)
    made = tape.trades["time_ns"].to_numpy() / 1e9
    before = tape.quotes.ffill().iloc[np.maximum(np.searchsorted(time, made, side="left") - 1, 0)]
    trades = pd.DataFrame({"time_s": made.round(4), "price": tape.trades["price"].to_numpy(),
                           "shares": tape.trades["size"].to_numpy(),
                           "sign": tape.trades["sign"].to_numpy().astype(np.int64),
                           "bid": before["bid"].to_numpy(), "ask": before["ask"].to_numpy()})
    return quotes.reset_index(drop=True), trades
