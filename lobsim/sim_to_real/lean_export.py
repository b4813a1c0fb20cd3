"""A trained agent as one self-contained `ExecutionModel` of QuantConnect LEAN, and what that costs.

LEAN gives an execution model the best quotes and the trades, and no depth (level 1); its image has
NumPy and no torch. So the file that `export_lean` writes holds the network's weights as text, works
out the observation of Execution-v0 from quotes and volume alone, and plays the actions by the same
rules: slices, offsets, guard, limit ahead, cancellations awaited before anything new is sent, what
is left crossed at the end.

Two columns cannot be told from level 1: ``queue_ahead`` and ``imbalance_5``. The rule is that they
are blank, 0: nothing ahead and balance. `level_one` is the agent that is exported, so that
Execution-v0 can say what it loses by that.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from lobsim.agents.agent import Agent, AgentError
from lobsim.agents.cases import find_case
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_layout import (O_IMBALANCE_5, O_QUEUE, OBSERVED, X_DEPTH, X_SIGMA_ALL,
                                          X_SIGMA_STEP, X_VOLUME)
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.market.curve import BIN_S, cumulative_share

__all__ = ["UNKNOWN_COLUMNS", "agent_settings", "export_lean", "level_one"]

UNKNOWN_COLUMNS = (O_QUEUE, O_IMBALANCE_5)
"""Columns of an observation that the best quotes and trades cannot tell; blank in the file."""
_WORLD = "lobsim/Execution-v0"
_PARTS = ("lean_parent.py.in", "lean_model.py.in")
_WIDTH = 96


def level_one(agent: Agent) -> Agent:
    """The agent as it is exported: it sees nothing that the best quotes cannot tell.

    Parameters
    ----------
    agent : Agent
        Of Execution-v0.

    Returns
    -------
    Agent
        The same network; `UNKNOWN_COLUMNS` are always 0, beside what was blanked before.

    Raises
    ------
    AgentError
        When it is an agent of another world, or sees levels of the book.

    Examples
    --------
    >>> agent = level_one(Agent.load("execution-ppo-0"))
    >>> [OBSERVED[k] for k in agent.record["groups"]["depth"]]
    ['queue_ahead', 'imbalance_5']
    """
    _refuse_others(agent)
    groups = agent.record.get("groups", {})
    before = {"signals": agent.record.get("signals", [])} | groups
    columns = sorted({*UNKNOWN_COLUMNS, *before.get(agent.record.get("blanked"), [])})
    record = agent.record | {"groups": groups | {"depth": columns}, "blanked": "depth"}
    return Agent(agent.network, record, moments=agent.moments)


def agent_settings(agent: Agent) -> dict[str, Any]:
    """Settings of Execution-v0 in which an agent was trained: of its case, its task and its own."""
    _refuse_others(agent)
    case = find_case(agent.case)
    return {**case.settings, **agent.record.get("task", {}), **agent.environment}


def _refuse_others(agent: Agent) -> None:
    """Say in one sentence why an agent cannot be exported, if it cannot."""
    case = find_case(agent.case)
    if case.world != _WORLD:
        raise AgentError(f"the agent is of case {agent.case} and acts in {case.world}; only agents "
                         f"of {_WORLD} can be exported to LEAN")
    shape = agent.network.shape
    if shape.levels or shape.columns != len(OBSERVED):
        raise AgentError(f"the agent sees {shape.columns - len(OBSERVED)} columns of depth, and "
                         f"LEAN shows the best quotes alone; export one without depth_levels")


def export_lean(agent: Agent, path: str | Path) -> Path:
    """Write an agent of Execution-v0 as one Python file for QuantConnect LEAN.

    The file needs NumPy and LEAN's ``AlgorithmImports``, nothing else, and defines
    ``LobsimExecutionModel``, an `ExecutionModel`: each target becomes a parent order of its own
    with the horizon of the agent's case. Its docstring tells the agent, its record of training,
    the units and what level 1 cannot tell.

    Parameters
    ----------
    agent : Agent
        Of a case of Execution-v0: ``execution`` (discrete or continuous actions), ``pacing``.
    path : path
        Of the file; an existing one is replaced.

    Returns
    -------
    Path

    Raises
    ------
    AgentError
        When it is an agent of another world, or sees levels of the book.

    Notes
    -----
    The scales of the market's columns are those of the market that the agent knows, in lots and
    ticks. A stock with other queues, volumes or volatility needs its own (``Scales`` in the file).

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = export_lean(Agent.load("execution-ppo-0"), Path(folder.name) / "model.py")
    >>> "class LobsimExecutionModel(ExecutionModel)" in path.read_text()
    True
    >>> folder.cleanup()
    """
    seen, path = level_one(agent), Path(path)
    settings = ExecutionSettings(**agent_settings(agent))
    texts = {"HEADER": _header(agent, settings), "CONSTANTS": _constants(seen, settings),
             "ARRAYS": _arrays(agent, settings)}
    here = Path(__file__).resolve().parent
    source = "\n\n".join((here / part).read_text(encoding="utf-8").rstrip() + "\n"
                         for part in _PARTS)
    for name, text in texts.items():
        source = source.replace(f"@@{name}@@", text)
    path.write_text(source, encoding="utf-8")
    return path


def _market_scales(settings: ExecutionSettings) -> tuple[np.ndarray, np.ndarray]:
    """What an environment divides the market's columns by, as it works them out itself."""
    core = ExecutionCore(1, settings)
    return core.measured(settings.base, settings.starts_s[0])


def _header(agent: Agent, settings: ExecutionSettings) -> str:
    """The docstring of the file."""
    record, profile = agent.record, settings.base
    score = record.get("score")
    told = f"validation score {score:.3f} bps" if score is not None else "no validation"
    side = settings.side if isinstance(settings.side, str) else ("buy", "sell")[settings.side < 0]
    unknown = " and ".join(f"``{OBSERVED[k]}``" for k in UNKNOWN_COLUMNS)
    return f"""An execution model for QuantConnect LEAN that works orders as a trained agent does.

Written by lobsim's `export_lean`; needs NumPy and nothing else of lobsim. Use it by

    self.set_execution(LobsimExecutionModel())

Agent      case {agent.case}, {agent.label}, seed {record.get("seed")}
Training   {record.get("steps", 0):,} steps, {told}
Task       {side} {settings.quantity:,.0f} {profile.symbol} within {settings.horizon_s:g} s, a \
decision every {settings.interval_s:g} s
Units      lots are the security's lot size, ticks its minimum price variation, times seconds

Each target is a parent order of its own: it begins with the first data after it came, by the quotes
of that moment (arrival price) and is worked for {settings.horizon_s:g} s; what is left then is \
crossed.
A changed target ends the parent order at work, and the difference begins anew. Cancelled orders are
waited for before new ones are sent, so that never more than the target trades. Data must have
quotes, and come each second or by ticks: the model looks at the first of each second, and a
decision that is due between two slices is made at the next. When the exchange shuts, what is left
is reported and not crossed.

State is level 1: best bid and ask, their sizes, volume, time. What level 1 cannot tell is blank, 0:
{unknown} (0 means: nothing ahead, and balance). Own orders are in
LEAN's quotes only where the broker shows them. Sizes and volumes are of the market that the agent
knows; for another stock give its own `Scales`. The agent learned in a queue: LEAN's backtests fill
a resting order as a whole by the first trade beyond its price, and a market order as a whole at
the quote, so their shortfall is not what a queue would give.
"""


def _constants(agent: Agent, settings: ExecutionSettings) -> str:
    """Lines that give what the agent was trained for its names."""
    record, scales = agent.record, _market_scales(settings)[0]
    blanked = set(record["groups"]["depth"]) | set(record["signals"] if record.get("blind") or
                                                   settings.blind else ())
    shifts = [] if settings.shift_levels is None else \
        np.linspace(-1, 1, settings.shift_levels).tolist()
    rows = settings.choices().tolist() if settings.actions == "discrete" else []
    head = agent.network.shape.kind
    bounds = [np.atleast_1d(record[name]).tolist() if record.get(name) is not None else []
              for name in ("low", "high")]
    clip = agent.moments.clip if agent.moments else 0.0
    lines = [
        ("HORIZON_S", "float", settings.horizon_s, "of a parent order"),
        ("INTERVAL_S", "float", settings.interval_s, "between decisions"),
        ("SLICE_S", "float", settings.slice_s, "of the even schedule that make a slice"),
        ("SCHEDULE", "str", settings.schedule, "vwap: by the volume expected; twap: even"),
        ("GUARD_S", "float | None", settings.guard_s, "what is later on the schedule is crossed"),
        ("AHEAD_S", "float | None", settings.ahead_s, "what is more ahead of it is not sent"),
        ("ACTIONS", "str", settings.actions, "discrete, continuous or pace"),
        ("CHOICES", "list[list[float]]", rows,
         "of discrete actions: slices to cross, ticks better, slices to rest (-1: keep)"),
        ("MAX_SLICES", "float", settings.max_slices, "of a continuous action"),
        ("MAX_OFFSET_TICKS", "int", int(settings.max_offset_ticks), "of a continuous action"),
        ("MAX_SHIFT_S", "float", settings.max_shift_s, "of the schedule, by pace"),
        ("SHIFTS", "list[float]", shifts, "to choose from; none: any from -1 to 1"),
        ("QUEUE_LOTS", "float", float(scales[X_DEPTH]), "typical size at the best price"),
        ("STEP_VOLUME_LOTS", "float", float(scales[X_VOLUME]), "expected between decisions"),
        ("STEP_SIGMA_TICKS", "float", float(scales[X_SIGMA_STEP]), "of the mid between decisions"),
        ("HORIZON_SIGMA_TICKS", "float", float(scales[X_SIGMA_ALL]), "of the mid in the horizon"),
        ("DAY_START_S", "float", float(settings.base.day_start_s), "of the volume curve"),
        ("BLANKED", "list[int]", sorted(int(k) for k in blanked), "columns that are always 0"),
        ("HEAD", "str", head, "values or categorical: the largest; gaussian or squashed: numbers"),
        ("ACTIVATION", "str", agent.network.shape.activation, "of the hidden layers"),
        ("LOW", "list[float]", bounds[0], "least of each number of an action"),
        ("HIGH", "list[float]", bounds[1], "most of each"),
        ("CLIP", "float", clip, "of normalised columns"),
    ]
    return "\n".join(f"# {about}\n{name}: {kind} = {_literal(value, kind)}"
                     for name, kind, value, about in lines)


def _literal(value, kind: str) -> str:
    """Python's text of a value; the same number when it is read again."""
    if kind == "float" or (value is not None and kind.startswith("float")):
        return repr(float(value))
    if kind == "list[list[float]]" and value:
        return "[\n" + "".join(f"    {row},\n" for row in value) + "]"
    return json.dumps(value) if isinstance(value, str | list) else repr(value)


def _arrays(agent: Agent, settings: ExecutionSettings) -> str:
    """Weights, moments and the volume curve as texts."""
    weights = {name: value.numpy() for name, value in agent.network.state_dict().items()}
    names = sorted({name.rsplit(".", 1)[0] for name in weights if name.startswith("body.")},
                   key=lambda name: int(name.split(".")[1]))
    layers = []
    for name in (*names, "head"):
        matrix = weights[f"{name}.weight"]
        layers.append(f"    ({matrix.shape[0]}, {matrix.shape[1]},\n"
                      f"     {_text(matrix, '<f4')},\n"
                      f"     {_text(weights[f'{name}.bias'], '<f4')}),")
    moments, base = agent.moments, settings.base
    none = np.zeros(0)
    mean, std = (moments.mean, moments.std) if moments else (none, none)
    knots = np.arange(base.day_start_s, base.day_end_s + 1e-9, BIN_S)
    curve = cumulative_share(base, knots) if settings.schedule == "vwap" else none
    return "\n".join([
        "# Mean and standard deviation of the columns (float64), empty without normalisation.",
        f"MEAN_TEXT = {_text(mean, '<f8')}", f"STD_TEXT = {_text(std, '<f8')}",
        "# Share of the day's volume at each minute from DAY_START_S on (float64).",
        f"VOLUME_TEXT = {_text(curve, '<f8')}",
        "# Rows, columns, weights and biases of each layer (float32, row by row), the head last.",
        "LAYER_TEXTS: list[tuple[int, int, str, str]] = [", *layers, "]"])


def _text(array, dtype: str) -> str:
    """A string literal of numbers in base64, over as many lines as it takes."""
    text = base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
    if len(text) <= _WIDTH - 20:
        return f'"{text}"'
    rows = [text[k:k + _WIDTH - 6] for k in range(0, len(text), _WIDTH - 6)]
    return "(\n" + "\n".join(f'    "{row}"' for row in rows) + ")"
