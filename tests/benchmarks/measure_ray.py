"""Measures portfolio days on Ray: one process, 1 and 2 workers, and a cluster of two nodes.

Run::

    python tests/benchmarks/measure_ray.py --days 32 --names 12

Days a second are of wall time, after a warm-up in which workers start and kernels are
loaded, so they mean something on a quiet machine alone; the load is printed beside them. Processor
time, of all processes together, means something on a busy one, too. Two workers on two processors
share these with the driver, and two nodes on one machine share them with each other: what a node of
its own would add cannot be measured here. The table goes to stdout.
"""

import argparse
import os
import sys
import time
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path

import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "grading"))

from ray_nodes import add_node, new_cluster, ray_package  # noqa: E402

from lobsim.agents.ray_cluster import cluster  # noqa: E402
from lobsim.agents.ray_days import on_cluster  # noqa: E402
from lobsim.envs.portfolio_evaluate import evaluate_days  # noqa: E402
from lobsim.envs.portfolio_rules import day_rules  # noqa: E402

WAYS = {"1 worker": 1, "2 workers": 2, "2 nodes of 1": None}


@contextmanager
def connected(way: str):
    """A cluster of this machine alone, or of two nodes on it."""
    if WAYS[way]:
        with cluster("local", WAYS[way]) as ray:
            yield ray
        return
    with new_cluster() as nodes:
        add_node(nodes)
        add_node(nodes)
        nodes.wait_for_nodes()
        with cluster(nodes.address) as ray:
            yield ray


def workers_mb() -> float:
    """Memory of the largest worker process of Ray, of its own (USS), in MB."""
    own = [0.0]
    for process in psutil.Process().children(recursive=True):
        try:
            if "ray::" in " ".join(process.cmdline()):
                own.append(process.memory_full_info().uss / 1e6)
        except psutil.Error:
            continue
    return max(own)


def processor_s() -> float:
    """Processor time of this process and of all that it started, seconds."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:2])
        except psutil.Error:
            continue
    return total


def timed(play, days: int) -> dict[str, float]:
    """What so many days cost."""
    begun, spent = time.perf_counter(), processor_s()
    play()
    return {"days_per_s": days / (time.perf_counter() - begun),
            "processor_s_per_day": (processor_s() - spent) / days}


def evaluate(days: int, names: int) -> pd.DataFrame:
    """Days of one rule."""
    rule = {"rule": next(iter(day_rules().values()))}

    def measured(spread) -> dict[str, float]:
        evaluate_days(rule, days=32, seed=1, names=names, spread=spread)  # everything is loaded
        return timed(lambda: evaluate_days(rule, days=days, seed=2, names=names, spread=spread),
                     days)

    rows = [{"way": "one process"} | measured(starmap)]
    for way in WAYS:
        with connected(way) as ray:
            rows.append({"way": way} | measured(on_cluster(ray)) | {"worker_mb": workers_mb()})
    return pd.DataFrame(rows)


def main():
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=32)
    parser.add_argument("--names", type=int, default=12)
    told = parser.parse_args()
    ray_package()
    load = os.getloadavg()[0]
    table = evaluate(told.days, told.names)
    print(f"{os.cpu_count()} processors, load {load:.1f} before and {os.getloadavg()[0]:.1f} after")
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
