"""Readers and writers of real market-data formats: every reader returns one documented table.

Times are int64 nanoseconds since local midnight (``time_ns``), prices float64 in currency, sizes
int64 shares (float64 coins). ``table.attrs`` holds ``source, format, kind, date, time_zone,
symbol`` and ``report``, which counts what was found and corrected. A file that is not as it should
be raises :class:`DataError`, which names file, row and value.
"""

from lobsim.data.bitstamp import read_bitstamp, write_bitstamp
from lobsim.data.bitstamp_fills import bitstamp_trades
from lobsim.data.bitstamp_replay import BitstampReplay, bitstamp_quotes, bitstamp_to_messages
from lobsim.data.bundled import bundled
from lobsim.data.databento import databento_quotes, databento_trades, read_databento
from lobsim.data.databento_replay import mbo_to_messages
from lobsim.data.errors import DataError
from lobsim.data.hftbacktest import (
    hftbacktest_quotes,
    hftbacktest_trades,
    read_hftbacktest,
    write_hftbacktest,
)
from lobsim.data.hftbacktest_events import hftbacktest_events
from lobsim.data.itch import read_itch, read_itch_directory
from lobsim.data.itch_replay import itch_to_messages, itch_trades
from lobsim.data.itch_write import WrittenItch, write_itch
from lobsim.data.known import FORMATS
from lobsim.data.lean import bars_to_quotes, read_lean
from lobsim.data.lean_write import write_lean
from lobsim.data.lobster import LobsterDay, read_lobster
from lobsim.data.lobster_write import write_lobster
from lobsim.data.order_tape import TapeReplay
from lobsim.data.replay import Replay, to_messages
from lobsim.data.sniff import read_any, read_quotes, read_trades, sniff
from lobsim.data.taq import read_taq_nbbo, read_taq_quotes, read_taq_trades
from lobsim.data.taq_write import write_taq_nbbo, write_taq_quotes, write_taq_trades
from lobsim.data.tardis import read_tardis, tardis_quotes
from lobsim.data.wrds import read_wrds_quotes, read_wrds_trades

__all__ = [
    "BitstampReplay",
    "DataError",
    "FORMATS",
    "LobsterDay",
    "Replay",
    "TapeReplay",
    "WrittenItch",
    "bars_to_quotes",
    "bitstamp_quotes",
    "bitstamp_to_messages",
    "bitstamp_trades",
    "bundled",
    "databento_quotes",
    "databento_trades",
    "hftbacktest_events",
    "hftbacktest_quotes",
    "hftbacktest_trades",
    "itch_to_messages",
    "itch_trades",
    "mbo_to_messages",
    "read_any",
    "read_bitstamp",
    "read_databento",
    "read_hftbacktest",
    "read_itch",
    "read_itch_directory",
    "read_lean",
    "read_lobster",
    "read_quotes",
    "read_taq_nbbo",
    "read_taq_quotes",
    "read_taq_trades",
    "read_tardis",
    "read_trades",
    "read_wrds_quotes",
    "read_wrds_trades",
    "sniff",
    "tardis_quotes",
    "to_messages",
    "write_bitstamp",
    "write_hftbacktest",
    "write_itch",
    "write_lean",
    "write_lobster",
    "write_taq_nbbo",
    "write_taq_quotes",
    "write_taq_trades",
]
