"""Target regions for simulated markets, and the measures of real days behind them."""

from typing import NamedTuple

import pandas as pd

from lobsim.analytics.facts_names import FACTS

SAMPLES = {
    "AAPL": "Apple, NASDAQ only, order by order, 2012-06-21 (LOBSTER)",
    "AMZN": "Amazon, NASDAQ only, order by order, 2012-06-21 (LOBSTER)",
    "GOOG": "Google, NASDAQ only, order by order, 2012-06-21 (LOBSTER)",
    "SPY": "S&P 500 fund, all venues, one-second quotes, trades by tick rule, 2013-10-08",
    "IBM": "IBM, all venues, quotes tick by tick, 2013-10-08",
    "BAC": "Bank of America, all venues, quotes tick by tick, 2013",
    "AIG": "AIG, all venues, quotes tick by tick, 2013",
    "XXX": "an NYSE stock without its name, all venues, 2018-01-02 (TAQ)",
    "BTC15": "Bitcoin/dollar on Bitstamp, 24 h, 2015-05-01",
    "BTC26": "Bitcoin/dollar on Bitstamp, 30 quiet minutes, 2026",
    "PERP": "Bitcoin perpetual on Binance, 6 to 11 minutes",
    "SPOT": "Bitcoin spot on Binance, 6 to 11 minutes",
}
"""The real samples, one day or one capture each: a draw, not a constant."""

_MEASURED = """
spread_median_ticks   15   12   25    1     3     1    1     3     17    1     1    1
spread_median_bps    2.55 5.42 4.40 0.60  1.67  7.28 2.08  1.91   7.25 0.13  0.02 0.00
one_tick_share      0.001 0.002 0.000 1.000 0.100 1.000 0.979 0.172 0.058 0.987 0.991 0.993
depth_median         104  116  111  5500   250 66950  950   500   1.92 0.32  3.21 2.22
trade_size_mean      115 99.078 88.454 332 152  693  190    110 1.573 0.050 0.114 0.022
cancel_to_limit        - 0.87 0.91    -     -     -    -     -   0.96    -     -    -
limit_to_market        -  9.5  8.9    -     -     -    -     -   28.0  244     -    -
limit_filled_share     - 0.081 0.077  -     -     -    -     -  0.044    -     -    -
ofi_r2_1s          0.308 0.159 0.179 0.223 0.444 0.601 0.546 0.505 0.039 0.462 0.380 0.511
ofi_r2_10s         0.412 0.316 0.160 0.485 0.541 0.653 0.699 0.590 0.055 0.503 0.490 0.675
obi_predictive_r2_1s .0014 .0018 .0015 .0426 .0051 .0196 .0543 .0111 .0018 .0214 .0331 .0832
obi_predictive_r2_10s .0005 .0016 .0001 .0096 .0057 .0739 .0271 .0195 .0110 .0589 .0032 .0089
ofi_predictive_r2_1s .0048 .0021 .0013 .0076 .0015 .0017 .0022 .0032 .0000 .0184 .0029 .0338
obi_hit            0.551 0.591 0.584 0.598 0.613 0.648 0.628 0.625 0.589 0.624 0.674 0.767
obi_hit_per_second 0.559 0.540 0.548 0.598 0.580 0.619 0.607 0.599 0.589 0.648 0.615 0.667
obi_hit_0_25       0.556 0.548 0.580 0.523 0.543 0.536 0.544 0.543 0.551 0.507 0.495 0.538
obi_hit_75_100     0.559 0.636 0.588 0.678 0.664 0.870 0.815 0.780 0.615 0.787 0.797 0.862
obi_acf_1s          0.66 0.80 0.83  0.43  0.75  0.96 0.67  0.78   0.97 0.89  0.29 0.41
sign_acf_1          0.59 0.61 0.63  0.76  0.48  0.76 0.61  0.50   0.49 0.70  0.79 0.79
sign_acf_10         0.11 0.10 0.06  0.40  0.08  0.55 0.09  0.19   0.10 0.16  0.58 0.57
sign_acf_50        0.031 0.032 0.004 0.066 0.012 0.287 0.020 0.005 0.070 0.008 0.328 0.239
gap_cv              2.64 2.52 2.45  4.05  2.73  3.58 3.24  2.37   1.89 2.16  3.39 3.20
effective_half_spread_ticks 4.50 4.42 8.89 0.64 1.41 0.50 0.54 1.42 17.66 2.83 - -
response_1s_ticks   3.79 3.53 6.23  0.54  0.77  0.18 0.50  1.17   4.87 6.73    -    -
response_10s_ticks  4.47 4.86 8.22  0.61  1.06  0.27 0.52  1.46  10.10 10.90   -    -
response_60s_ticks  4.24 6.02 7.32  0.53  1.04  0.30 0.51  1.54   9.26 8.65    -    -
signature_01s_bps     92  133  110    75    75   129  151    89    326  8.8   24   26
signature_10s_bps     95  141  104    74    78   122  133    99    288 12.6   22   33
signature_60s_bps     95  144   96    71    72   110  127   105    249    -    -    -
volatility_1min_bps 4.79 7.28 4.83  3.55  3.62  5.52 6.35  5.32   6.57 2.53 6.28 11.09
kurtosis_1s         31.0 35.0 90.5  15.9  36.2  76.0 13.5  76.5    370  438 23.6 20.4
kurtosis_1min        5.4  6.4  5.5   3.6   3.2   4.0  3.6  10.6   11.0  2.9  2.2  2.8
volume_first_half_hour 0.098 0.084 0.076 0.103 0.138 0.108 0.088 0.172 - - - -
volume_last_half_hour  0.219 0.218 0.279 0.162 0.130 0.158 0.159 0.148 - - - -
"""

_EQUITIES = ("AAPL", "AMZN", "GOOG", "SPY", "IBM", "BAC", "AIG", "XXX")
_CLASSES = {
    "large_tick": ("SPY", "BAC", "AIG"),
    "mid_tick": ("IBM", "XXX"),
    "small_tick": ("AAPL", "AMZN", "GOOG"),
    "crypto": ("BTC15", "BTC26", "PERP", "SPOT"),
}
# One-second quotes put SPY's trades against stale mids and dull its hits.
_BY_TICK = {"large_tick": ("BAC", "AIG")}


class Target(NamedTuple):
    """Region of a fact: lowest and highest value that look real, and where they come from."""

    low: float
    high: float
    note: str


def _measures() -> dict[str, dict[str, float]]:
    """Fact to sample to value, unknown ones left out; measured facts and what follows from them."""
    found = {}
    for line in _MEASURED.strip().split("\n"):
        name, *values = line.split()
        found[name] = {sample: float(value) for sample, value in zip(SAMPLES, values, strict=True)
                       if value != "-"}

    def over(above: dict, below: dict) -> dict:
        return {name: above[name] / below[name] for name in above if name in below}

    found["depth_in_trades"] = over(found["depth_median"], found["trade_size_mean"])
    for horizon in ("1s", "10s", "60s"):
        found[f"adverse_selection_{horizon}"] = over(
            found[f"response_{horizon}_ticks"], found["effective_half_spread_ticks"])
    # Captures of minutes have no 60 s volatility; their longest step is 10 s.
    longest = found["signature_10s_bps"] | found["signature_60s_bps"]
    found["signature_flatness"] = over(found["signature_01s_bps"], longest)
    return {name: found[name] for name in FACTS if name in found}


_REFERENCE = _measures()


def reference_facts() -> pd.DataFrame:
    """Facts of the real samples: one row a fact, one column a sample of `SAMPLES`, NaN = unknown.

    Returns
    -------
    DataFrame
        Measured facts, and what follows from them: ``depth_in_trades``, ``adverse_selection_*``,
        ``signature_flatness`` (for samples of minutes over their 10 s volatility). Depth and trade
        sizes in shares, BTC for coins.

    Examples
    --------
    >>> float(reference_facts().loc["obi_hit_75_100", "BAC"])
    0.87
    """
    table = pd.DataFrame.from_dict(_REFERENCE, orient="index", columns=list(SAMPLES))
    table.index.name = "fact"
    return table


def _seen(fact: str, samples: tuple[str, ...]) -> Target:
    """From the lowest to the highest of the samples."""
    values = {name: _REFERENCE[fact][name] for name in samples if name in _REFERENCE[fact]}
    return Target(min(values.values()), max(values.values()), f"range of {', '.join(values)}")


def _near(fact: str, samples: tuple[str, ...], within: float) -> Target:
    """The same, widened by a share of itself on either side, where samples are too few."""
    low, high, note = _seen(fact, samples)
    return Target(low * (1 - within), high * (1 + within), f"{note}, widened by {within:.0%}")


_ACF_NOISE = 0.02
"""Two standard errors of an autocorrelation over some 10,000 trades."""

_WIDENED = {"cancel_to_limit": 0.05, "limit_filled_share": 0.2}
"""Facts known of one or two samples of a class only, and by how much their range is widened."""

# Bounds drawn by hand around the samples above: (low, high) for each class, None = no target.
_DRAWN = {
    #                       large_tick     mid_tick        small_tick     crypto
    "spread_median_ticks": (None, (2, 6), (12, 25), None),
    "spread_median_bps": ((0.6, 7), (1.7, 3), (2.5, 5.5), (0.13, 7.25)),
    "one_tick_share": ((0.97, 1), None, None, None),
    "depth_in_trades": ((5, 100), (1.6, 4.5), (0.9, 1.3), (1.2, 6)),
    "ofi_r2_10s": ((0.4, 0.75), (0.5, 0.7), (0.15, 0.5), (0.05, 0.7)),
    "obi_hit": ((0.60, 0.65), (0.61, 0.63), (0.55, 0.59), (0.59, 0.77)),
    "obi_hit_75_100": ((0.80, 0.90), (0.66, 0.78), None, None),
    "obi_predictive_r2_1s": ((0.02, 0.05), (0.005, 0.011), (0.001, 0.002), (0.002, 0.08)),
    "limit_to_market": (None, None, (8, 10), (28, 240)),
    "sign_acf_1": ((0.70, 0.80), (0.48 - _ACF_NOISE, 0.50 + _ACF_NOISE), (0.59, 0.63), (0.5, 0.8)),
    "sign_acf_10": ((0.40, 0.55), (0.08, 0.19), (0.06, 0.11), (0.1, 0.6)),
    "sign_acf_50": ((0.07, 0.29), (0.01 - _ACF_NOISE, 0.01 + _ACF_NOISE), (0, 0.03), (0.01, 0.33)),
    "gap_cv": ((1.9, 4), (1.9, 4), (1.9, 4), (1.9, 4)),
    "adverse_selection_60s": ((0.6, 1.4), (0.6, 1.4), (0.6, 1.4), None),
    "volatility_1min_bps": ((3.6, 5.5), (3.6, 5.3), (4.8, 7.3), (2.5, 11)),
    "kurtosis_1s": ((16, 90), (16, 90), (16, 90), (20, 440)),
    "kurtosis_1min": ((3, 11), (3, 11), (3, 11), None),
    "volume_first_half_hour": ((0.10, 0.11), (0.14, 0.17), (0.08, 0.10), None),
    "volume_last_half_hour": ((0.15, 0.17), (0.13, 0.15), (0.22, 0.28), None),
}


def _targets() -> dict[str, dict[str, Target]]:
    """Regions of every class: the drawn ones, and ranges of the samples where none was drawn."""
    found: dict[str, dict[str, Target]] = {}
    for place, (market, samples) in enumerate(_CLASSES.items()):
        by_tick = _BY_TICK.get(market, samples)
        own = {name: Target(*map(float, bounds[place]),
                            f"drawn around {_given(name, market)}")
               for name, bounds in _DRAWN.items() if bounds[place] is not None}
        for name in ("ofi_r2_1s", "obi_predictive_r2_10s", "kurtosis_1min"):
            own.setdefault(name, _seen(name, samples))
        for name in ("obi_hit_75_100", "adverse_selection_1s", "adverse_selection_10s",
                     "adverse_selection_60s"):
            own.setdefault(name, _seen(name, by_tick))
        highest = _seen("ofi_predictive_r2_1s", samples)
        own["ofi_predictive_r2_1s"] = highest._replace(low=0.0, note="0 to " + highest.note)
        own["signature_flatness"] = _seen(
            "signature_flatness", samples if market == "crypto" else _EQUITIES)
        for name, within in _WIDENED.items():
            if set(samples) & set(_REFERENCE[name]):
                own[name] = _near(name, samples, within)
        found[market] = {name: own[name] for name in FACTS if name in own}
    return found


def _given(fact: str, market: str) -> str:
    """The samples of a class in which a fact is known, with their values, for a note."""
    values = _REFERENCE[fact]
    return ", ".join(f"{name} {values[name]:.4g}" for name in _CLASSES[market] if name in values)


TARGETS: dict[str, dict[str, Target]] = _targets()
"""Region of each fact by class of market: "large_tick" (a spread of one tick: SPY, BAC, AIG),
"mid_tick" (IBM), "small_tick" (AAPL, AMZN, GOOG in 2012), "crypto" (Bitcoin/dollar).

A fact without a region in a class is not judged there: nothing real was at hand to judge it by.
Rates, sizes and prices are matters of scale and have no region at all.
"""
