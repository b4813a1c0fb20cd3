r"""Re-calibration: what live logs tell of fees, delays and the price, put into the simulator.

Every figure is taken on both sides in the same way, from a live log and from one of the simulator
(a desk without gaps), and the simulator's parameter is moved by the *difference*: whatever bias the
way of measuring has is on both sides and cancels. A figure that differs by less than its error
allows moves nothing; noise put into a simulator is one more gap.

================= ======================== ========================================================
figure            unit                     from
================= ======================== ========================================================
``maker_fee``     profile's `Fees` unit    fills that rested: fee over size (or notional)
``taker_fee``     profile's `Fees` unit    fills that took
``order_s``       seconds                  new orders: answer in the book less arrival at the venue,
                                           both by the venue's clock; median
``cancel_s``      seconds                  the same of cancels and reductions
``feed_s``        seconds                  fills of resting orders: leaving the venue less the
                                           book; median. Reports that are late by themselves look
                                           the same
``volatility``    bps in sqrt(minute)      moves of the mid between decisions
``trend``         bps a minute             their mean
================= ======================== ========================================================
"""

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from lobsim.analytics._checks import side_sign
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.market.parts import Fees, Fundamental, Latency
from lobsim.market.profile import Profile
from lobsim.market.state import NS

__all__ = ["FIGURES", "recalibrated", "venue_figures"]

FIGURES = ("maker_fee", "taker_fee", "order_s", "cancel_s", "feed_s", "volatility", "trend")
_BPS = 1e4


def venue_figures(log: pd.DataFrame, settings: ExecutionSettings) -> pd.DataFrame:
    """What a log tells of its venue.

    Parameters
    ----------
    log : DataFrame
        `lobsim.sim_to_real.day_table` of some days, of one side.
    settings : ExecutionSettings

    Returns
    -------
    DataFrame
        Index of `FIGURES`; ``value``, ``error`` (standard error over days; NaN for less than two)
        and ``days`` (that told of it). A figure of which the log says nothing is NaN.
    """
    if log["side"].nunique() > 1:
        raise ValueError("the log holds days of both sides; measure one at a time")
    by_day = {
        **_fees(log, settings), **_delays(log), **_price(log, settings)}
    rows = {}
    for name in FIGURES:
        values = by_day.get(name, pd.Series(dtype=float)).dropna()
        n = len(values)
        error = float(values.std(ddof=1)) / n**0.5 if n > 1 else np.nan
        rows[name] = {"value": float(values.mean()) if n else np.nan, "error": error, "days": n}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("figure")


def _fees(log, settings) -> dict[str, pd.Series]:
    profile = settings.base
    fills = log[log["event"] == "fill"]
    per_share = (profile.part(Fees) or Fees()).fee_unit == "per_share"
    worth = fills["lots"] * profile.lot_size
    if not per_share:
        worth = worth * fills["price_ticks"] * profile.tick_size / _BPS
    table = pd.DataFrame({"episode": fills["episode"], "fee": fills["fee"], "worth": worth})
    found = {}
    for name, some in (("maker_fee", fills["maker"]), ("taker_fee", ~fills["maker"])):
        sums = table[some].groupby("episode")[["fee", "worth"]].sum()
        found[name] = sums["fee"] / sums["worth"]
    return found


def _delays(log) -> dict[str, pd.Series]:
    told = log[log["event"].isin(["report", "fill"])]
    done = told[(told["id"] != "") & (told["received_ns"] > 0) & (told["what"] != "rejected")]
    took = (done["venue_ns"] - done["received_ns"]) / NS
    asked = log[log["event"] == "request"].set_index(["episode", "id"])["what"]
    keys = pd.MultiIndex.from_frame(done[["episode", "id"]])
    kind = asked.reindex(keys).to_numpy()
    # Answers to a request come at moments that the delay of requests itself moves; fills of what
    # rests come when they will.
    rested = told[(told["event"] == "fill") & (told["id"] == "")]
    late = (rested["told_ns"] - rested["venue_ns"]) / NS
    return {"order_s": took[kind == "new"].groupby(done["episode"][kind == "new"]).median(),
            "cancel_s": took[np.isin(kind, ["cancel", "reduce"])].groupby(
                done["episode"][np.isin(kind, ["cancel", "reduce"])]).median(),
            "feed_s": late.groupby(rested["episode"]).median()}


def _price(log, settings) -> dict[str, pd.Series]:
    rows = log[(log["event"] == "decision") & (log["left"] > 0)]
    share = rows["left"] / settings.lots
    move = side_sign(settings.side) * rows["term.revaluation"] / share
    minutes = settings.interval_s / 60.0
    days = move.groupby(rows["episode"])
    return {"volatility": np.sqrt((move**2).groupby(rows["episode"]).mean() / minutes),
            "trend": days.mean() / minutes}


def recalibrated(profile: Profile, live: pd.DataFrame, simulated: pd.DataFrame, *,
                 errors: float = 2.0) -> tuple[Profile, pd.DataFrame]:
    """The simulator's market moved to what the live log tells.

    Parameters
    ----------
    profile : Profile
        That the simulated log came from.
    live, simulated : DataFrame
        Of :func:`venue_figures`.
    errors : float
        A figure moves its parameter only where the sides differ by more than so many standard
        errors of the difference.

    Returns
    -------
    Profile, DataFrame
        The market, and a row for each figure: ``simulated, live, difference, error, moved``.

    Notes
    -----
    Volatility is a factor, all else is added. Delays may not become negative. A delay's median is
    taken for the constant delay: its jitter is not told apart.

    Examples
    --------
    >>> from lobsim.market import profiles
    >>> figures = pd.DataFrame({"value": 0.0, "error": 0.1, "days": 9}, index=FIGURES)
    >>> live = figures.copy()
    >>> live.loc["trend", "value"] = -1.5
    >>> market, told = recalibrated(profiles["SPY"], live, figures)
    >>> market.trend_bps_per_min, told.index[told["moved"]].tolist()
    (-1.5, ['trend'])
    """
    table = pd.DataFrame({"simulated": simulated["value"], "live": live["value"]},
                         index=pd.Index(FIGURES, name="figure"))
    table["difference"] = table["live"] - table["simulated"]
    table["error"] = np.hypot(live["error"], simulated["error"]).reindex(FIGURES)
    rounding = 1e-9 * table[["simulated", "live"]].abs().max(axis=1) + 1e-12
    table["moved"] = table["difference"].abs() > np.maximum(errors * table["error"], rounding)
    for name in table.index[table["moved"]]:
        profile = _moved(profile, name, table.loc[name])
    return profile, table


def _moved(profile: Profile, name: str, row) -> Profile:
    """The profile with one figure moved."""
    if name in ("volatility", "trend"):
        path = profile.part(Fundamental)
        if path is None:
            raise ValueError(f"profile {profile.name} has no Fundamental, whose {name} differs")
        if name == "trend":
            trend = path.trend_bps_per_min + float(row["difference"])
            return profile.with_parts(replace(path, trend_bps_per_min=trend))
        factor = float(row["live"] / row["simulated"])
        return profile.with_parts(replace(path, volatility_bps=path.volatility_bps * factor))
    kind = Fees if name in {field.name for field in fields(Fees)} else Latency
    part = profile.part(kind) or kind()
    value = getattr(part, name) + float(row["difference"])
    if kind is Latency:
        value = max(0.0, value)
    return profile.with_parts(replace(part, **{name: value}))
