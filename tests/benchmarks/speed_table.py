"""The README's table of speed, made from a stored run: ``python tests/benchmarks/speed_table.py``.

The run is ``lobsim bench envs --json > tests/benchmarks/speed.json``. Run by itself this file
writes the table into the README; a test holds that they are in step.
"""

import json
from pathlib import Path

from readme_parts import write

from lobsim.bench.envs import PARTS_MOST_S

STORED = Path(__file__).with_name("speed.json")
PARTS = ("market", "orders", "account", "view", "python")


def _thousands(steps_per_s: float) -> str:
    return f"{steps_per_s / 1e3:,.0f} k" if steps_per_s >= 1e4 else f"{steps_per_s / 1e3:,.1f} k"


def _name(row: dict) -> str:
    name = f"{row['envs']:,} in one call" if row["form"] == "vector" else "one, scalar"
    if row["info"] == "all":
        name += ", all information at each step"
    return name + (f", {row['threads']} threads" if row["threads"] > 1 else "")


def _grid(first: str, rows: list[dict], intervals: list, name, cell) -> list[str]:
    """A table with a line for each name and a column for each interval."""
    found = {(name(row), row["interval_s"]): row for row in rows}
    lines = [f"| {first} | {' | '.join(f'every {one:g} s' for one in intervals)} |",
             "|---|" + "---|" * len(intervals)]
    for key in dict.fromkeys(name(row) for row in rows):
        cells = [cell(found[key, one]) if (key, one) in found else "" for one in intervals]
        lines.append(f"| {key} | {' | '.join(cells)} |")
    return lines


def _speed(told: dict, intervals: list) -> list[str]:
    return _grid("steps/s (millions of events/s)", told["rows"], intervals, _name, lambda row: (
        f"{_thousands(row['steps_per_s'])} ({row['events_per_s'] / 1e6:.1f})"))


def _training(told: dict, intervals: list) -> list[str]:
    def name(row):
        if row["form"] == "DummyVecEnv":
            return f"{row['envs']} scalar ones in `DummyVecEnv`"
        threads = f", {row['threads']} threads" if row["threads"] > 1 else ""
        return f"{row['envs']} in one call{threads}"

    return _grid("PPO trains on: steps/s (share of environments)", told["training"], intervals,
                 name, lambda row: f"{_thousands(row['steps_per_s'])} ({row['env_share']:.0%})")


def _where(told: dict) -> list[str]:
    lines = [f"| a step of | every | ns | {' | '.join(name.capitalize() for name in PARTS)} |",
             "|---|---|---|" + "---|" * len(PARTS)]
    for row in told["parts"]:
        if row["envs"] * row["interval_s"] > PARTS_MOST_S:
            continue
        name = f"{row['envs']} in one call" if row["form"] == "vector" else "one, scalar"
        shares = (f"{row[f'{part}_ns'] / row['step_ns']:.0%}" for part in PARTS)
        lines.append(f"| {name} | {row['interval_s']:g} s | {row['step_ns']:,.0f} | "
                     f"{' | '.join(shares)} |")
    return lines


def section() -> str:
    """The table with the sentence that says what was measured, and where."""
    told = json.loads(STORED.read_text(encoding="utf-8"))
    machine = told["machine"]
    intervals = list(dict.fromkeys(row["interval_s"] for row in told["rows"]))
    events = [next(row["events_per_step"] for row in told["rows"] if row["interval_s"] == one)
              for one in intervals]
    peers = "".join(f", {row['package']} {_thousands(row['steps_per_s'])}"
                    for row in told["peers"] if row["steps_per_s"])
    more = "s" if machine["cores"] > 1 else ""
    threads = any(row["threads"] > 1 for row in told["rows"])
    return "\n".join([
        f"`lobsim bench envs` on {machine['cores']} core{more} of {machine['processor']} while the "
        f"load was {machine['load_1min']:.0f}, {told['profile']} with a decision every {', '.join(f'{one:g}' for one in intervals)} s, "
        f"which is {', '.join(f'{one:,.0f}' for one in events)} events of the market. In the same "
        f"run, steps/s: bare CartPole-v1 {_thousands(told['cartpole_steps_per_s'])}{peers}. "
        f"Processor time{'; with several threads, wall time' * threads}.",
        "", *_speed(told, intervals), "", *_training(told, intervals), "", *_where(told)])


if __name__ == "__main__":
    write("speed", section())
