"""The tools' numbers computed anew from the raw CSV files, with nothing of lobsim."""

import gzip
import math
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

FOLDER = Path(__file__).resolve().parents[2] / "data" / "desk"
NS = 10**9


def load(name):
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt") as lines:
        return pd.read_csv(lines, dtype={"date": str, "order_id": str, "child_id": str})


RAW = {name: load(name) for name in ("orders", "children", "fills", "quotes", "trades")}
DATES = sorted(RAW["quotes"]["date"].unique())


def iso(date):
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def chosen(first, last):
    return [d for d in DATES if (first or "0") <= iso(d) <= (last or "9")]


def of_day(name, date):
    return RAW[name][RAW[name]["date"] == date]


_QUOTES = {}


def quotes(date):
    """Times, bid, bid size, ask, ask size; only states that differ from the one before."""
    if date not in _QUOTES:
        rows = of_day("quotes", date)[["time_ns", "bid", "bid_size", "ask", "ask_size"]].to_numpy()
        new = np.append(True, (rows[1:, 1:] != rows[:-1, 1:]).any(axis=1))
        kept = rows[new]
        _QUOTES[date] = (of_day("quotes", date)["time_ns"].to_numpy()[new], *kept.T[1:])
    return _QUOTES[date]


def mid(date, when):
    """Mid in force at a time, None before the first quote."""
    time, bid, _, ask, _ = quotes(date)
    row = int(np.searchsorted(time, when, side="right")) - 1
    return None if row < 0 else (bid[row] + ask[row]) / 2


def ratio(top, bottom):
    top, bottom = np.array(top, float), np.array(bottom, float)
    value = top.sum() / bottom.sum()
    n = len(top)
    rest = top - value * bottom
    error = math.sqrt(n * (rest**2).sum() / (n - 1)) / bottom.sum()
    return value, error, stats.t.ppf(0.975, n - 1) * error


_ORDERS = []


def orders():
    """Each order with its cost and conditions, step by step."""
    if _ORDERS:
        return _ORDERS
    for row in RAW["orders"].itertuples():
        sign = {"buy": 1, "sell": -1}[row.side]
        fills = RAW["fills"][(RAW["fills"]["date"] == row.date)
                             & (RAW["fills"]["order_id"] == row.order_id)]
        decided, arrived, ended = (mid(row.date, t) for t in (row.decision_ns, row.start_ns,
                                                             row.end_ns))
        filled = fills["size"].sum()
        paid = (fills["size"] * fills["price"]).sum()
        one = {"date": row.date, "id": row.order_id, "side": sign, "quantity": row.quantity,
               "filled": filled, "notional": row.quantity * decided, "decided": decided,
               "arrival": arrived, "average": paid / filled if filled else math.nan,
               "delay": sign * filled * (arrived - decided),
               "trading": sign * (paid - filled * arrived),
               "opportunity": sign * (row.quantity - filled) * (ended - decided),
               "fees": fills["fee"].sum(), "delay_s": (row.start_ns - row.decision_ns) / NS}
        one["total"] = one["delay"] + one["trading"] + one["opportunity"] + one["fees"]
        tape = of_day("trades", row.date)
        tape = tape[(tape["time_ns"] >= row.start_ns) & (tape["time_ns"] < row.end_ns)]
        one["participation"] = filled / tape["size"].sum()
        one["vwap"] = (tape["price"] * tape["size"]).sum() / tape["size"].sum()
        time, bid, _, ask, _ = quotes(row.date)
        edges = np.concatenate([[row.start_ns], time[(time > row.start_ns) & (time < row.end_ns)],
                                [row.end_ns]])
        at = np.searchsorted(time, edges[:-1], side="right") - 1
        held, middle = np.diff(edges), (bid[at] + ask[at]) / 2
        one["twap"] = (middle * held).sum() / held.sum()
        spread = 1e4 * (ask[at] - bid[at]) / middle
        one["half_spread_bps"] = 0.5 * (spread * held).sum() / held.sum()
        path = np.array([mid(row.date, t) for t in range(row.start_ns, row.end_ns + 1, 10 * NS)])
        one["volatility_bps"] = 1e4 * math.sqrt((np.log(path[1:] / path[:-1]) ** 2).sum())
        _ORDERS.append(one)
    return _ORDERS


def in_period(first, last, side="both"):
    days = set(chosen(first, last))
    sign = {"buy": (1,), "sell": (-1,), "both": (1, -1)}[side]
    return [o for o in orders() if o["date"] in days and o["side"] in sign]


def column(rows, name):
    return np.array([row[name] for row in rows], float)


def signed(date):
    """Market orders: time, size, price, sign; quote rule, then tick rule, prints joined."""
    tape = of_day("trades", date)
    time, bid, _, ask, _ = quotes(date)
    out, last_price, last_tick = [], None, 0
    for t, p, q in zip(tape["time_ns"], tape["price"], tape["size"], strict=True):
        if last_price is not None and abs(p - last_price) > 1e-7:
            last_tick = 1 if p > last_price else -1
        last_price = p
        row = int(np.searchsorted(time, t, side="left")) - 1
        gap = p - (bid[row] + ask[row]) / 2 if row >= 0 else 0.0
        sign = (1 if gap > 0 else -1) if abs(gap) > 1e-7 else last_tick
        if out and out[-1][0] == t and out[-1][3] == sign:
            out[-1][1] += q
            out[-1][2] += p * q
        else:
            out.append([t, q, p * q, sign])
    return [(t, q, value / q, sign) for t, q, value, sign in out]


# ---- one function per tool; each returns {name of the number: value} ------------------------

def shortfall(first_day=None, last_day=None, side="both"):
    rows = in_period(first_day, last_day, side)
    notional = column(rows, "notional")
    total, _, reach = ratio(column(rows, "total"), notional)
    out = {"orders": len(rows), "notional": notional.sum(), "total": column(rows, "total").sum(),
           "fill_rate": column(rows, "filled").sum() / column(rows, "quantity").sum(),
           "participation": np.average(column(rows, "participation"), weights=notional),
           "total_bps": 1e4 * total, "total_low_bps": 1e4 * (total - reach),
           "total_high_bps": 1e4 * (total + reach)}
    for part in ("delay", "trading", "opportunity", "fees"):
        out[part] = column(rows, part).sum()
        out[f"{part}_bps"] = 1e4 * out[part] / notional.sum()
    return out


def worst_orders(first_day=None, last_day=None, side="both", count=3):
    rows = sorted(in_period(first_day, last_day, side), key=lambda o: -o["total"])
    out = {"orders": len(rows), "period_total": sum(o["total"] for o in rows)}
    for n, o in enumerate(rows[:count], 1):
        out |= {f"order_{n}": o["total"], f"order_{n}_bps": 1e4 * o["total"] / o["notional"],
                f"order_{n}_delay_s": o["delay_s"],
                f"order_{n}_half_spread_bps": o["half_spread_bps"],
                f"order_{n}_participation": o["participation"]}
    return out


def one_order(order_id, day=None):
    (row,) = [o for o in orders() if o["id"] == order_id and day in (None, iso(o["date"]))]
    others = [o for o in orders() if o is not row]
    bps = 1e4 * row["total"] / row["notional"]
    out = {"total": row["total"], "total_bps": bps, "notional": row["notional"],
           "fill_rate": row["filled"] / row["quantity"], "others": len(others),
           "cheaper_share": np.mean([1e4 * o["total"] / o["notional"] < bps for o in others])}
    for part in ("delay", "trading", "opportunity", "fees"):
        out[f"{part}_bps"] = 1e4 * row[part] / row["notional"]
    for name in ("vwap", "twap"):
        out[f"{name}_bps"] = 1e4 * row["side"] * (row["average"] / row[name] - 1)
    for name in ("half_spread_bps", "volatility_bps", "participation", "delay_s"):
        out |= {name: row[name], f"others_{name}": np.median(column(others, name))}
    return out


def cost_by_day(first_day=None, last_day=None, side="both"):
    rows = in_period(first_day, last_day, side)
    days = chosen(first_day, last_day)
    cost = [1e4 * ratio(column(own, "total"), column(own, "notional"))[0]
            for own in ([o for o in rows if o["date"] == day] for day in days)]
    line = stats.linregress(np.arange(len(days)), cost)
    reach = stats.t.ppf(0.975, len(days) - 2) * line.stderr
    return {"days": len(days), "orders": len(rows), "dearest_bps": max(cost),
            "cheapest_bps": min(cost), "median_bps": np.median(cost), "slope_bps": line.slope,
            "slope_low_bps": line.slope - reach, "slope_high_bps": line.slope + reach}


def compare_periods(base_first_day, base_last_day, first_day, last_day):
    old, new = in_period(base_first_day, base_last_day), in_period(first_day, last_day)
    (a, ea, _), (b, eb, _) = (ratio(column(r, "total"), column(r, "notional")) for r in (old, new))
    reach = stats.t.ppf(0.975, min(len(old), len(new)) - 1) * math.sqrt(ea**2 + eb**2)
    out = {"base_orders": len(old), "orders": len(new), "base_bps": 1e4 * a, "now_bps": 1e4 * b,
           "change_bps": 1e4 * (b - a), "change_low_bps": 1e4 * (b - a - reach),
           "change_high_bps": 1e4 * (b - a + reach), "ratio": b / a,
           "base_mean_notional": column(old, "notional").mean(),
           "mean_notional": column(new, "notional").mean()}
    for part in ("delay", "trading", "opportunity", "fees"):
        x, y = (1e4 * column(r, part).sum() / column(r, "notional").sum() for r in (old, new))
        out |= {f"base_{part}_bps": x, f"{part}_bps": y, f"{part}_change_bps": y - x}
    return out


def explain_change(base_first_day, base_last_day, first_day, last_day):
    old, new = in_period(base_first_day, base_last_day), in_period(first_day, last_day)
    names = ("half_spread_bps", "volatility_bps", "participation", "delay_s")
    x = np.column_stack([np.ones(len(old)), *(column(old, n) for n in names)])
    y = 1e4 * column(old, "total") / column(old, "notional")
    root = np.sqrt(column(old, "notional") / column(old, "notional").mean())
    slope = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
    bread = np.linalg.pinv((x * root[:, None]).T @ (x * root[:, None]))
    scores = x * (root**2 * (y - x @ slope))[:, None]
    error = np.sqrt(np.diag(bread @ scores.T @ scores @ bread) * len(x) / (len(x) - 5))
    change = compare_periods(base_first_day, base_last_day, first_day, last_day)["change_bps"]
    out, explained = {"base_orders": len(old), "orders": len(new), "change_bps": change}, 0.0
    for n, name in enumerate(names, 1):
        before, now = (np.average(column(r, name), weights=column(r, "notional"))
                       for r in (old, new))
        due = slope[n] * (now - before)
        explained += due
        out |= {f"base_{name}": before, f"now_{name}": now, f"due_to_{name}": due,
                f"due_to_{name}_error": error[n] * abs(now - before)}
    return out | {"explained_bps": explained, "unexplained_bps": change - explained}


def benchmarks(first_day=None, last_day=None, side="both"):
    rows = [o for o in in_period(first_day, last_day, side) if o["filled"] > 0]
    out = {"orders": len(rows)}
    for name in ("arrival", "vwap", "twap"):
        cost = [o["side"] * o["filled"] * (o["average"] - o[name]) for o in rows]
        value, _, reach = ratio(cost, [o["filled"] * o[name] for o in rows])
        out |= {f"{name}_bps": 1e4 * value, f"{name}_low_bps": 1e4 * (value - reach),
                f"{name}_high_bps": 1e4 * (value + reach)}
    return out


def price_around_orders(first_day=None, last_day=None, window_s=60.0):
    moves = []
    days = set(chosen(first_day, last_day))
    for row in RAW["orders"].itertuples():
        if row.date in days:
            span, last = int(window_s * NS), quotes(row.date)[0][-1]
            times = (row.decision_ns - span, row.decision_ns, row.start_ns, row.end_ns,
                     row.end_ns + span)
            mids = [mid(row.date, t) if t <= last else None for t in times]
            sign = 1 if row.side == "buy" else -1
            moves.append([None if a is None or b is None else sign * 1e4 * (b - a) / mids[1]
                          for a, b in zip(mids, mids[1:])])
    out = {"orders": len(moves)}
    for n, name in enumerate(("before", "waiting", "during", "after")):
        known = np.array([m[n] for m in moves if m[n] is not None])
        reach = stats.t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / math.sqrt(len(known))
        out |= {f"{name}_bps": known.mean(), f"{name}_low_bps": known.mean() - reach,
                f"{name}_high_bps": known.mean() + reach}
    return out
