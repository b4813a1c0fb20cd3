r"""The message protocol of the live venue: one JSON object a line, over TCP or in one process.

Lines are UTF-8, end with ``\n`` and hold one flat JSON object with a ``type``. Prices are whole
ticks and sizes whole lots (their units are told by ``welcome``), times whole nanoseconds after
midnight. Version 1.

What a trader sends
-------------------
========== ================================= ====================================================
type       fields                            what it asks
========== ================================= ====================================================
logon      version, session, last_seq        begin, or go on after message `last_seq` (0: from the
                                             first); the answer is ``welcome``
new        id, side, lots, kind,             a new order: side +1 or -1; kind limit, market, ioc,
           price_ticks, sent_ns              fok or post_only; price_ticks 0 for market
cancel     id, order, sent_ns                withdraw what is left of the order with the id `order`
reduce     id, order, lots, sent_ns          take `lots` off it; it keeps its place in the queue
replace    id, order, lots, price_ticks,     a new price and open size; keeps its place only at the
           sent_ns                           same price and with no larger size
step       until_ns                          let the market run (a venue in lockstep only)
resend     from_seq                          send again all messages from this number on
status     (none)                            tell orders and account as the venue sees them
heartbeat  echo                              I am here; is answered with the same `echo`
logout     (none)                            close the connection; orders stay
========== ================================= ====================================================

`id` names a request, 1 to 32 letters, digits, ``-``, ``_`` or ``.``; that of a ``new`` names the
order, too. **A request is carried out once**: the same one sent again, however often and over
however many connections, is answered by a ``report`` with ``what="known"``, which tells nothing
more: its true answer is among the messages before, or on its way. Another request under a used id
is refused. ``sent_ns`` is the trader's clock, kept for the logs.

What the venue sends
--------------------
Numbered by `seq` = 1, 2, ... over the whole day and all connections, kept to be sent again:

========== ======================================================================================
type       fields
========== ======================================================================================
report     what became of a request or an order: what (accepted, reduced, replaced, filled,
           cancelled, rejected, known), id of the request ("" if nobody asked), order, side,
           price_ticks, lots (of this event), total, filled, cancelled (lots asked for so far and
           what became of them; they only grow), left (total - filled - cancelled), fee (of this
           fill or cancel, in currency, > 0 paid), maker (this fill), exec (number of the fill, 1,
           2, ... over the day; 0 if none), reason ("" if none), received_ns (when the request
           reached the gateway, 0 if none), venue_ns (when it happened in the book), sent_ns
trades     prints since the last: rows of [ns, price_ticks, lots, side of the taker]; venue_ns,
           sent_ns
book       bids, asks: the best levels as [price_ticks, lots], best first; volume (lots traded in
           the market so far); halted; own: rows of [order, price_ticks, left, lots ahead of it,
           all lots at its price] of own orders that rest, oldest first, as an order-by-order feed
           would let a trader count; venue_ns, sent_ns
clock      the market has run until until_ns, which was asked for (lockstep)
end        the day is over: position, fills, cash, fees, sent_ns
========== ======================================================================================

Not numbered: ``welcome`` (version, session, day, seq, clock_ns, start_ns, end_ns, look_ns,
lockstep, profile, tick_size, lot_size, heartbeat_s), ``state`` (seq, clock_ns, untold reports,
orders as [lots, filled, cancelled, left, done], position, fills, cash, fees), ``heartbeat`` (seq;
echo, 0 if nobody asked) and ``error`` (reason). A line that is no request gets one ``error`` and
changes nothing; the connection stays, unless the line was too long to be read.

All stamps of the venue (`venue_ns`, `received_ns`, `sent_ns`) are read off the venue's clock,
which may be wrong (`lobsim.sim_to_real.gaps`).
"""

import json
import re
from typing import Any

__all__ = ["HEARTBEAT_S", "KINDS", "MOST_BYTES", "ORDER_REQUESTS", "ProtocolError", "VERSION",
           "decode", "encode", "read_request"]

VERSION = 1
MOST_BYTES = 4096
"""Longest line that a venue reads, with its end."""
HEARTBEAT_S = 2.0
"""Wall-clock seconds of silence after which each side says that it is there."""
KINDS = ("limit", "market", "ioc", "fok", "post_only")
ORDER_REQUESTS = ("new", "cancel", "reduce", "replace")
"""Requests that are carried out once, by their `id`."""

_ID = re.compile(r"[A-Za-z0-9_.\-]{1,32}")
_MOST = 2**31 - 1
_LONGEST_NS = 4 * 86_400 * 10**9
_NUMBERS = {
    "lots": (1, _MOST), "price_ticks": (0, _MOST), "sent_ns": (0, _LONGEST_NS),
    "until_ns": (0, _LONGEST_NS), "from_seq": (1, 2**53), "last_seq": (0, 2**53),
    "version": (0, _MOST), "side": (-1, 1), "echo": (0, 2**53),
}  # fmt: skip
_FIELDS = {
    "logon": ("version", "session", "last_seq"),
    "new": ("id", "side", "lots", "kind", "price_ticks", "sent_ns"),
    "cancel": ("id", "order", "sent_ns"),
    "reduce": ("id", "order", "lots", "sent_ns"),
    "replace": ("id", "order", "lots", "price_ticks", "sent_ns"),
    "step": ("until_ns",), "resend": ("from_seq",),
    "status": (), "heartbeat": ("echo",), "logout": (),
}  # fmt: skip


class ProtocolError(ValueError):
    """A line that is no message; its text is one sentence for whoever sent it."""


def encode(message: dict[str, Any]) -> bytes:
    r"""One line of a message, with its end.

    Examples
    --------
    >>> encode({"type": "heartbeat"})
    b'{"type":"heartbeat"}\n'
    """
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The JSON object of a line.

    Raises
    ------
    ProtocolError
        When the line holds anything else.
    """
    try:
        message = json.loads(line.decode("utf-8"), object_pairs_hook=_once,
                             parse_constant=_refuse)
    except ProtocolError:
        raise
    except (ValueError, RecursionError):
        raise ProtocolError("the line is not one JSON object in UTF-8") from None
    if not isinstance(message, dict):
        raise ProtocolError("the line is not one JSON object in UTF-8")
    return message


def _once(pairs):
    message = dict(pairs)
    if len(message) != len(pairs):
        raise ProtocolError("a field is there twice")
    return message


def _refuse(name):
    raise ProtocolError(f"{name} is no number of this protocol")


def read_request(line: bytes) -> dict[str, Any]:
    """What a trader asks, checked field by field.

    Raises
    ------
    ProtocolError
        When the line is no request; the text says which field is wrong and what is allowed.

    Examples
    --------
    >>> read_request(b'{"type": "resend", "from_seq": 7}')
    {'type': 'resend', 'from_seq': 7}
    >>> read_request(b'{"type": "resend"}')
    Traceback (most recent call last):
    lobsim.sim_to_real.protocol.ProtocolError: resend needs the field from_seq
    """
    if len(line) > MOST_BYTES:
        raise ProtocolError(f"the line is longer than {MOST_BYTES} bytes")
    message = decode(line)
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ProtocolError(f"type must be one of {', '.join(_FIELDS)}")
    wanted = {"type", *_FIELDS[kind]}
    if missing := sorted(wanted - set(message)):
        raise ProtocolError(f"{kind} needs the field {missing[0]}")
    if len(message) > len(wanted):
        raise ProtocolError(f"{kind} has only the fields {', '.join(sorted(wanted))}")
    for name in _FIELDS[kind]:
        _check(name, message[name])
    if kind == "new" and (message["price_ticks"] == 0) != (message["kind"] == "market"):
        raise ProtocolError("price_ticks must be 0 for a market order and more for any other")
    if kind == "replace" and message["price_ticks"] == 0:
        raise ProtocolError("price_ticks of a replace must be above 0")
    return message


def _check(name: str, value) -> None:
    """Raise if the value of a field is not allowed."""
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        if type(value) is not int or not low <= value <= high:
            raise ProtocolError(f"{name} must be a whole number from {low} to {high}")
        if name == "side" and value == 0:
            raise ProtocolError("side must be 1 (buy) or -1 (sell)")
    elif name == "kind":
        if not isinstance(value, str) or value not in KINDS:
            raise ProtocolError(f"kind must be one of {', '.join(KINDS)}")
    elif not isinstance(value, str) or not _ID.fullmatch(value):
        raise ProtocolError(f"{name} must be 1 to 32 letters, digits, '-', '_' or '.'")
