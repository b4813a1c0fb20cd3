"""The bundled data sets: `make_bundled` writes them, `verify` compares files with the manifest.

Everything is simulated from fixed seeds and written byte by byte here (fixed gzip level, no time
stamp), so a rebuild gives identical files. Since another zlib may compress differently, the
manifest also holds the checksum of the uncompressed content; that is what `verify` relies on.
"""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from lobsim.market.bitstamp_day import synthesise_bitstamp
from lobsim.market.desk_days import DATES, synthesise_desk
from lobsim.market.lobster_day import synthesise_lobster
from lobsim.market.taq_day import synthesise_taq_day
from lobsim.market.taq_text import bbo_lines, trade_lines

DATE = "20250115"
_MIDNIGHT_MS = 1_736_899_200_000  # 2025-01-15 00:00 UTC
COMMAND = "lobsim data make"
LICENCE = "BSD-3-Clause (simulated by lobsim; no market data of any venue)"
_SEEDS = {"taq": 20250115, "lobster": 20250116, "btcusd": 20250117, "desk": 20250118}
_WINDOW = (37_800, 41_400)  # of the LOBSTER pair: 10:30 to 11:30


def _taq() -> dict[str, tuple[list[str], int]]:
    quotes, trades = synthesise_taq_day(seed=_SEEDS["taq"])
    return {"taq_trades": (trade_lines(trades, DATE), len(trades)),
            "taq_quotes": (bbo_lines(quotes, DATE), len(quotes))}


def _lobster() -> dict[str, tuple[list[str], int]]:
    messages, book = synthesise_lobster(seed=_SEEDS["lobster"], start_s=_WINDOW[0],
                                        end_s=_WINDOW[1])
    lines = [f"{t // 10**9}.{t % 10**9:09d},{kind},{order_id},{size},{price},{side}"
             for t, kind, order_id, size, price, side in messages.tolist()]
    rows = [",".join(map(str, row)) for row in book.tolist()]
    return {"lobster_messages": (lines, len(lines)), "lobster_book": (rows, len(rows))}


def _btcusd() -> dict[str, tuple[list[str], int]]:
    events = synthesise_bitstamp(seed=_SEEDS["btcusd"], midnight_ms=_MIDNIGHT_MS)
    lines = ["id,timestamp,exchange_timestamp,price,volume,action,direction"]
    lines += [f"{order_id},{seen},{sent},{price:.1f},{volume:.8f},{action},{direction}"
              for order_id, seen, sent, price, volume, action, direction in events]
    return {"btcusd_events": (lines, len(events))}


def _desk() -> dict[str, tuple[list[str], int]]:
    return {name: (lines, len(lines) - 1)
            for name, lines in synthesise_desk(seed=_SEEDS["desk"]).items()}


_MAKERS: dict[str, Callable[[], dict[str, tuple[list[str], int]]]] = {
    "taq": _taq, "lobster": _lobster, "btcusd": _btcusd, "desk": _desk}

_LOBSTER_STEM = f"LOBM_2025-01-15_{_WINDOW[0] * 1000}_{_WINDOW[1] * 1000}"
_FILES = {  # name: (maker, path, description)
    "taq_trades": ("taq", f"taq/EQY_US_ALL_TRADE_{DATE}.gz",
                   "Daily TAQ trade file of one day of LOBS, a fictional fund near 450 dollars: "
                   "prints of ten exchanges and the TRF, with sale conditions, auctions, late, "
                   "corrected and cancelled prints; trailer as last line"),
    "taq_quotes": ("taq", f"taq/SPLITS_US_ALL_BBO_L_{DATE}.gz",
                   "Daily TAQ quote file of the same day: best quotes per exchange (not the NBBO), "
                   "sizes in round lots, price 0 where an exchange has no quote; one exchange goes "
                   "stale from 13:10:00 to 13:11:30; trailer as last line"),
    "lobster_messages": ("lobster", f"lobster/{_LOBSTER_STEM}_message_10.csv.gz",
                         "LOBSTER message file of one hour of LOBM, a fictional mid-tick share "
                         "near 95 dollars: types 1 to 5"),
    "lobster_book": ("lobster", f"lobster/{_LOBSTER_STEM}_orderbook_10.csv.gz",
                     "LOBSTER orderbook file of the same hour: ten levels after each message"),
    "btcusd_events": ("btcusd", f"bitstamp/btcusd_events_{DATE}.csv.gz",
                      "Half an hour of simulated BTC/USD order events in Bitstamp's 2026 layout; "
                      "volume is what remains; begins with a synthetic snapshot, ends with "
                      "synthetic deletes, contains flash orders"),
    "desk_orders": ("desk", "desk/orders.csv.gz",
                    f"Parent orders of a fictional desk on {len(DATES)} mornings in DSKA: "
                    "decision, arrival and end; on the last day larger, later, and in a wilder "
                    "market"),
    "desk_children": ("desk", "desk/children.csv.gz",
                      "Their child orders: posted or market, size ahead in the queue, filled"),
    "desk_fills": ("desk", "desk/fills.csv.gz",
                   "Their fills with fee (negative: rebate) and whether they rested"),
    "desk_quotes": ("desk", "desk/quotes.csv.gz",
                    "Best quotes of the same mornings, 10:00 to 11:15, after each change"),
    "desk_trades": ("desk", "desk/trades.csv.gz",
                    "All prints of the same mornings, the desk's own included, without side"),
}


def make_bundled(out_dir: str | Path) -> dict:
    """Write all bundled data sets, their manifest and a README.

    Parameters
    ----------
    out_dir : path
        Folder to write into; made if needed. Files of the same names are replaced.

    Returns
    -------
    dict
        The manifest: ``{"date", "command", "files": {name: {"path", "description", "seed",
        "command", "rows", "bytes", "sha256", "content_bytes", "content_sha256", "licence"}}}``.

    Examples
    --------
    >>> manifest = make_bundled("my_data")                             # doctest: +SKIP
    >>> manifest["files"]["taq_trades"]["rows"]                        # doctest: +SKIP
    """
    out = Path(out_dir)
    made: dict[str, tuple[list[str], int]] = {}
    for maker in _MAKERS.values():
        made.update(maker())
    entries = {}
    for name, (maker_name, path, description) in _FILES.items():
        lines, rows = made[name]
        content = ("\n".join(lines) + "\n").encode("ascii")
        packed = _pack(content)
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(packed)
        entries[name] = {
            "path": path, "description": description, "seed": _SEEDS[maker_name],
            "command": COMMAND, "rows": rows, "bytes": len(packed),
            "sha256": hashlib.sha256(packed).hexdigest(), "content_bytes": len(content),
            "content_sha256": hashlib.sha256(content).hexdigest(), "licence": LICENCE,
        }
    manifest = {"date": DATE, "command": COMMAND, "files": entries}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(_readme(manifest), encoding="utf-8")
    return manifest


def verify(out_dir: str | Path) -> list[str]:
    """Compare the files of a data folder with its manifest.

    Returns
    -------
    list of str
        One sentence per finding (missing, changed, unreadable); empty when all is as made.
    """
    out = Path(out_dir)
    try:
        files = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        return [f"{out / 'manifest.json'} cannot be read ({type(error).__name__}); "
                f"run `{COMMAND}` to make the data"]
    findings = []
    for name, entry in files.items():
        path = out / entry["path"]
        if not path.is_file():
            findings.append(f"{name}: {path} is missing")
            continue
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, ValueError) as error:
            findings.append(f"{name}: {path} is not a readable gzip file ({error})")
            continue
        if hashlib.sha256(content).hexdigest() != entry["content_sha256"]:
            findings.append(f"{name}: the content of {path} differs from the manifest "
                            f"({len(content)} bytes, {entry['content_bytes']} expected)")
    return findings


def _pack(content: bytes) -> bytes:
    """Gzip without file name and time stamp, at a fixed level."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def _readme(manifest: dict) -> str:
    rows = [f"| `{entry['path']}` | {entry['rows']:,} | {entry['bytes'] / 1e6:.2f} | "
            f"{entry['description']} |" for entry in manifest["files"].values()]
    return "\n".join([
        "# Bundled data", "",
        f"Simulated by lobsim from fixed seeds; rebuilt bit for bit by `{manifest['command']}`.",
        "Names, prices and days are fictional; the formats and their traps are real.", "",
        "| file | rows | MB | what it is |", "|---|---:|---:|---|", *rows, "",
        "`manifest.json` holds, for every file, seed, command, rows, size and checksums "
        "(of the file and of its uncompressed content).", "",
        f"Licence: {LICENCE}.", ""])
