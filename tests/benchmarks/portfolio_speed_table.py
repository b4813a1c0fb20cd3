"""The README's tables of the speed of portfolio days, made from stored runs.

The runs are ``measure_portfolio.py speed --store`` and ``measure_ray.py --store --training``; each
keeps its own part of one file. ``python tests/benchmarks/portfolio_speed_table.py`` writes the
tables into the README; a test holds that they are in step.
"""

import json
from pathlib import Path

from readme_parts import write

from lobsim.bench.machine import describe_machine

STORED = Path(__file__).with_name("portfolio_speed.json")


def keep(part: str, told: dict) -> None:
    """Put what a program measured into its part of the file, with the machine and its load."""
    found = json.loads(STORED.read_text(encoding="utf-8")) if STORED.is_file() else {}
    found[part] = {"machine": describe_machine(("numba", "numpy", "ray", "torch"))} | told
    STORED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def where(told: dict) -> str:
    """On what it ran, and what else kept that busy."""
    machine = told["machine"]
    cores = "1 core" if machine["cores"] == 1 else f"{machine['cores']} cores"
    return f"{cores} of {machine['processor']} while the load was {told['load']:.1f}"


def by_names(told: dict) -> list[str]:
    """One process, by the number of names."""
    lines = [f"`python tests/benchmarks/measure_portfolio.py speed --store` in one process on "
             f"{where(told)}: days of {told['minutes']:.0f} minutes with a decision each minute, "
             f"{told['days']} side by side, the best of {told['turns']} turns, by processor time.",
             "", "| a day of | days/s | decisions of names/s | process, MB | a day more, MB |",
             "|---|---|---|---|---|"]
    for row in told["rows"]:
        lines.append(f"| {row['names']} name{'s' * (row['names'] > 1)} | {row['days_per_s']:.2f} | "
                     f"{row['name_decisions_per_s']:,.0f} | {row['process_mb']:.0f} | "
                     f"{row['mb_per_day']:.1f} |")
    return lines


def by_workers(told: dict) -> list[str]:
    """Evaluation of a rule by workers."""
    lines = [f"`python tests/benchmarks/measure_ray.py --store --training`, {told['days']} days of "
             f"{told['names']} names on {where(told)}, the best of {told['turns']} turns:", "",
             "| evaluation | days/s, wall time | processor time a day, s | a worker, MB |",
             "|---|---|---|---|"]
    for row in told["rows"]:
        memory = f"{row['worker_mb']:.0f}" if row.get("worker_mb") else ""
        lines.append(f"| {row['way']} | {row['days_per_s']:.1f} | "
                     f"{row['processor_s_per_day']:.2f} | {memory} |")
    return lines


def by_learners(told: dict) -> list[str]:
    """Training of RLlib by workers and learners."""
    lines = [f"Training (steps are decisions of names at work), {told['iterations']} iterations of "
             f"{told['days']} days of {told['names']} names each after one to warm up, on "
             f"{where(told)}; the best iteration:", "",
             "| `--ray local` | steps/s, wall time | days/s |", "|---|---|---|"]
    for row in told["rows"]:
        learners = f" `--learners {row['learners']}`" if row["learners"] else ""
        lines.append(f"| `--workers {row['workers']}`{learners} | {row['steps_per_s']:,.0f} | "
                     f"{row['days_per_s']:.1f} |")
    return lines


def section() -> str:
    """All parts that were measured."""
    told = json.loads(STORED.read_text(encoding="utf-8"))
    tables = {"names": by_names, "workers": by_workers, "training": by_learners}
    return "\n\n".join("\n".join(table(told[part])) for part, table in tables.items()
                       if part in told)


if __name__ == "__main__":
    write("portfolio-speed", section())
