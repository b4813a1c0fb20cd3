"""The known formats, and recognising a text format by its first line."""

from __future__ import annotations

import re

from lobsim.data.fields import plain_name
from lobsim.data.itch_layout import ITCH_TYPES, PREFIX

__all__ = ["FORMATS", "guess", "guess_binary"]

FORMATS = {
    "taq_trades": "Daily TAQ trades",
    "taq_quotes": "Daily TAQ quotes of each exchange",
    "taq_nbbo": "Daily TAQ NBBO",
    "wrds_trades": "WRDS trades (ctm)",
    "wrds_quotes": "WRDS quotes of each exchange (cqm)",
    "wrds_nbbo": "WRDS NBBO (complete_nbbo, nbbom)",
    "lean": "QuantConnect LEAN zip",
    "lobster": "LOBSTER message and orderbook file",
    "bitstamp": "Bitstamp order events",
    "tardis": "Tardis.dev CSV",
    "hftbacktest": "hftbacktest events (npz)",
    "databento": "Databento CSV export or DBN file",
    "itch": "NASDAQ ITCH 5.0",
}

# (format, separator, column names that only it has), the most telling first: an NBBO file also
# has the columns of a quote file.
_HEADERS = (
    ("taq_nbbo", "|", {"bestbidprice", "bestofferprice"}),
    ("taq_quotes", "|", {"bidprice", "offerprice"}),
    ("taq_trades", "|", {"tradeprice", "tradevolume"}),
    ("wrds_trades", ",", {"timem", "price", "size"}),
    ("wrds_quotes", ",", {"timem", "bid", "ask"}),
    ("wrds_nbbo", ",", {"timem", "bestbid", "bestask"}),
    ("databento", ",", {"tsrecv", "tsevent", "action", "flags"}),
    ("bitstamp", ",", {"action", "direction", "volume", "price"}),
    ("tardis", ",", {"exchange", "symbol", "timestamp", "localtimestamp"}),
)
_LOBSTER_MESSAGE = re.compile(r"\d+(\.\d*)?,[1-7],-?\d+,\d+,-?\d+,-?1")
_LEAN_TICK = re.compile(r"\d+(\.\d+)?,\d+,\d+,(\d+,\d+,)?[A-Z]?,[0-9A-Fa-f]{1,8},[01]")


def guess(line: str) -> str | None:
    """Recognise a format by the first line of a text file.

    Parameters
    ----------
    line : str

    Returns
    -------
    str or None
        A key of `FORMATS`; None when nothing fits. Bars and crypto ticks of LEAN are not told
        apart from other numbers.

    Examples
    --------
    >>> guess("Time|Exchange|Symbol|Sale Condition|Trade Volume|Trade Price")
    'taq_trades'
    """
    line = line.strip()
    for name, separator, telling in _HEADERS:
        if telling <= {plain_name(column) for column in line.split(separator)}:
            return name
    if _LOBSTER_MESSAGE.fullmatch(line):
        return "lobster"
    return "lean" if _LEAN_TICK.fullmatch(line) else None


def guess_binary(head: bytes) -> str | None:
    """Recognise a binary format by the first (unpacked) bytes of a file.

    Parameters
    ----------
    head : bytes

    Returns
    -------
    str or None
        A key of `FORMATS`; None when nothing fits.

    Examples
    --------
    >>> guess_binary(bytes.fromhex("000c 53 0000 0000 0a11ea0e8c43 4f"))
    'itch'
    """
    if head[:6] == b"\x93NUMPY":
        return "hftbacktest"
    if head[:3] == b"DBN":
        return "databento"
    first = ITCH_TYPES.get(chr(head[PREFIX])) if len(head) > PREFIX else None
    length = int.from_bytes(head[:PREFIX], "big")
    return "itch" if first is not None and first.length == length else None


def hint(line: str) -> str:
    """What a file of another format seems to be, for the end of an error message."""
    name = guess(line)
    return f"; it looks like {FORMATS[name]}" if name else ""
