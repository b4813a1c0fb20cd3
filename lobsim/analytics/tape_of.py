"""Best quotes and market orders of anything that holds a day, as two tables of one form."""

from typing import NamedTuple

import pandas as pd

from lobsim.analytics.facts_of import US_DAY_S, US_TICK


class Tape(NamedTuple):
    """What anyone can see of a day at the top of one book.

    Attributes
    ----------
    quotes : DataFrame
        ``time_ns, bid, bid_size, ask, ask_size`` after each change, sorted.
    trades : DataFrame
        Market orders: ``time_ns, price, size, sign`` (+1 bought by the aggressor) and more. Fills
        of one moment and side are one order.
    tick_size : float
        In currency.
    start_s, end_s : float
        Window in seconds since midnight.
    """

    quotes: pd.DataFrame
    trades: pd.DataFrame
    tick_size: float
    start_s: float
    end_s: float


def tape_of(source, trades: pd.DataFrame | None = None, *, tick_size: float | None = None,
            signs: str = "lee_ready") -> Tape:
    """Quotes and market orders of a simulated market, a LOBSTER day or read tables.

    Parameters
    ----------
    source : Market, LobsterDay or DataFrame
        A market made with ``record=True``; or a day as read by `lobsim.data`; or a table of quotes
        (TAQ, WRDS, LEAN) with `trades` beside it.
    trades : DataFrame, optional
        Trade prints; only with a table of quotes.
    tick_size : float, optional
        In currency; by default that of the market, or a cent.
    signs : {"lee_ready", "tick"}
        How unsigned prints are signed.

    Returns
    -------
    Tape

    Raises
    ------
    TypeError
        The source is nothing of these.
    ValueError
        A table of quotes without its trades, or a market that recorded nothing.

    Examples
    --------
    >>> from lobsim.data import bundled, read_lobster
    >>> tape = tape_of(read_lobster(bundled("lobster_messages"), bundled("lobster_book")))
    >>> tape.tick_size, sorted(tape.trades.columns)[:3]
    (0.01, ['fills', 'price', 'sign'])
    """
    from lobsim.analytics import facts_sources as sources  # here, as it loads the engine

    if sources.is_market(source):
        profile = source.profile
        found = sources.recorded(source.record(), profile.tick_size, profile.lot_size)
        end_s = getattr(source, "venue_s", source.clock_s)
        return Tape(*found[:2], tick_size or profile.tick_size, source.start_s, end_s)
    window = {"tick_size": tick_size or US_TICK, "start_s": US_DAY_S[0], "end_s": US_DAY_S[1]}
    if isinstance(source, sources.LobsterDay):
        found = sources.from_lobster(source)
        span = source.messages["time_ns"].iloc[[0, -1]] / 1e9
        window.update(start_s=max(float(span.iloc[0]), US_DAY_S[0]),
                      end_s=min(float(span.iloc[1]), US_DAY_S[1]))
        return Tape(*found[:2], **window)
    if isinstance(source, pd.DataFrame):
        if trades is None:
            raise ValueError("a table of quotes needs its trades: tape_of(quotes, trades)")
        found = sources.from_tables(source, trades, signs, day_s=US_DAY_S, **window)
        return Tape(*found[:2], **window)
    raise TypeError(f"tape_of got a {type(source).__name__}; allowed are a Market, a LobsterDay, "
                    "or a table of quotes with a table of trades")
