"""Logs of live and of training days: one table, one row for each thing that happened, in Parquet.

A training day is a day of a venue without gaps, so both sides are written by the same code.

================== ======= ====================================================================
column             type    meaning (0, "" or NaN where it does not apply)
================== ======= ====================================================================
``side``           string  "live" or "training"
``day``            string  fingerprint of the venue's day
``episode``        int64   number of the parent order
``event``          string  decision, request, report or fill
``step``           int64   decision to which it belongs; of reports and fills that of their order
``decided_ns``     int64   decision: stamp of the venue's clock that the trader decided on
``sent_ns``        int64   request: trader's clock when it was sent
``received_ns``    int64   request, report, fill: venue's clock when the request reached it
``venue_ns``       int64   report, fill: venue's clock when it happened in the book
``told_ns``        int64   report, fill: venue's clock when it left the venue
``heard_ns``       int64   report, fill: trader's clock when it was heard
``id``             string  of the request (of a report: that which it answers)
``order``          string  of the order
``what``           string  request: new, cancel, reduce, replace; report: accepted, reduced,
                           replaced, cancelled, rejected, known
``kind``           string  of a new order: limit, market, ioc, fok, post_only
``direction``      int64   +1 buy, -1 sell, of the order
``price_ticks``    int64   asked for, or traded at
``lots``           int64   asked for, traded, or cancelled
``left``           int64   open lots of the order after it; decision: lots of the parent order left
``exec``           int64   number of the fill
``maker``          bool    the fill rested
``fee``            double  currency, paid > 0
``reason``         string  of a refusal
``state.NAME``     float   decision: the observation, columns of `lobsim/Execution-v0`
``action.K``       double  decision: numbers of the action, K = 0, 1, 2
``term.NAME``      double  decision: what its step cost in bps of the parent order's value at
                           arrival: execution (fills against the mid after), revaluation (what was
                           left, by the move of the mid), fees, arrival (fills against the mid at
                           arrival); the first three add up to the implementation shortfall
================== ======= ====================================================================

Times are nanoseconds after midnight. Stamps of one clock can be subtracted; those of two clocks
differ by their skew as well. The trader's clock is the venue's latest stamp unless the client was
given another.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.sim_to_real.client import Client
from lobsim.sim_to_real.live_run import LiveDay, names_of

__all__ = ["COLUMNS", "EVENTS", "TERMS", "LogError", "Recorder", "day_table", "read_log",
           "write_log"]

FORMAT = 1
COLUMNS: dict[str, str] = {
    "side": "string", "day": "string", "episode": "int64", "event": "string", "step": "int64",
    "decided_ns": "int64", "sent_ns": "int64", "received_ns": "int64", "venue_ns": "int64",
    "told_ns": "int64", "heard_ns": "int64", "id": "string", "order": "string", "what": "string",
    "kind": "string", "direction": "int64", "price_ticks": "int64", "lots": "int64",
    "left": "int64", "exec": "int64", "maker": "bool", "fee": "float64", "reason": "string",
}  # fmt: skip
"""Columns that every log has, and their types."""
EVENTS = ("decision", "request", "report", "fill")
TERMS = ("execution", "revaluation", "fees", "arrival")
ACTIONS = 3
_SIDES = ("live", "training")
_EMPTY = {"string": "", "int64": 0, "bool": False, "float64": np.nan}
_META = b"lobsim.live_log"


class LogError(ValueError):
    """A file that is no log, or one whose rows contradict one another."""


class Recorder:
    """Keeps what a client hears, with the trader's own time; make it before the day begins.

    Parameters
    ----------
    client : Client
    """

    def __init__(self, client: Client):
        self.client = client
        self.heard: list[tuple[int, dict]] = []
        client.listeners.append(self._hear)

    def _hear(self, message: dict) -> None:
        if message["type"] == "report":
            self.heard.append((self.client.clock(), message))


def day_table(recorder: Recorder, live: LiveDay, settings: ExecutionSettings, *,
              side: str = "live", episode: int = 0) -> pd.DataFrame:
    """The log of one parent order, in order of what happened to the trader.

    Parameters
    ----------
    recorder : Recorder
        Of the client that worked the order.
    live : LiveDay
        What `lobsim.sim_to_real.run_live` returned.
    settings : ExecutionSettings
    side : str
        "live" or "training".
    episode : int

    Returns
    -------
    DataFrame
        See the head of this module.
    """
    if side not in _SIDES:
        raise ValueError(f"side is {side!r}; it must be live or training")
    account, names = recorder.client.account, names_of(settings)
    step_of, rows = {}, []
    for one in live.decisions:
        row = {"event": "decision", "step": one.step, "decided_ns": one.time_ns,
               "left": live.filled + live.left - one.filled}
        row |= {f"state.{name}": value for name, value in zip(names, one.seen, strict=True)}
        row |= {f"action.{k}": value for k, value in enumerate(one.action)}
        row |= {f"term.{name}": one.terms[name] for name in TERMS}
        rows.append((one.time_ns, 0, row))
        for key in one.orders:
            step_of[key] = one.step
            rows.append(_request_row(account, key, one.step))
    rows += [_report_row(account, heard_ns, report, step_of) for heard_ns, report in recorder.heard]
    rows.sort(key=lambda entry: entry[:2])  # what happens at one time stays in this order
    table = pd.DataFrame([row for _, _, row in rows])
    table = table.assign(side=side, day=account.day, episode=episode)
    return _typed(table, names)


def _request_row(account, key: str, step: int) -> tuple[int, int, dict]:
    request = account.asked[key]
    order = account.orders.get(request.get("order", key))
    return request["sent_ns"], 1, {
        "event": "request", "step": step, "sent_ns": request["sent_ns"], "id": key,
        "order": request.get("order", key), "what": request["type"],
        "kind": request.get("kind", ""), "direction": order.side if order else 0,
        "price_ticks": request.get("price_ticks", 0), "lots": request.get("lots", 0)}


def _report_row(account, heard_ns: int, report: dict, step_of) -> tuple[int, int, dict]:
    is_fill = report["what"] == "filled"
    return heard_ns, 2, {
        "event": "fill" if is_fill else "report", "step": step_of.get(report["order"], 0),
        "received_ns": report["received_ns"], "venue_ns": report["venue_ns"],
        "told_ns": report["sent_ns"], "heard_ns": heard_ns, "id": report["id"],
        "order": report["order"], "what": "" if is_fill else report["what"],
        "direction": report["side"], "price_ticks": report["price_ticks"],
        "lots": report["lots"], "left": report["left"], "exec": report["exec"],
        "maker": report["maker"], "fee": report["fee"], "reason": report["reason"]}


def _typed(table: pd.DataFrame, names) -> pd.DataFrame:
    """All columns in their order, with their types and with nothing missing."""
    columns = dict(COLUMNS)
    columns |= {f"state.{name}": "float32" for name in names}
    columns |= {f"action.{k}": "float64" for k in range(ACTIONS)}
    columns |= {f"term.{name}": "float64" for name in TERMS}
    made = {}
    for name, kind in columns.items():
        column = table[name] if name in table else pd.Series(np.nan, index=table.index)
        if kind in _EMPTY and kind != "float64":
            column = column.astype(object).where(column.notna(), _EMPTY[kind])
        made[name] = column.astype("str" if kind == "string" else kind)
    return pd.DataFrame(made)


def _parquet():
    """The Parquet library, or one sentence about where to get it."""
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise ImportError("logs are Parquet files, which need pyarrow: pip install pyarrow"
                          ) from None
    return pyarrow, parquet


def write_log(path, tables, about: dict | None = None) -> Path:
    """Write the logs of some days into one Parquet file.

    Parameters
    ----------
    path : path
        Replaced at once if it is there.
    tables : DataFrame, or list of them
        Of `day_table`, with the same columns.
    about : dict, optional
        Anything that JSON can hold; `read_log` returns it in ``attrs["about"]``.
    """
    pyarrow, parquet = _parquet()
    tables = [tables] if isinstance(tables, pd.DataFrame) else list(tables)
    if any(list(table.columns) != list(tables[0].columns) for table in tables):
        raise ValueError("the tables have different columns; write them into files of their own")
    whole = pd.concat(tables, ignore_index=True)
    check_log(whole, "the table")
    written = pyarrow.Table.from_pandas(whole, preserve_index=False)
    meta = json.dumps({"format": FORMAT, "about": about or {}}).encode()
    written = written.replace_schema_metadata((written.schema.metadata or {}) | {_META: meta})
    path = Path(path)
    part = path.with_name(path.name + ".part")
    parquet.write_table(written, part, compression="zstd")
    part.replace(path)
    return path


def read_log(path) -> pd.DataFrame:
    """Read a log and check it.

    Returns
    -------
    DataFrame
        As the head of this module says; ``attrs["about"]`` is what its writer told of it.

    Raises
    ------
    LogError
        When the file is no log, or its rows contradict one another: the sentence names the first
        row and the values.
    """
    pyarrow, parquet = _parquet()
    try:
        read = parquet.read_table(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        told = " ".join(str(error).split())[:120]
        raise LogError(f"{path} is no Parquet file that can be read: {told}") from None
    meta = (read.schema.metadata or {}).get(_META)
    if meta is None:
        raise LogError(f"{path} is a Parquet file, but no log of live or training days")
    meta = json.loads(meta)
    if meta["format"] != FORMAT:
        raise LogError(f"{path} has the format {meta['format']}; this version reads {FORMAT}")
    table = read.to_pandas()
    check_log(table, str(path))
    table.attrs = {"about": meta["about"]}
    return table


def check_log(table: pd.DataFrame, where: str) -> None:
    """Raise `LogError` at the first thing in a log that cannot be."""
    for name, kind in COLUMNS.items():
        if name not in table:
            raise LogError(f"{where} has no column {name}")
        is_right = (pd.api.types.is_string_dtype(table[name]) if kind == "string"
                    else str(table[name].dtype) == kind)
        if not is_right:
            raise LogError(f"{where}: column {name} holds {table[name].dtype}; it must be {kind}")
    event = table["event"]
    _none(table, ~event.isin(EVENTS), where, "event", f"must be one of {', '.join(EVENTS)}")
    _none(table, ~table["side"].isin(_SIDES), where, "side", "must be live or training")
    told = event.isin(["report", "fill"])
    for earlier, later in (("received_ns", "venue_ns"), ("venue_ns", "told_ns")):
        backwards = told & (table[earlier] > table[later])
        _none(table, backwards, where, later, f"is before {earlier} on the same clock")
    fills = event == "fill"
    _none(table, fills & (table["lots"] < 1), where, "lots", "of a fill must be at least 1")
    key = ["side", "day", "episode", "exec"]
    twice = table.loc[fills, key].duplicated().reindex(table.index, fill_value=False)
    _none(table, twice, where, "exec", "is there twice: a fill was counted double")
    states = [name for name in table if name.startswith("state.")]
    blind = (event == "decision") & table[states].isna().any(axis=1)
    _none(table, blind, where, "state", "of a decision must have no gap")


def _none(table, bad, where: str, column: str, words: str) -> None:
    rows = np.flatnonzero(np.asarray(bad, bool))
    if len(rows):
        row = int(rows[0])
        value = f" is {table[column].iloc[row]!r}; it" if column in table else ""
        raise LogError(f"{where}, row {row}: {column}{value} {words}")
