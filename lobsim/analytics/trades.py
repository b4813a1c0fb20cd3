"""Which prints of a trade tape are ordinary trades: sale conditions and corrections explained."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, need_columns


class SaleCondition(NamedTuple):
    """One letter of the TAQ sale-condition field."""

    code: str
    meaning: str
    kept: bool
    why: str


_TIME = "its price was agreed at another time"
_AVERAGE = "its price is an average over several trades"
_SETTLE = "its price includes another settlement date"
_HOURS = "outside regular trading hours"
_AUCTION = "an auction price: no one crossed a spread"
_NOT_A_TRADE = "a report of a price, not a further trade"
_SPECIAL = "its price follows from another contract or rule"

SALE_CONDITIONS: tuple[SaleCondition, ...] = (
    SaleCondition("@", "regular sale", True, "the ordinary case"),
    SaleCondition("E", "automatic execution", True, "the ordinary case"),
    SaleCondition("F", "intermarket sweep", True, "takes liquidity at the quoted price"),
    SaleCondition("I", "odd lot (fewer than 100 shares)", True, "a trade like others, but small"),
    SaleCondition("S", "split trade", True, "a trade like others, printed in parts"),
    SaleCondition("X", "cross", True, "a trade within the quotes"),
    SaleCondition("8", "reserved", True, "carries no meaning"),
    SaleCondition("Y", "yellow flag", True, "a regular trade of a marked stock"),
    SaleCondition("T", "extended hours (form T)", False, _HOURS),
    SaleCondition("U", "extended hours, out of sequence", False, _HOURS),
    SaleCondition("Z", "sold, out of sequence", False, _TIME),
    SaleCondition("L", "sold last, reported late", False, _TIME),
    SaleCondition("G", "bunched sold, reported late", False, _TIME),
    SaleCondition("P", "prior reference price", False, _TIME),
    SaleCondition("1", "stopped stock", False, _TIME),
    SaleCondition("B", "bunched or average price", False, _AVERAGE),
    SaleCondition("W", "average price", False, _AVERAGE),
    SaleCondition("C", "cash settlement", False, _SETTLE),
    SaleCondition("N", "next-day settlement", False, _SETTLE),
    SaleCondition("R", "seller's option settlement", False, _SETTLE),
    SaleCondition("4", "derivatively priced", False, _SPECIAL),
    SaleCondition("7", "qualified contingent trade", False, _SPECIAL),
    SaleCondition("V", "contingent trade", False, _SPECIAL),
    SaleCondition("H", "price variation", False, _SPECIAL),
    SaleCondition("K", "rule 127 or 155", False, _SPECIAL),
    SaleCondition("A", "acquisition", False, _SPECIAL),
    SaleCondition("D", "distribution", False, _SPECIAL),
    SaleCondition("O", "opening auction", False, _AUCTION),
    SaleCondition("5", "reopening auction", False, _AUCTION),
    SaleCondition("6", "closing auction", False, _AUCTION),
    SaleCondition("M", "official close", False, _NOT_A_TRADE),
    SaleCondition("Q", "official open", False, _NOT_A_TRADE),
    SaleCondition("9", "corrected consolidated close", False, _NOT_A_TRADE),
)

_AUCTION_CODES = frozenset("O56")


def sale_conditions() -> pd.DataFrame:
    """Table of the TAQ sale-condition letters: code, meaning, kept, why.

    Returns
    -------
    DataFrame
        One row per letter, ordered as :func:`regular_trades` looks for them.

    Examples
    --------
    >>> table = sale_conditions().set_index("code")
    >>> bool(table.loc["I", "kept"]), table.loc["W", "why"]
    (True, 'its price is an average over several trades')
    """
    return pd.DataFrame(SALE_CONDITIONS)


def regular_trades(
    trades: pd.DataFrame,
    *,
    auctions: bool = False,
    odd_lots: bool = True,
    off_exchange: bool = True,
    start_s: float | None = None,
    end_s: float | None = None,
) -> pd.DataFrame:
    """Keep the prints whose price was agreed in the market, then and there.

    A print is kept when its correction indicator is 00 (never corrected), price and size are
    positive, and no letter of its sale condition is on the list of dropped ones
    (:func:`sale_conditions`). A letter that is not on the list is dropped too.

    Parameters
    ----------
    trades : DataFrame
        Table of ``lobsim.data`` with ``time_ns, price, size`` and, where known, ``exchange``,
        ``condition`` (up to four letters in any place) and ``correction``.
    auctions : bool
        Keep opening, reopening and closing auctions (for volume curves; they pay no spread).
    odd_lots : bool
        Keep trades marked I.
    off_exchange : bool
        Keep prints of the trade reporting facilities (exchange D).
    start_s, end_s : float, optional
        Keep ``start_s <= time < end_s``, in seconds since midnight.

    Returns
    -------
    DataFrame
        The kept rows in order, with a fresh index. ``attrs["report"]`` is ``{"rows_in",
        "rows_out", "dropped": {reason: rows}}``; a row with several reasons counts under the
        first of: correction, price or size, window, sale condition (in the order of the table),
        venue.

    Notes
    -----
    Correction indicators: 00 never corrected; 01 an original that was corrected later;
    07, 08 cancelled; 10 to 12 the correcting records. Keeping 01 as well as 12 would count a
    trade twice, so all but 00 go.

    Examples
    --------
    >>> trades = pd.DataFrame({"time_ns": [1, 2, 3], "price": [10.0, 10.0, 9.9],
    ...     "size": [100, 5, 900], "condition": ["@   ", "@  I", "@  W"],
    ...     "correction": ["00", "00", "00"]})
    >>> kept = regular_trades(trades)
    >>> kept["size"].tolist(), kept.attrs["report"]["dropped"]
    ([100, 5], {'W average price': 1})
    """
    need_columns(trades, ("time_ns", "price", "size"), "trades")
    reasons = ["kept"]
    reason = np.zeros(len(trades), dtype=np.int64)

    def drop(rows: np.ndarray, name: str) -> None:
        fresh = rows & (reason == 0)
        if fresh.any():
            reasons.append(name)
            reason[fresh] = len(reasons) - 1

    if "correction" in trades.columns:
        drop(_corrected(trades["correction"]), "correction indicator is not 00")
    good = (trades["price"].to_numpy() > 0) & (trades["size"].to_numpy() > 0)
    drop(~good, "price or size is not positive")
    time = trades["time_ns"].to_numpy()
    if start_s is not None:
        drop(time < round(start_s * NS_PER_S), "before the window")
    if end_s is not None:
        drop(time >= round(end_s * NS_PER_S), "after the window")
    if "condition" in trades.columns:
        _drop_conditions(trades["condition"], drop, auctions, odd_lots)
    if not off_exchange:
        need_columns(trades, ("exchange",), "trades")
        drop((trades["exchange"] == "D").to_numpy(), "off-exchange print")

    kept = trades[reason == 0].reset_index(drop=True)
    counts = np.bincount(reason, minlength=len(reasons))
    dropped = {name: int(count) for name, count in zip(reasons[1:], counts[1:], strict=True)}
    report = {"rows_in": len(trades), "rows_out": len(kept), "dropped": dropped}
    kept.attrs = {**trades.attrs, "report": report}
    return kept


def _corrected(correction: pd.Series) -> np.ndarray:
    """True where the indicator is anything but 00 (also read as 0 or blank)."""
    codes, names = pd.factorize(correction.fillna("00").astype(str).str.strip())
    bad = np.array([name.strip("0") != "" for name in names], dtype=bool)
    return bad[codes] if len(names) else np.zeros(len(correction), dtype=bool)


def _drop_conditions(condition: pd.Series, drop, auctions: bool, odd_lots: bool) -> None:
    """Mark rows by the letters of their condition, looking once at each distinct string."""
    codes, texts = pd.factorize(condition.fillna("").astype(str))
    if not len(texts):
        return
    known = {entry.code for entry in SALE_CONDITIONS} | {" "}
    for entry in SALE_CONDITIONS:
        kept = entry.kept
        if entry.code in _AUCTION_CODES:
            kept = auctions
        if entry.code == "I":
            kept = odd_lots
        if not kept:
            has = np.array([entry.code in text for text in texts], dtype=bool)
            drop(has[codes], f"{entry.code} {entry.meaning}")
    strange = np.array([bool(set(text) - known) for text in texts], dtype=bool)
    drop(strange[codes], "unknown sale condition")
