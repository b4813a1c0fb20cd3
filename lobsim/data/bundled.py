"""Where the course's own small data sets lie."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lobsim.data.errors import DataError

__all__ = ["bundled", "BUNDLED_NAMES"]

# Pattern below data/ of each data set, for a folder without a manifest.
BUNDLED_NAMES = {
    "taq_trades": "EQY_US_ALL_TRADE_*",
    "taq_quotes": "SPLITS_US_ALL_BBO_*",
    "lobster_messages": "*_message_*.csv*",
    "lobster_book": "*_orderbook_*.csv*",
    "btcusd_events": "*btcusd*events*.csv*",
    "desk_orders": "desk/orders.csv*",
    "desk_children": "desk/children.csv*",
    "desk_fills": "desk/fills.csv*",
    "desk_quotes": "desk/quotes.csv*",
    "desk_trades": "desk/trades.csv*",
}


def bundled(name: str) -> Path:
    """Path of a data set that comes with the course.

    Parameters
    ----------
    name : {"taq_trades", "taq_quotes", "lobster_messages", "lobster_book", "btcusd_events", \
            "desk_orders", "desk_children", "desk_fills", "desk_quotes", "desk_trades"}

    Returns
    -------
    Path
        Found in the first ``data`` folder of: the environment variable ``LOBSIM_COURSE``, the
        working folder and those above it (a learner's workspace), the clone that holds the package.

    Raises
    ------
    DataError
        When the name is unknown or the file is missing.

    Examples
    --------
    >>> bundled("taq_trades").name                                        # doctest: +SKIP
    'EQY_US_ALL_TRADE_20250115.gz'
    """
    if name not in BUNDLED_NAMES:
        raise DataError(name, f"is no bundled data set; there are {', '.join(BUNDLED_NAMES)}")
    folders = _folders()
    for folder in folders:
        found = _listed(folder, name) or sorted(folder.rglob(BUNDLED_NAMES[name]))
        if found:
            return found[0]
    looked = ", ".join(str(folder) for folder in folders[:3])
    raise DataError(
        BUNDLED_NAMES[name], f"not found in {looked}; `lobsim data make` makes the bundled data"
    )


def _listed(folder: Path, name: str) -> list[Path]:
    """The file that the folder's manifest lists under this name, if it is there."""
    try:
        files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        path = folder / files[name]["path"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [path] if path.is_file() else []


def _folders() -> list[Path]:
    roots = [Path(os.environ["LOBSIM_COURSE"])] if os.environ.get("LOBSIM_COURSE") else []
    here = Path.cwd()
    roots += [here, *list(here.parents)[:4], Path(__file__).resolve().parents[2]]
    return list(dict.fromkeys(root / "data" for root in roots))
