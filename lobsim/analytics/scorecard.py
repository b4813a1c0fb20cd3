"""`scorecard`: stylised facts of one or several simulated markets against their target regions."""

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lobsim.analytics._checks import one_of
from lobsim.analytics.facts_names import FACTS
from lobsim.analytics.facts_of import facts_of
from lobsim.analytics.stylised_facts import Facts
from lobsim.analytics.targets import TARGETS, Target

LARGE_TICK_SPREAD, MID_TICK_SPREAD = 1.5, 8.0
"""Median spreads in ticks up to which a share counts as large-tick, or mid-tick."""
ROUNDING = 0.02
"""Bounds are told to two digits: a value this near, as a share of the bound and of the region's
width (whichever is less), counts as inside."""
_COLOURS = {"inside": "#1b7f3b", "low": "#b3261e", "high": "#b3261e", "unknown": "#666666"}


@dataclass(frozen=True, eq=False)
class Scorecard:
    """Facts against the regions of a class of markets.

    Attributes
    ----------
    rows : DataFrame
        Index ``fact``; columns ``value, stderr`` (of the mean over markets; NaN for one), ``low,
        high, verdict`` ("inside", "low", "high", "unknown" = not to be told), ``distance`` (how far
        outside, in widths of the region; negative = too low, 0 = inside), ``unit, source`` (of the
        region), ``reason`` (why the fact is missed, where that is known).
    target : str
        Class of market, a key of `TARGETS`, or "custom".
    markets : int
        How many markets were averaged.
    """

    rows: pd.DataFrame
    target: str
    markets: int

    @property
    def inside(self) -> list[str]:
        """Facts inside their regions."""
        return self._with(("inside",))

    @property
    def outside(self) -> list[str]:
        """Facts outside their regions, the farthest first."""
        found = self.rows.loc[self._with(("low", "high")), "distance"].abs()
        return list(found.sort_values(ascending=False, kind="stable").index)

    @property
    def unknown(self) -> list[str]:
        """Facts that have a region but could not be measured."""
        return self._with(("unknown",))

    @property
    def mean_distance(self) -> float:
        """Mean distance outside, in widths of a region, over the facts known: 0 is best.

        A number to make smaller in a search; NaN when nothing is known.
        """
        known = self.rows["distance"].dropna().abs()
        return float(known.mean()) if len(known) else float("nan")

    def _with(self, verdicts) -> list[str]:
        return list(self.rows.index[self.rows["verdict"].isin(verdicts)])

    def table(self) -> pd.DataFrame:
        """A copy of `rows`."""
        return self.rows.copy()

    def _heading(self) -> str:
        judged = len(self.rows) - len(self.unknown)
        what = "1 market" if self.markets == 1 else f"mean of {self.markets} markets"
        return (f"{len(self.inside)} of {judged} facts look like a {self.target.replace('_', '-')} "
                f"market ({what})")

    def __str__(self) -> str:
        lines = [self._heading()]
        for row in self.rows.itertuples():
            spread = "" if np.isnan(row.stderr) else f" +- {row.stderr:.2g}"
            region = f"{row.low:.4g} to {row.high:.4g}"
            away = f" by {abs(row.distance):.2g} widths" if row.verdict in ("low", "high") else ""
            line = (f"  {row.Index:28s}{row.value:10.4g}{spread:11s} {region:18s} "
                    f"{row.verdict}{away}")
            lines.append(line.rstrip())
            if row.reason:
                lines.append(f"      {row.reason}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in
                       ("fact", "value", "region", "verdict", "outside by", "why"))
        body = []
        for row in self.rows.itertuples():
            value = f"{row.value:.4g}"
            if not np.isnan(row.stderr):
                value += f" &plusmn; {row.stderr:.2g}"
            away = f"{row.distance:+.2f} widths" if row.verdict in ("low", "high") else ""
            cells = (
                f"<span title='{html.escape(FACTS[row.Index].meaning, True)}'>{row.Index}</span>",
                f"{value} {row.unit}",
                f"<span title='{html.escape(row.source, True)}'>{row.low:.4g} to {row.high:.4g}"
                "</span>",
                f"<b style='color:{_COLOURS[row.verdict]}'>{row.verdict}</b>",
                away,
                html.escape(row.reason),
            )
            body.append("<tr>" + "".join(f"<td style='text-align:left'>{c}</td>" for c in cells)
                        + "</tr>")
        return (f"<p><b>{html.escape(self._heading())}</b></p><table><thead><tr>{head}</tr></thead>"
                f"<tbody>{''.join(body)}</tbody></table>")


def scorecard(
    markets,
    target: str | Mapping[str, Target | tuple] | None = None,
    *,
    reasons: Mapping[str, str] | None = None,
    **options,
) -> Scorecard:
    """Judge markets by their stylised facts.

    Parameters
    ----------
    markets : Facts, or anything `facts_of` takes alone, or several of them
        Several (a list, a generator), as a rule seeds of one profile, are averaged.
    target : str or mapping, optional
        A key of `TARGETS` ("large_tick", "mid_tick", "small_tick", "crypto"), or regions of your
        own: fact to ``(low, high)`` or `Target`. Default: "crypto" for a market that counts in
        coins, else by the median spread (up to 1.5 ticks large, up to 8 ticks mid).
    reasons : mapping of str to str, optional
        Why facts are missed. Default: the ``misses`` of the market's profile if that is a mapping.
    **options
        Passed to `facts_of` (``tick_size`` for recordings, for example).

    Returns
    -------
    Scorecard

    Raises
    ------
    ValueError
        When there is no market, the target is unknown, or a region is empty or of no known fact.

    Examples
    --------
    >>> facts = Facts({"gap_cv": 1.05, "one_tick_share": 0.98}, 36_000, 50_400)
    >>> card = scorecard(facts, {"gap_cv": (1.9, 4.0), "one_tick_share": (0.97, 1.0)},
    ...                  reasons={"gap_cv": "arrivals are Poisson"})
    >>> print(card)
    1 of 2 facts look like a custom market (1 market)
      one_tick_share                    0.98            0.97 to 1          inside
      gap_cv                            1.05            1.9 to 4           low by 0.4 widths
          arrivals are Poisson
    """
    several = markets if _is_several(markets) else [markets]
    measured, profile = [], None
    for market in several:
        profile = getattr(market, "profile", profile)
        measured.append(market if isinstance(market, Facts) else facts_of(market, **options))
    if not measured:
        raise ValueError("scorecard got no market; give at least one")
    name, regions = _regions(target, measured, profile)
    if reasons is None:
        misses = getattr(profile, "misses", None)
        reasons = misses if isinstance(misses, Mapping) else {}
    rows = [_row(fact, regions[fact], [facts.numbers.get(fact, np.nan) for facts in measured],
                 reasons.get(fact, ""))
            for fact in FACTS if fact in regions]
    columns = ["fact", "value", "stderr", "low", "high", "verdict", "distance", "unit", "source",
               "reason"]
    return Scorecard(pd.DataFrame(rows, columns=columns).set_index("fact"), name, len(measured))


def _is_several(markets) -> bool:
    """Facts are iterable too (by name), so they are asked first; so are tables."""
    return isinstance(markets, Iterable) and not isinstance(markets, (Facts, pd.DataFrame))


def _regions(target, measured, profile) -> tuple[str, dict[str, Target]]:
    if target is None:
        target = _class_of(measured, profile)
    if isinstance(target, str):
        one_of(target, tuple(TARGETS), "target")
        return target, TARGETS[target]
    regions = {}
    for fact, bounds in target.items():
        if fact not in FACTS:
            raise ValueError(f"there is no fact {fact!r}; the facts are {', '.join(FACTS)}")
        regions[fact] = Target(*bounds, *("given by the caller",) * (len(bounds) == 2))
        if not regions[fact].low < regions[fact].high:
            raise ValueError(f"the region of {fact} is {bounds[0]} to {bounds[1]}; "
                             "the first must be the smaller one")
    return "custom", regions


def _class_of(measured: list[Facts], profile) -> str:
    if profile is not None and profile.size_unit != "shares":
        return "crypto"
    spread = np.median([facts.numbers.get("spread_median_ticks", np.nan) for facts in measured])
    if np.isnan(spread):
        raise ValueError("the spread is not known, so neither is the class of market; give "
                         f"target=, one of {', '.join(TARGETS)}")
    if spread <= LARGE_TICK_SPREAD:
        return "large_tick"
    return "mid_tick" if spread <= MID_TICK_SPREAD else "small_tick"


def _row(fact: str, region: Target, values: list[float], reason: str) -> tuple:
    known = np.array([value for value in values if np.isfinite(value)])
    value = float(known.mean()) if len(known) else np.nan
    stderr = float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else np.nan
    width = region.high - region.low
    bound = region.low if value < region.low else region.high
    beyond = max(region.low - value, value - region.high)
    if np.isnan(value):
        verdict, distance = "unknown", np.nan
    elif beyond <= ROUNDING * min(abs(bound), width):
        verdict, distance = "inside", 0.0
    else:
        verdict = "low" if value < region.low else "high"
        distance = beyond / width * (-1 if verdict == "low" else 1)
    told = reason if verdict in ("low", "high") else ""
    return (fact, value, stderr, region.low, region.high, verdict, distance, FACTS[fact].unit,
            region.note, told)
