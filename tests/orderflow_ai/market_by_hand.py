"""The numbers of the market's and the fills' tools from the raw files, with nothing of lobsim."""

import math

import numpy as np
from desk_by_hand import NS, RAW, chosen, mid, of_day, quotes, ratio, signed
from scipy import stats


def data_quality(first_day=None, last_day=None):
    days = chosen(first_day, last_day)
    out = {"days": len(days), "days_with_quotes": len(days), "days_with_trades": len(days)}
    for name in ("orders", "children", "fills", "trades"):
        out[name] = int(RAW[name]["date"].isin(days).sum())
    books = [quotes(day) for day in days]
    out["quotes"] = sum(len(book[0]) for book in books)
    out["one_sided_quotes"] = sum(int((np.isnan(b[1]) | np.isnan(b[3])).sum()) for b in books)
    out["locked_quotes"] = sum(int((b[1] == b[3]).sum()) for b in books)
    out["longest_silence_s"] = max(float(max(np.diff(b[0]))) for b in books) / NS
    sizes = {(o.date, o.order_id): o.quantity for o in RAW["orders"].itertuples()}
    done, outside, lost = {}, 0, 0
    for f in RAW["fills"].itertuples():
        if f.date not in days:
            continue
        key = (f.date, f.order_id)
        lost += key not in sizes
        done[key] = done.get(key, 0) + f.size
        time, bid, _, ask, _ = quotes(f.date)
        rows = [np.searchsorted(time, f.time_ns, side=s) - 1 for s in ("left", "right")]
        outside += all(not bid[r] - 1e-9 <= f.price <= ask[r] + 1e-9 for r in rows)
    return out | {"fills_without_order": lost, "fills_outside_quotes": outside,
                  "overfilled_orders": sum(done[k] > sizes[k] for k in done if k in sizes)}


def spreads(first_day=None, last_day=None, horizon_s=10.0):
    area = held = 0.0
    trades = []
    for day in chosen(first_day, last_day):
        time, bid, _, ask, _ = quotes(day)
        width = np.diff(time)
        area += (1e4 * (ask - bid) / ((ask + bid) / 2))[:-1] @ width
        held += width.sum()
        last_price, tick = None, 0
        for t, size, price, _ in signed(day):
            if last_price is not None and abs(price - last_price) > 1e-7:
                tick = 1 if price > last_price else -1
            last_price = price
            row = np.searchsorted(time, t, side="left") - 1
            later = t + int(horizon_s * NS)
            if row < 0 or later > time[-1]:
                continue
            before, after = (bid[row] + ask[row]) / 2, mid(day, later)
            sign = np.sign(price - before) if abs(price - before) > 1e-7 else tick
            if sign:
                trades.append((size, *(2e4 * sign * gap / before for gap in (
                    price - before, price - after, after - before))))
    weight = np.array([t[0] for t in trades], float)
    effective, realised, impact = (np.array([t[n] for t in trades]) @ weight / weight.sum()
                                   for n in (1, 2, 3))
    return {"trades": len(trades), "quoted_bps": area / held, "effective_bps": effective,
            "realised_bps": realised, "impact_bps": impact, "impact_share": impact / effective}


def volume_curve(first_day=None, last_day=None, minutes=15):
    days = chosen(first_day, last_day)
    per_day, total = [], 0
    for day in days:
        bins = {}
        for t, q in zip(of_day("trades", day)["time_ns"], of_day("trades", day)["size"],
                        strict=True):
            bins[t // (minutes * 60 * NS)] = bins.get(t // (minutes * 60 * NS), 0) + q
        volume = sum(bins.values())
        total += volume
        per_day.append({b: q / volume for b, q in bins.items()})
    names = sorted({b for one in per_day for b in one})
    mean = [sum(one.get(b, 0.0) for one in per_day) / len(days) for b in names]
    return {"days": len(days), "bins": len(names), "volume_per_day": total / len(days),
            "busiest_share": max(mean), "quietest_share": min(mean)} | {
                f"share_{n}": share for n, share in enumerate(mean, 1)}


def impact_curve(first_day=None, last_day=None, horizon_s=10.0, buckets=4):
    rows = []
    for day in chosen(first_day, last_day):
        last = quotes(day)[0][-1]
        for t, size, _, sign in signed(day):
            before, later = mid(day, t - 1), t + int(horizon_s * NS)
            if before is not None and later <= last and sign:
                rows.append((size, sign * 1e4 * (mid(day, later) - before) / before, day))
    order = sorted(range(len(rows)), key=lambda n: (rows[n][0], n))
    out, points = {"trades": len(rows), "groups": buckets}, []
    for b in range(buckets):
        group = [rows[n] for rank, n in enumerate(order) if rank * buckets // len(rows) == b]
        days = sorted({g[2] for g in group})
        mean, _, reach = ratio([sum(g[1] for g in group if g[2] == d) for d in days],
                               [sum(g[2] == d for g in group) for d in days])
        size = sum(g[0] for g in group) / len(group)
        points.append((math.log(size), math.log(mean)))
        out |= {f"size_{b + 1}": size, f"move_{b + 1}_bps": mean, f"move_{b + 1}_reach_bps": reach}
    return out | {"exponent": stats.linregress(*zip(*points, strict=True)).slope}


def signal_worth(signal="obi", horizon_s=10.0, share=0.1, fee_bps=0.0, first_day=None,
                 last_day=None):
    days = chosen(first_day, last_day)
    step, bars = int(horizon_s * NS), {}
    for day in days:
        time, bid, bid_size, ask, ask_size = quotes(day)
        edges = np.arange(time[0], time[-1] + 1, step)
        at = np.searchsorted(time, edges, side="right") - 1
        middle = (bid + ask) / 2
        assert signal == "obi"
        x = (bid_size - ask_size) / (bid_size + ask_size)
        # the last bar has no quote after it to leave at in the tool's table, so it is left out
        bars[day] = [(x[i], 1e4 * (middle[j] - middle[i]) / middle[i],
                      1e4 * (ask[i] - bid[i] + ask[j] - bid[j]) / 2 / middle[i])
                     for i, j in zip(at[:-2], at[1:-1], strict=True)]
    cut = len(days) // 2
    train = np.array([bar for day in days[:cut] for bar in bars[day]])
    line = stats.linregress(train[:, 0], train[:, 1])
    limit = np.quantile(abs(line.intercept + line.slope * train[:, 0]), 1 - share)
    count, gross, cost = [], [], []
    for day in days[cut:]:
        x, y, c = np.array(bars[day]).T
        told = line.intercept + line.slope * x
        take = abs(told) >= limit
        count.append(take.sum())
        gross.append((np.sign(told) * y)[take].sum())
        cost.append((c + 2 * fee_bps)[take].sum())
    test = np.array([bar for day in days[cut:] for bar in bars[day]])
    told = line.intercept + line.slope * test[:, 0]
    hit = [a * b > 0 for a, b in test[:, :2] if abs(a) > 0 and abs(b) > 1e-9]
    rate, n = np.mean(hit), len(hit)
    error = math.sqrt(rate * (1 - rate) / (n - 1)) * stats.norm.ppf(0.975)
    net, _, reach = ratio(np.array(gross) - np.array(cost), count)
    design = np.column_stack([np.ones(len(train)), train[:, 0]])
    bread = np.linalg.inv(design.T @ design)
    scores = design * (train[:, 1] - line.intercept - line.slope * train[:, 0])[:, None]
    white = bread @ scores.T @ scores @ bread * len(train) / (len(train) - 2)
    return {"train_days": cut, "test_days": len(days) - cut, "bars": len(test),
            "trades": sum(count), "slope_bps": line.slope,
            "slope_t": line.slope / math.sqrt(white[1, 1]),
            "r2": 1 - ((test[:, 1] - told) ** 2).sum()
            / ((test[:, 1] - train[:, 1].mean()) ** 2).sum(),
            "hit_rate": rate, "hit_rate_low": rate - error, "hit_rate_high": rate + error,
            "gross_bps": sum(gross) / sum(count), "cost_bps": sum(cost) / sum(count),
            "net_bps": net, "net_low_bps": net - reach, "net_high_bps": net + reach}


def fill_statistics(first_day=None, last_day=None):
    days = chosen(first_day, last_day)
    rows = RAW["children"][RAW["children"]["date"].isin(days)]
    posts = [r for r in rows.itertuples() if r.kind == "post"]
    size, filled = (np.array([getattr(r, n) for r in posts], float) for n in ("size", "filled"))
    ahead = np.array([r.queue_ahead for r in posts], float)
    wait = [(r.end_ns - r.time_ns) / NS for r in posts if r.filled == r.size]
    fills = RAW["fills"][RAW["fills"]["date"].isin(days)]
    low, high = np.quantile(ahead, [1 / 3, 2 / 3])
    return {"posts": len(posts), "takes": int((rows["kind"] == "market").sum()),
            "filled_share": filled.sum() / size.sum(), "fully_filled_share": len(wait) / len(posts),
            "untouched_share": np.mean(filled == 0), "median_time_to_fill_s": np.median(wait),
            "maker_share": (fills["size"] * fills["maker"]).sum() / fills["size"].sum(),
            "median_queue_ahead": np.median(ahead), "short_queue": low, "long_queue": high,
            "filled_share_short_queue": filled[ahead <= low].sum() / size[ahead <= low].sum(),
            "filled_share_long_queue": filled[ahead >= high].sum() / size[ahead >= high].sum()}


def toxicity(first_day=None, last_day=None, which="maker", horizon_s=60.0):
    assert which == "maker"
    days = chosen(first_day, last_day)
    side = {(o.date, o.order_id): 1 if o.side == "buy" else -1
            for o in RAW["orders"].itertuples()}
    out = {}
    for name, horizon in (("at_once", 0.0), ("middle", horizon_s / 6), ("end", horizon_s)):
        gain, size, fills = ({day: 0.0 for day in days} for _ in range(3))
        for f in RAW["fills"].itertuples():
            later = f.time_ns + round(horizon * NS)
            if f.date in gain and f.maker == 1 and later <= quotes(f.date)[0][-1]:
                move = side[f.date, f.order_id] * (mid(f.date, later) / f.price - 1)
                gain[f.date] += 1e4 * move * f.size
                size[f.date] += f.size
                fills[f.date] += 1
        mean, _, reach = ratio(list(gain.values()), list(size.values()))
        out |= {f"{name}_s": horizon, f"{name}_bps": mean, f"{name}_low_bps": mean - reach,
                f"{name}_high_bps": mean + reach}
        if name == "at_once":
            out |= {"fills": sum(fills.values()), "days": len(days)}
    return out
