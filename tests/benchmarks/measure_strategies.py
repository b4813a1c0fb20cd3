"""Measures the strategies: the paper's tables, Almgren-Chriss against TWAP, makers on BTC-USD.

Run one of::

    python tests/benchmarks/measure_strategies.py tables --paths 100000
    python tests/benchmarks/measure_strategies.py almgren-chriss --seeds 200
    python tests/benchmarks/measure_strategies.py makers --seeds 50 --cases off/0 on/0 off/1

Every table goes to stdout with 95 % intervals; `--out FILE.csv` keeps the single runs.
"""

import argparse
import math

import numpy as np
import pandas as pd

from lobsim.analytics import implementation_shortfall, paired_difference
from lobsim.market import Market
from lobsim.market.parts import Fees, FillRule, Regime, Regimes
from lobsim.strategies import (
    GLFT,
    TWAP,
    AlmgrenChrissSchedule,
    AvellanedaStoikov,
    CarteaJaimungalMaking,
    FixedMaker,
    MakingSession,
    ModelMaker,
    ParentOrder,
    QuoteWorld,
    calibrate_impact,
    execute,
    fit_volatility,
    hang_quotes,
    make_markets,
    sample_prices,
)

# Tables 1 to 3 of the paper (1,000 paths): profit, its std, final inventory, its std.
PAPER = {
    (0.1, "inventory"): (65.0, 6.6, 0.08, 2.9), (0.1, "symmetric"): (68.4, 12.7, 0.26, 8.4),
    (0.01, "inventory"): (68.6, 8.7, 0.12, 5.1), (0.01, "symmetric"): (68.8, 12.8, 0.09, 8.7),
    (1.0, "inventory"): (31.4, 5.0, 0.02, 1.7), (1.0, "symmetric"): (44.0, 11.0, 0.0, 5.1),
}
NUMBERS = ("profit", "std_profit", "inventory", "std_inventory")
START_S, END_S = 36_000.0, 50_400.0
NOTIONAL = 10_000 * 168.0  # dollars, of the order in SPY


def tables(options) -> pd.DataFrame:
    """Avellaneda and Stoikov's tables beside the paper's, in standard errors of both runs."""
    world, rows = QuoteWorld(), []
    for (aversion, kind), printed in PAPER.items():
        model = AvellanedaStoikov(aversion, 2.0, 1.5)
        quotes = world.tables(model) if kind == "inventory" else world.symmetric_twin(model)
        rng = np.random.default_rng(options.first_seed)
        row = world.simulate(*quotes, options.paths, rng).row()
        for name, paper in zip(NUMBERS, printed):
            # The paper's own error, from 1,000 paths, and that of rounding to the last digit.
            digits = 0.05 if name != "inventory" else 0.005
            error = math.hypot(row[f"{name}_se"], row[f"{name}_se"] * (options.paths / 1000) ** 0.5,
                               digits / math.sqrt(3))
            rows.append({"gamma": aversion, "strategy": kind, "number": name, "here": row[name],
                         "se": row[f"{name}_se"], "paper": paper, "z": (row[name] - paper) / error})
    table = pd.DataFrame(rows)
    print(table.round(4).to_string(index=False))
    print(f"largest |z| {table['z'].abs().max():.2f} of {len(table)}")
    return table


class Noted:
    """A strategy that notes the hidden efficient price when it acts, for the control variate."""

    def __init__(self, strategy):
        self.strategy, self.interval_s = strategy, strategy.interval_s

    def reset(self, order, market):
        self.prices, self.held = [], []
        self.order, self.start = order, market.position
        self.strategy.reset(order, market)

    def act(self, market):
        children = self.strategy.act(market)
        self.prices.append(market.efficient_price)
        done = abs(market.position - self.start) + sum(child.size for child in children)
        self.held.append(self.order.quantity - done)
        return children

    def noise_bps(self, arrival: float) -> float:
        """What the exogenous price did to the part not yet traded: mean zero, whatever is done."""
        moved = np.dot(self.held[:-1], np.diff(self.prices))
        return 1e4 * self.order.side * moved / (self.order.quantity * arrival)


def almgren_chriss(options) -> pd.DataFrame:
    """Almgren-Chriss against TWAP: SPY, 10,000 shares bought in four hours."""
    calibration = range(options.first_seed + 500_000, options.first_seed + 500_048)
    if options.terms:
        temporary, permanent, sigma = options.terms
    else:
        terms = calibrate_impact("SPY", calibration, quantity=options.quantity,
                                 durations_s=[1800, 3600, 7200, 14_300], horizon_s=9000,
                                 interval_s=60)
        prices = sample_prices("SPY", calibration[:16], interval_s=30, start_s=START_S, end_s=END_S)
        temporary, permanent, sigma = terms.temporary, terms.permanent, fit_volatility(
            prices, 30).sigma
        print(terms)
    print(f"eta {temporary:.4g} gamma {permanent:.4g} sigma {sigma:.4g}")
    duration = END_S - START_S
    lots = {"TWAP": TWAP(300)}
    aversions = {}
    for urgency in options.urgencies:
        aversion = (urgency / duration) ** 2 * temporary / sigma**2
        name = f"A-C {urgency:g}"
        aversions[name] = aversion
        lots[name] = AlmgrenChrissSchedule(aversion, volatility=sigma, temporary=temporary,
                                           permanent=permanent, interval_s=300)
    order = ParentOrder("buy", options.quantity, START_S, END_S)
    rows = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        if "on" in options.impact:
            for name, strategy in lots.items():
                noted = Noted(strategy)
                market = Market("SPY", seed=seed, start_s=START_S, end_s=END_S, keep_trades=False)
                done = execute(market, noted, order)
                raw = done.shortfall.total_bps
                rows.append({"seed": seed, "impact": "on", "strategy": name, "raw_bps": raw,
                             "cv_bps": raw - noted.noise_bps(done.arrival_price)})
        if "off" in options.impact:
            rows += without_impact(seed, lots, order)
        if options.out and (seed % 10 == 9):
            pd.DataFrame(rows).to_csv(options.out, index=False)
    table = pd.DataFrame(rows)
    report_almgren_chriss(table, aversions)
    return table


class Aside:
    """One strategy's view of a market in which several trade on paper: its own position."""

    def __init__(self, market):
        self.market, self.position, self.ids = market, 0, []

    def __getattr__(self, name):
        return getattr(self.market, name)

    def submit(self, child, side):
        before = self.market.position
        self.ids.append(self.market.submit(side, child.size, child.price, child.kind))
        self.position += self.market.position - before


def without_impact(seed, lots, order) -> list[dict]:
    """All strategies in one market: paper orders take nothing, so none sees the others."""
    market = Market("SPY", seed=seed, start_s=START_S, end_s=END_S, keep_trades=False,
                    parts=(FillRule("no_impact"),))
    arrival = market.mid
    views = {name: (Aside(market), Noted(strategy)) for name, strategy in lots.items()}
    for view, noted in views.values():
        noted.reset(order, view)
    for time_s in np.append(np.arange(START_S, END_S, 300.0), END_S):
        market.advance(time_s)
        for view, noted in views.values():
            for child in noted.act(view):
                view.submit(child, order.side)
    rows, fills = [], market.own_fills
    for name, (view, noted) in views.items():
        own = fills[fills["order_id"].isin(view.ids)]
        cost = implementation_shortfall(order.side, order.quantity, own["price"], own["size"],
                                        decision_price=arrival, end_price=market.mid,
                                        fees=own["fee"])
        rows.append({"seed": seed, "impact": "off", "strategy": name, "raw_bps": cost.total_bps,
                     "cv_bps": cost.total_bps - noted.noise_bps(arrival)})
    return rows


def report_almgren_chriss(table: pd.DataFrame, aversions: dict[str, float]) -> None:
    """Means, risks and objectives against TWAP, paired by seed."""
    for impact, part in table.groupby("impact"):
        raw = part.pivot(index="seed", columns="strategy", values="raw_bps")
        cv = part.pivot(index="seed", columns="strategy", values="cv_bps")
        print(f"\nimpact {impact}, {len(raw)} seeds; bps of the notional")
        for name in raw:
            means = f"{name:8s} raw {raw[name].mean():7.2f} std {raw[name].std():6.2f}"
            means += f"  cv {cv[name].mean():6.3f} std {cv[name].std():5.2f}"
            if name != "TWAP":
                one, two = (paired_difference(w[name], w["TWAP"]) for w in (raw, cv))
                low, high = std_ratio_interval(raw[name].to_numpy(), raw["TWAP"].to_numpy())
                ratio = raw[name].std() / raw["TWAP"].std()
                means += (f" | raw diff {one.mean:6.2f} ({one.ci_low:.2f}, {one.ci_high:.2f})"
                          f" cv diff {two.mean:6.3f} ({two.ci_low:.3f}, {two.ci_high:.3f})"
                          f" std ratio {ratio:.3f} ({low:.3f}, {high:.3f})")
                if name in aversions:
                    weight = aversions[name] * 1e-4 * NOTIONAL
                    gain, low, high = objective_difference(raw, cv, name, weight)
                    means += (f" lambda {aversions[name]:.3g}/$: E + lambda V less TWAP's "
                              f"{gain:.2f} ({low:.2f}, {high:.2f})")
            print(means)


def objective_difference(raw, cv, name, weight, n: int = 2000) -> tuple[float, float, float]:
    """E + lambda V of a strategy less that of TWAP, bps, with a 95 % bootstrap over seeds.

    E comes from the control variate, V from the raw cost; `weight` is lambda in 1 / bps.
    """
    def difference(rows):
        one, two = (cv[x].to_numpy()[rows].mean() + weight * raw[x].to_numpy()[rows].var(ddof=1)
                    for x in (name, "TWAP"))
        return one - two

    rng = np.random.default_rng(0)
    picks = [difference(rng.integers(0, len(raw), len(raw))) for _ in range(n)]
    return (difference(np.arange(len(raw))), *np.quantile(picks, [0.025, 0.975]))


def std_ratio_interval(a, b, n: int = 4000) -> tuple[float, float]:
    """95 % bootstrap interval over pairs of std(a) / std(b)."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(a), (n, len(a)))
    ratios = a[picks].std(axis=1, ddof=1) / b[picks].std(axis=1, ddof=1)
    return tuple(np.quantile(ratios, [0.025, 0.975]))


def makers(options) -> pd.DataFrame:
    """Symmetric, Avellaneda-Stoikov, GLFT and Cartea-Jaimungal makers on BTC-USD for an hour."""
    calibration = range(options.first_seed + 500_000, options.first_seed + 500_016)
    hung = hang_quotes("BTC-USD", calibration, distances_ticks=[1, 2, 3, 4, 6, 8, 12, 16, 24],
                       size=options.size, window_s=10)
    fit = hung.fit()
    print(hung.rates(4.0).round(4).to_string(index=False))
    print(f"A {fit.intensity:.4f} ({fit.intensity_se:.4f}) / s, k {fit.decay:.4f} "
          f"({fit.decay_se:.4f}) / tick")
    sigma = fit_volatility(sample_prices("BTC-USD", calibration, interval_s=10), 10)
    print(f"sigma {sigma.sigma:.3f} ({sigma.sigma_se:.3f}) ticks / s^.5")
    session = MakingSession(36_000, 39_600, options.size, 10 * options.size, flatten=True)
    crews = {fees: maker_crew(fit, sigma.sigma, options.aversion, fee_ticks)
             for fees, fee_ticks in (("off", 0.0), ("on", 2e-4 * 78_000))}
    rows = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for case in options.cases:
            fees, trend = case.split("/")
            parts = (() if fees == "on" else (Fees(),)) + (
                Regimes((Regime("trend", 60, trend_bps_per_min=float(trend)),)),)
            for name in options.makers or crews[fees]:
                market = Market("BTC-USD", seed=seed, start_s=36_000, end_s=39_610, parts=parts,
                                keep_trades=False)
                done = make_markets(market, crews[fees][name], session)
                rows.append({"fees_are": fees, "trend_bps_per_min": float(trend), "seed": seed,
                             "maker": name, "mid_move": done.end_mid - done.path["mid"].iloc[0]}
                            | done.row())
        if options.out and seed % 5 == 4:
            pd.DataFrame(rows).round(6).to_csv(options.out, index=False)
    table = pd.DataFrame(rows).round(6)
    for (fees, trend), part in table.groupby(["fees_are", "trend_bps_per_min"]):
        print(f"\nfees {fees}, trend {trend:g} bps a minute")
        report_makers(part)
    return table


def maker_crew(fit, sigma: float, aversion: float, fee_ticks: float) -> dict:
    """Makers by name, their quotes moved out by the fee."""
    k = fit.decay
    # A fee moves all quotes by as much; what is left of A there sets the inventory terms.
    left = fit.intensity * math.exp(-k * fee_ticks)
    glft = GLFT(aversion, sigma, left, k, 10, solution="asymptotic")
    half = 0.5 * float(sum(glft.depths(0.0)))
    print(f"half-spread of GLFT at no inventory {half:.2f} ticks + fee {fee_ticks:.1f}, "
          f"lean {glft.lean:.2f} ticks per quote")
    return {
        "symmetric": FixedMaker(half, fee_ticks=fee_ticks),
        "GLFT": ModelMaker(glft, fee_ticks=fee_ticks),
        "A-S 600 s": ModelMaker(AvellanedaStoikov(aversion, sigma, k), fee_ticks=fee_ticks,
                                horizon_s=600),
        "C-J": ModelMaker(CarteaJaimungalMaking(0.5 * aversion * sigma**2, left, k, 10),
                          fee_ticks=fee_ticks, horizon_s=600),
        "wide symmetric": FixedMaker(2 * half, fee_ticks=fee_ticks),
    }


def report_makers(part: pd.DataFrame) -> None:
    """Profit with its parts per maker, and paired differences to the symmetric one."""
    columns = ["profit", "spread", "adverse", "inventory_gain", "fees", "fills", "inventory_std",
               "largest_inventory"]
    table = part.groupby("maker", sort=False)[columns].mean()
    wide = part.pivot(index="seed", columns="maker", values="profit")
    table["std"] = wide.std()
    table["se"] = wide.std() / math.sqrt(len(wide))
    print(table.round(3).to_string())
    for name in wide:
        if name != "symmetric" and "symmetric" in wide and len(wide) > 1:
            d = paired_difference(wide[name], wide["symmetric"])
            low, high = std_ratio_interval(wide[name].to_numpy(), wide["symmetric"].to_numpy())
            print(f"{name} - symmetric: {d.mean:.2f} ({d.ci_low:.2f}, {d.ci_high:.2f}) $, "
                  f"std ratio {wide[name].std() / wide['symmetric'].std():.3f} "
                  f"({low:.3f}, {high:.3f})")


def main() -> None:
    """Read the command line and run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["tables", "almgren-chriss", "makers"])
    parser.add_argument("--paths", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--quantity", type=int, default=10_000)
    parser.add_argument("--urgencies", type=float, nargs="+", default=[2.0, 4.0, 8.0],
                        help="kappa T of the Almgren-Chriss schedules")
    parser.add_argument("--impact", nargs="+", default=["on", "off"], choices=["on", "off"])
    parser.add_argument("--terms", type=float, nargs=3, metavar=("ETA", "GAMMA", "SIGMA"),
                        help="impact terms and volatility in place of calibrating them")
    parser.add_argument("--size", type=float, default=0.01, help="of one quote, BTC")
    parser.add_argument("--aversion", type=float, default=0.003, help="per tick and quote")
    parser.add_argument("--cases", nargs="+", default=["off/0", "on/0"], metavar="FEES/TREND",
                        help="fees off or on, and the trend in bps a minute, of the makers' hours")
    parser.add_argument("--makers", nargs="+", help="names of makers; default: all")
    parser.add_argument("--out", help="CSV of the single runs")
    options = parser.parse_args()
    what = {"tables": tables, "almgren-chriss": almgren_chriss, "makers": makers}[options.what]
    table = what(options)
    if options.out:
        table.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
