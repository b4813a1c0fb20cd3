"""Measures portfolio days on Ray: one process, 1 and 2 workers, and a cluster of two nodes.

Run::

    python tests/benchmarks/measure_ray.py --days 32 --names 12
    python tests/benchmarks/measure_ray.py --store --training

Days a second are of wall time, after a warm-up in which workers start and kernels are
loaded, so they mean something on a quiet machine alone; the load is printed beside them. Processor
time, of all processes together, means something on a busy one, too. Two workers on two processors
share these with the driver, and two nodes on one machine share them with each other: what a node of
its own would add cannot be measured here. ``--training`` trains with RLlib, too, each way in a
process of its own that finds in ``LOBSIM_RLLIB`` what RLlib needs. Tables go to stdout; ``--store``
keeps them for the README.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path

import pandas as pd
import psutil
from portfolio_speed_table import keep

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "grading"))

from ray_nodes import add_node, new_cluster, quick_folder, ray_package  # noqa: E402

from lobsim.agents import find_case  # noqa: E402
from lobsim.agents.ray_cluster import cluster  # noqa: E402
from lobsim.agents.ray_days import on_cluster  # noqa: E402
from lobsim.envs.portfolio_evaluate import evaluate_days  # noqa: E402
from lobsim.envs.portfolio_rules import day_rules  # noqa: E402

WAYS = {"1 worker": 1, "2 workers": 2, "2 nodes of 1": None}
TRAININGS = ((1, 0), (2, 0), (1, 1))
"""Workers and learners; without learners the process that was started learns."""


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


def evaluate(days: int, names: int, turns: int) -> pd.DataFrame:
    """Days of one rule: the best turn in wall time, and the best in processor time."""
    rule = {"rule": next(iter(day_rules().values()))}

    def measured(spread) -> dict[str, float]:
        evaluate_days(rule, days=32, seed=1, names=names, spread=spread)  # everything is loaded
        found = pd.DataFrame([timed(lambda turn=turn: evaluate_days(
            rule, days=days, seed=2 + turn, names=names, spread=spread), days)
            for turn in range(turns)])
        return {"days_per_s": found["days_per_s"].max(),
                "processor_s_per_day": found["processor_s_per_day"].min()}

    rows = [{"way": "one process"} | measured(starmap)]
    for way in WAYS:
        with connected(way) as ray:
            rows.append({"way": way} | measured(on_cluster(ray)) | {"worker_mb": workers_mb()})
    return pd.DataFrame(rows)


def train_with(workers: int, learners: int, iterations: int) -> dict:
    """The best of some iterations of RLlib's PPO, after one in which everything is loaded."""
    from lobsim.agents.ray_training import RayTraining

    case = find_case("portfolio")
    with cluster("local", workers + learners, "scale") as ray:
        training = RayTraining(case, "ppo", 0, ray=ray, workers=workers, learners=learners,
                               steps=10**9)
        best, days = {"steps_per_s": 0.0}, case.recipe("ppo").n_envs
        for k in range(iterations + 1):
            begun = time.perf_counter()
            training.iterate()
            speed = training.figures["steps_per_s"]
            if k and speed > best["steps_per_s"]:
                best = {"steps_per_s": speed, "days_per_s": days / (time.perf_counter() - begun)}
        training.algorithm.stop()
    return {"workers": workers, "learners": learners, "days": days} | best


def trainings(iterations: int) -> pd.DataFrame:
    """`train_with` for all ways, in processes that find RLlib's parts."""
    path = [quick_folder(), os.environ.get("LOBSIM_RLLIB"), os.environ.get("PYTHONPATH")]
    known = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    rows = []
    for way in TRAININGS:
        done = subprocess.run([sys.executable, __file__, "--iterations", str(iterations),
                               "--train-with", *map(str, way)], env=known, check=True,
                              stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return pd.DataFrame(rows)


def main():
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=32)
    parser.add_argument("--names", type=int, default=12)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--training", action="store_true", help="RLlib's trainings, too")
    parser.add_argument("--iterations", type=int, default=4, help="of a training, after the first")
    parser.add_argument("--train-with", type=int, nargs=2, metavar=("WORKERS", "LEARNERS"),
                        help="one training alone, as JSON")
    parser.add_argument("--store", action="store_true", help="keep the tables for the README")
    told = parser.parse_args()
    ray_package()
    if told.train_with:
        print(json.dumps(train_with(*told.train_with, told.iterations)))
        return
    measures = {"workers": lambda: evaluate(told.days, told.names, told.turns)}
    about = {"workers": {"days": told.days, "names": told.names, "turns": told.turns}}
    if told.training:
        case = find_case("portfolio")
        measures["training"] = lambda: trainings(told.iterations)
        about["training"] = {"iterations": told.iterations, "days": case.recipe("ppo").n_envs,
                             "names": case.settings["names"]}
    for part, measure in measures.items():
        load = os.getloadavg()[0]
        table = measure()
        print(f"{part}: {os.cpu_count()} processors, load {load:.1f} before and "
              f"{os.getloadavg()[0]:.1f} after\n{table.round(3).to_string(index=False)}")
        if told.store:
            rows = json.loads(table.round(3).to_json(orient="records"))
            keep(part, about[part] | {"load": load, "rows": rows})


if __name__ == "__main__":
    main()
