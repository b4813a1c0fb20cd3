"""``lobsim data facts``: stylised facts of a profile or of files beside those of real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lobsim.cli_output import WRONG_USE, complain, one_sentence_errors, print_json

NAME_OR_FILES = "A profile (SPY), a LOBSTER file, or a quote file and a trade file."


@one_sentence_errors
def facts(
    source: Annotated[list[str], typer.Argument(help=NAME_OR_FILES, show_default=False)],
    target: Annotated[
        str | None,
        typer.Option(
            help="large_tick, mid_tick, small_tick or crypto.", show_default="the profile's"
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Markets of a profile to average.", min=1)] = 2,
    start: Annotated[
        float | None, typer.Option(help="Start, s after midnight.", show_default="the day's")
    ] = None,
    end: Annotated[
        float | None, typer.Option(help="End, s after midnight.", show_default="the day's")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Measure a simulated or real market, and put it beside the region of real ones."""
    from lobsim.analytics import TARGETS

    if target is not None and target not in TARGETS:
        complain(f"the target is {target!r}; it must be one of {', '.join(TARGETS)}")
        raise typer.Exit(WRONG_USE)
    window = {key: value for key, value in (("start_s", start), ("end_s", end))
              if value is not None}
    try:
        markets, target, reasons = _measured(source, target, seeds, window, symbol)
        found, card = _judged(markets, target, reasons)
    except ValueError as error:  # a name, a window or a file that does not fit
        complain(" ".join(str(error).split()))
        raise typer.Exit(WRONG_USE) from None
    if card is None:
        if as_json:
            print_json(dict(found[0]))
        else:
            typer.echo(found[0].table().to_string())
        return
    if as_json:
        print_json({"source": source, "target": target, "mean_distance": card.mean_distance,
                    "inside": len(card.inside), "outside": len(card.outside),
                    "facts": card.table().reset_index().to_dict(orient="records")})
    else:
        typer.echo(str(card))


def _judged(markets, target, reasons):
    """The facts of all markets, and their scorecard where there is a target to judge them by."""
    from lobsim.analytics import facts_of, scorecard

    found = [facts_of(*one, **extra) for one, extra in markets]
    return found, scorecard(found, target, reasons=reasons) if target is not None else None


def _measured(source, target, seeds, window, symbol):
    """What to measure, as arguments of `facts_of`; the target; and the reasons of misses."""
    from lobsim.data import LobsterDay, read_any, read_quotes, read_trades
    from lobsim.market import UNIVERSE, Market, profiles

    if len(source) == 1 and not Path(source[0]).exists():
        known = profiles | {profile.name: profile for profile in UNIVERSE}
        if source[0] not in known:
            raise ValueError(f"{source[0]!r} is neither a file nor a profile; profiles are "
                             f"{', '.join(profiles)}, and {UNIVERSE[0].name} to "
                             f"{UNIVERSE[-1].name} of the universe")
        profile = known[source[0]]
        start = window.get("start_s", profile.day_start_s)
        end = window.get("end_s", profile.day_end_s)
        return _simulated(Market, profile, seeds, start, end), target or profile.facts, \
            profile.misses
    if len(source) == 1:
        found = read_any(source[0], symbol)
        if not isinstance(found, LobsterDay):
            raise ValueError(f"{source[0]} is one table; give a quote file and a trade file")
        return [((found,), window)], target, None
    if len(source) != 2:
        raise ValueError(f"there are {len(source)} sources; give one or two")
    quotes, trades = read_quotes(source[0], symbol), read_trades(source[1], symbol)
    signs = "tick" if quotes.attrs["kind"] == "bars" or quotes.attrs.get("format") == "lean" \
        and "second" in str(source[0]) else "lee_ready"
    return [((quotes, trades), window | {"signs": signs})], target, None


def _simulated(market_class, profile, seeds, start, end):
    """Markets of a profile, run to the end, one at a time so that memory holds one recording."""
    for seed in range(1, seeds + 1):
        market = market_class(profile, seed, start, end, record=True)
        market.advance(end)
        yield (market,), {}
