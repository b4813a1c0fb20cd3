"""Lesson 11: cut the log of orders down to a blotter, and a blotter to measurements."""

import numpy as np
import pandas as pd

START_S = 36_000.0
CROSSED, CHECKED = "a post-only order would", "refused by the venue's risk check"
COLUMNS = ("order", "step", "what", "reason", "lots", "filled", "value", "fee", "received_s",
           "booked_s", "told_s", "spread_ticks", "swing", "volume", "depth", "ahead")
MEASURES = ("order_delay_s", "report_delay_s", "fee_bps", "crossed", "refused", "ahead",
            "spread_ticks", "swing", "volume", "depth")


def blotter(log, tick=0.01):
    """One row for each request of a log, with what the trader saw and what came of it.

    Parameters
    ----------
    log : DataFrame
        Orders of one side.
    tick : float
        Money of a tick times a lot.

    Returns
    -------
    DataFrame
        ``order``, ``step``; ``what`` (market, post_only, cancel, reduce); ``reason`` of a refusal,
        "" otherwise; ``lots`` asked for and ``filled``; ``received_s``, ``booked_s`` and
        ``told_s`` (venue's clock, seconds after the start, of the first answer); ``fee`` and
        ``value`` traded (money); and, when it was decided: ``spread_ticks``, ``swing`` and
        ``volume`` (of a step, as multiples of training's mean), ``depth`` (lots at the own best
        price, d, as d / (d + training's mean)) and ``ahead`` (share of the lots at its price that
        stand before the own resting order).
    """
    parts = [_requests(own, tick) for _, own in log.groupby("episode", sort=True)]
    return pd.concat(parts, ignore_index=True)


def _requests(log, tick):
    asked = log[log["event"] == "request"]
    new = (asked["what"] == "new").to_numpy()
    answers = log[log["event"].isin(["report", "fill"]) & (log["id"] != "")].groupby("id")
    fills = log[log["event"] == "fill"].assign(value=lambda x: tick * x["price_ticks"] * x["lots"])
    traded = fills.groupby("order")[["lots", "value", "fee"]].sum()
    first, fees = answers.first(), answers["fee"].sum()

    def of_order(name):
        return asked["id"].map(traded[name]).fillna(0).where(new, 0)

    out = pd.DataFrame({
        "order": asked["episode"], "step": asked["step"],
        "what": np.where(new, asked["kind"], asked["what"]), "lots": asked["lots"],
        "filled": of_order("lots").astype(int), "value": of_order("value").round(2),
        "fee": of_order("fee").where(new, asked["id"].map(fees).fillna(0)).round(6),
        "reason": asked["id"].map(first["reason"]).fillna("").map(_short)})
    for name, stamp in (("received", "received"), ("booked", "venue"), ("told", "told")):
        out[f"{name}_s"] = (asked["id"].map(first[f"{stamp}_ns"]) / 1e9 - START_S).round(4)
    seen = log[log["event"] == "decision"].set_index("step")
    context = pd.DataFrame({"spread_ticks": 5 * seen["state.spread"], "swing": seen["state.swing"],
                            "volume": seen["state.volume"], "depth": seen["state.own_depth"],
                            "ahead": seen["state.queue_ahead"]})
    return out.join(context.astype(float).round(4), on="step")[list(COLUMNS)]


def _short(reason):
    return "crossed" if reason.startswith(CROSSED) else "refused" if reason == CHECKED else (
        "other" if reason else "")


def measures(blotter):
    """Measurements of each order of a blotter: a row an order, the columns of `MEASURES`.

    Returns
    -------
    DataFrame
        ``order_delay_s``: median time from the venue's door to the book; ``report_delay_s``: median
        time from the book to the trader; ``fee_bps`` of the value traded; ``crossed`` and
        ``refused``: shares of requests turned down because they would have traded at once, or by
        the venue's check; ``ahead``, ``spread_ticks``, ``swing``, ``volume`` and ``depth``: means
        of what the trader saw.
    """
    rows = {}
    for order, own in blotter.groupby("order"):
        rows[order] = {
            "order_delay_s": (own["booked_s"] - own["received_s"]).median(),
            "report_delay_s": (own["told_s"] - own["booked_s"]).median(),
            "fee_bps": 1e4 * own["fee"].sum() / max(own["value"].sum(), 1e-9),
            "crossed": (own["reason"] == "crossed").mean(),
            "refused": (own["reason"] == "refused").mean(),
            **own[["ahead", "spread_ticks", "swing", "volume", "depth"]].mean().to_dict()}
    return pd.DataFrame.from_dict(rows, orient="index")[list(MEASURES)]
