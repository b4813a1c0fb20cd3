"""`facts_of`: the stylised facts of a simulated market, a recording, or tables of real data."""

import pandas as pd

from lobsim.analytics.stylised_facts import Facts, stylised_facts

US_DAY_S = (34_200.0, 57_600.0)
"""Regular hours of US shares, 09:30 to 16:00 New York, in seconds since midnight."""
US_TICK = 0.01


def facts_of(
    source,
    trades: pd.DataFrame | None = None,
    *,
    tick_size: float | None = None,
    lot_size: float = 1.0,
    start_s: float | None = None,
    end_s: float | None = None,
    day_s: tuple[float, float] | None = None,
    signs: str = "lee_ready",
    clock: float | None = None,
) -> Facts:
    """Stylised facts of whatever holds a market.

    Parameters
    ----------
    source : Market, Recording, LobsterDay or DataFrame
        * a `Market` made with ``record=True``: from its start to its clock (with latency: the clock
          of the venue as it is seen then);
        * its `Recording` (give `tick_size`, and `lot_size` for fractions of a coin);
        * a `LobsterDay`: executions with one time stamp and side are one market order;
        * quotes (TAQ, WRDS, LEAN) as read by `lobsim.data`, with `trades` beside it. Quotes of
          single exchanges are consolidated (`nbbo`, without crossed and locked states), bars become
          quotes, trades are filtered (`regular_trades`) and, unless they have a column ``sign``,
          signed. Where the window opens with the day, quotes from before it are not carried in:
          the opening auction lies between.
    trades : DataFrame, optional
        Trade prints; only with a table of quotes.
    tick_size : float, optional
        Currency per tick; known for a `Market`, 0.01 for US shares.
    lot_size : float
        Size of one lot of a `Recording`'s fills.
    start_s, end_s : float, optional
        The window, in seconds since midnight. Default: the recorded one, and 09:30 to 16:00 for
        real data.
    day_s : (float, float), optional
        The trading day; known for a `Market`, 09:30 to 16:00 for real data.
    signs : {"lee_ready", "tick"}
        How unsigned trades are signed; "tick" where the quotes are only bars.
    clock : float, optional
        Seconds on the market's own clock in one second, as in `stylised_facts`; that of its profile
        for a `Market`, else 1.

    Returns
    -------
    Facts

    Raises
    ------
    TypeError, ValueError
        When the source is none of these, or something about it is not known.

    Examples
    --------
    >>> from lobsim.market import Market
    >>> market = Market("SPY", seed=1, record=True)
    >>> market.advance(market.start_s + 600)
    >>> facts = facts_of(market)
    >>> bool(0.9 < facts.one_tick_share <= 1)
    True
    """
    from lobsim.analytics import facts_sources as sources  # here, as it loads the engine

    if sources.is_market(source):
        profile = source.profile
        given = {"tick_size": profile.tick_size if tick_size is None else tick_size,
                 "start_s": source.start_s if start_s is None else start_s,
                 "end_s": getattr(source, "venue_s", source.clock_s) if end_s is None else end_s,
                 "day_s": (profile.day_start_s, profile.day_end_s) if day_s is None else day_s,
                 "clock": getattr(profile, "clock", 1.0) if clock is None else clock}
        if not given["start_s"] < given["end_s"]:
            raise ValueError(f"the market's clock is at {source.clock_s:g} s and the window starts "
                             f"at {given['start_s']:g} s; advance the market first")
        recorded = sources.recorded(source.record(), profile.tick_size, profile.lot_size)
        return stylised_facts(*recorded, **given)
    clock = 1.0 if clock is None else clock
    if sources.is_recording(source):
        if tick_size is None:
            raise ValueError("a Recording does not know its tick size; give tick_size=, or pass "
                             "the Market itself")
        first, last = sources.recorded_window(source)
        return stylised_facts(*sources.recorded(source, tick_size, lot_size), tick_size=tick_size,
                              start_s=first if start_s is None else start_s,
                              end_s=last if end_s is None else end_s, day_s=day_s, clock=clock)
    given = {"tick_size": US_TICK if tick_size is None else tick_size,
             "start_s": US_DAY_S[0] if start_s is None else start_s,
             "end_s": US_DAY_S[1] if end_s is None else end_s,
             "day_s": US_DAY_S if day_s is None else day_s, "clock": clock}
    if isinstance(source, sources.LobsterDay):
        return stylised_facts(*sources.from_lobster(source), **given)
    if isinstance(source, pd.DataFrame):
        if trades is None:
            raise ValueError("a table of quotes needs its trades: facts_of(quotes, trades)")
        return stylised_facts(*sources.from_tables(source, trades, signs, **given), **given)
    raise TypeError(f"facts_of got a {type(source).__name__}; allowed are a Market, a Recording, "
                    "a LobsterDay, or a table of quotes with a table of trades")
