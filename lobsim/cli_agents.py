"""``lobsim train`` and ``lobsim evaluate``: agents, and how they stand beside the benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lobsim.cli_output import (
    WRONG_USE,
    complain,
    console,
    escape,
    one_sentence_errors,
    print_json,
    say,
)

if TYPE_CHECKING:
    from lobsim.agents.agent import Agent
    from lobsim.agents.comparing import Comparison

_TOLD = 3  # columns beside the measures that a table of 80 characters has room for

CaseArgument = Annotated[
    str,
    typer.Argument(help="execution, pacing, making, stoikov, signal, chriss or "
                        "portfolio.", metavar="CASE"),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE",
        help="A setting of the environment (horizon_s=600) or, in training, an argument of the "
        "recipe (learning_rate=0.001); may be repeated.",
    ),
]  # fmt: skip
RayOption = Annotated[
    str | None,
    typer.Option("--ray", metavar="ADDRESS",
                 help="On a Ray cluster: auto, HOST:PORT or ray://HOST:PORT of a running one, or "
                 "local. Of case portfolio."),
]  # fmt: skip
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="With --ray: processes that play days at one time.",
                 show_default="as many as there are processors"),
]  # fmt: skip
JsonOption = Annotated[bool, typer.Option("--json", help="Print figures as JSON, for programs.")]


class Algo(StrEnum):
    """Algorithms of `lobsim train`."""

    DQN = "dqn"
    PPO = "ppo"
    SAC = "sac"


@one_sentence_errors
def train(
    case: CaseArgument,
    algo: Annotated[Algo, typer.Option("--algo", "-a", help="Learning algorithm.")] = Algo.PPO,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Folder for the agent.", show_default="agents/CASE-ALGO-SEED"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Training seed.", min=0)] = 0,
    seeds: Annotated[
        int, typer.Option(help="Train so many agents, of this seed and the next ones.", min=1)
    ] = 1,
    minutes: Annotated[
        float | None,
        typer.Option(help="Stop after so many minutes of training (each agent); compiling and the "
                     "first validation come on top.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Environment steps of each agent.", show_default="the recipe's"),
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Hide the market's signals from the agent.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="Folder for TensorBoard's files (needs the package tensorboard)."),
    ] = None,
    ray: RayOption = None,
    workers: WorkersOption = None,
    learners: Annotated[
        int, typer.Option(help="With --ray: RLlib's learners; 0 = learn in this process.", min=0)
    ] = 0,
    changes: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train an agent; Ctrl-C keeps the best so far. `lobsim evaluate` judges it on other seeds."""
    from lobsim.agents import find_case
    from lobsim.agents.ray_cluster import ClusterError

    try:
        find_case(case).recipe(algo.value)
        found = []
        with _trainer(case, ray, workers, learners, tensorboard) as train_agent:
            for number in range(seed, seed + seeds):
                folder = _folder(out, case, algo.value, number, seeds)
                overrides = _settings(changes) | ({"blind": True} if blind else {})
                agent = _trained(train_agent, case, algo.value, number, folder, quiet=as_json,
                                 minutes=minutes, steps=steps, resume=resume, **overrides)
                found.append((folder, agent))
                if agent.record["interrupted"]:
                    break
    except (ValueError, ClusterError) as error:
        complain(" ".join(str(error).split()))
        raise typer.Exit(WRONG_USE) from None
    if as_json:
        print_json([{"folder": str(folder)} | agent.record for folder, agent in found])
        return
    for folder, agent in found:
        _tell_trained(folder, agent)
    folders = " ".join(f"--agent {folder}" for folder, _ in found)
    say("Beside the benchmarks, on seeds that no training saw:")
    typer.echo(f"  lobsim evaluate {case} {folders}")


def _settings(changes: list[str] | None) -> dict:
    """What `--set` says: values as JSON, or else as text."""
    import json

    found = {}
    for change in changes or []:
        name, equals, text = change.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"--set is {change!r}; it must be NAME=VALUE")
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = text
        found[name] = tuple(value) if isinstance(value, list) else value
    return found


def _folder(out: Path | None, case: str, algo: str, seed: int, seeds: int) -> Path:
    """Where an agent goes: a folder of its own for each of several seeds."""
    name = f"{case}-{algo}-{seed}"
    if out is None:
        return Path("agents") / name
    return out / name if seeds > 1 else out


@contextmanager
def _trainer(case: str, ray: str | None, workers: int | None, learners: int,
             tensorboard: Path | None) -> Iterator[Callable[..., Agent]]:
    """What trains agents: on this machine, or for as long as it is open on a cluster."""
    if ray is None:
        from lobsim.agents import train as train_agent

        if workers is not None or learners:
            raise ValueError("--workers and --learners are of a cluster; they go with --ray")
        yield partial(train_agent, tensorboard=tensorboard)
        return
    if case != "portfolio" or tensorboard:
        raise ValueError("--ray trains case portfolio, without --tensorboard")
    from lobsim.agents.ray_cluster import cluster
    from lobsim.agents.ray_training import train_on

    with cluster(ray, workers and workers + learners, "scale") as connected:
        yield partial(train_on, connected, workers=workers, learners=learners)


def _trained(train_agent, case, algo, seed, folder, *, quiet, **arguments) -> Agent:
    """Train one agent with a progress bar."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from lobsim.agents.health import nice_figures

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(20), TaskProgressColumn(),
        TimeElapsedColumn(), TextColumn("{task.fields[figures]}", style="dim"),
        console=console(), disable=quiet, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task(f"{case} {algo} seed {seed}", total=1.0, figures="starting ...")

        def progress(figures: dict) -> None:
            speed, share = figures.get("steps_per_s", 0.0), figures.get("environment_share")
            of_it = "" if share is None else f" ({share:.0%} in the environment)"
            told = (f"best {figures['best']:.4g}, {speed:,.0f} steps/s{of_it}\n"
                    f"{nice_figures(figures)}")
            bar.update(task, completed=figures["share"], figures=told)

        return train_agent(case, algo, seed, out=folder, progress=progress, **arguments)


def _tell_trained(folder: Path, agent: Agent) -> None:
    record = agent.record
    early = ", stopped by Ctrl-C" if record["interrupted"] else ""
    say(f"[bold]{record['case']} {record['algo']} seed {record['seed']}[/bold]: "
        f"{record['trained_steps']:,} steps in {record['trained_s']:,.0f} s{early}")
    scores = ", ".join(f"{one['score']:.4g}" for one in record["validation"])
    say(f"  validation scores (more is better): {scores}")
    say(f"  kept: the agent of step {record['steps']:,}, in")
    typer.echo(f"  {folder}")


@one_sentence_errors
def evaluate(
    case: CaseArgument,
    agent: Annotated[
        list[str] | None,
        typer.Option(
            "--agent",
            help="Folder or shipped name of an agent; may be repeated. Agents that differ in "
            "their training seed alone share a row.",
            show_default="those shipped for the case",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Episodes of a block.", min=2)] = 500,
    blocks: Annotated[int, typer.Option(help="Blocks of unseen seeds.", min=1)] = 2,
    first_block: Annotated[
        int, typer.Option(help="Number of the first block: one that nobody looked at yet.", min=0)
    ] = 0,
    blinded: Annotated[
        bool, typer.Option("--blinded", help="Show each agent with its signals blanked, too, and "
                               "with each group of columns that its case names.")
    ] = False,
    sampled: Annotated[
        bool, typer.Option("--sampled", help="Show each agent with its chance, too.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="File for a figure of the differences (.png, .svg, .pdf).")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="File for the episodes (.npz), to be read again.")
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Show what was found of the shipped agents; play "
                           "nothing.")
    ] = False,
    ray: RayOption = None,
    workers: WorkersOption = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Agents beside the benchmarks on unseen seeds: cost, risk, paired differences, intervals."""
    from lobsim.agents import Agent, find_case, shipped_names, shipped_results
    from lobsim.agents.ray_cluster import ClusterError
    from lobsim.agents.shelf import save_comparison

    try:
        if stored and (agent or changes or save):
            raise ValueError("--stored shows what comes with the library; it goes without --agent, "
                             "--set and --save")
        chosen = find_case(case).with_settings(**_settings(changes))
        names = agent
        if names is None:
            names = [name for name in shipped_names() if name.startswith(f"{chosen.name}-")]
        loaded = [Agent.load(name) for name in names]
        if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
            raise ValueError(f"--plot is {plot}; it must end with .png, .svg or .pdf")
        if plot is not None and not loaded:
            raise ValueError("--plot shows differences of agents; name at least one with --agent")
        if save is not None and save.suffix != ".npz":
            raise ValueError(f"--save is {save}; it must end with .npz")
        found = shipped_results(case) if stored else _compared(
            ray, workers, chosen, loaded, seeds=seeds, blocks=blocks, first_block=first_block,
            blinded=blinded, sampled=sampled)
        if save is not None:
            save_comparison(found, save)
    except (ValueError, ClusterError) as error:
        complain(" ".join(str(error).split()))
        raise typer.Exit(WRONG_USE) from None
    if plot is not None:
        from lobsim.agents.look import difference_plot

        difference_plot(found).savefig(plot)
    if as_json:
        print_json(found.as_dict())
        return
    blocks = found.episodes["block"].nunique()
    _show(found, len(found.contributions(found.benchmarks[0], found.judge.main.name)[0]) // blocks,
          blocks)
    if plot is not None:
        typer.echo(f"wrote {plot}")


def _compared(ray: str | None, workers: int | None, case, agents, **arguments) -> Comparison:
    """Compare on this machine, or on a cluster."""
    from lobsim.agents import compare

    if ray is None:
        if workers is not None:
            raise ValueError("--workers is of a cluster; it goes with --ray")
        return compare(case, agents, **arguments)
    from lobsim.agents.ray_cluster import cluster
    from lobsim.agents.ray_days import on_cluster

    if case.judge != "portfolio" or arguments["sampled"]:
        raise ValueError("--ray spreads the days of case portfolio, without --sampled; the rest "
                         "is played on one machine")
    with cluster(ray, workers) as connected:
        return compare(case, agents, spread=on_cluster(connected, workers), **arguments)


def _show(found: Comparison, seeds: int, blocks: int) -> None:
    judge, table = found.judge, found.table
    names = [measure.name for measure in judge.measures]
    others = [name for name in table if name not in names and not name.endswith("_half")
              and (name != "members" or table[name].max() > 1)]
    apart = [name for name in others if name in judge.told and len(judge.told) > _TOLD]
    _show_policies(found, names, [name for name in others if name not in apart])
    if apart:
        console().print()
        _show_policies(found, [], apart)
    better = "more" if judge.main.more_is_better else "less"
    many = "1 block" if blocks == 1 else f"{blocks} blocks"
    optimum = "" if found.optimum is None else f" The optimum, computed: {found.optimum:.3f}."
    say(f"{found.case.title}: {many} of {seeds} unseen seeds; of {judge.main.name} {better} is "
        f"better; ± 95 %.{optimum}")
    if found.agents:
        _show_differences(found)


def _show_policies(found: Comparison, measures: list[str], others: list[str]) -> None:
    """A row for each policy: measures with their intervals, then means of other columns."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("policy", no_wrap=True)
    for name in measures:
        shown.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for name in others:
        shown.add_column(name.replace("_", " "), justify="right")
    for policy, row in found.table.iterrows():
        cells = [f"{row[name]:.3f} ± {row[f'{name}_half']:.3f}" for name in measures]
        cells += [_number(name, row[name]) for name in others]
        is_agent = policy not in found.benchmarks
        shown.add_row(f"[bold]{escape(policy)}[/bold]" if is_agent else escape(policy), *cells)
    console().print(shown)


def _number(name: str, value: float) -> str:
    """A cell of the table; empty where nothing is known."""
    if value != value:
        return ""
    return f"{value:.0f}" if name == "members" else f"{value:.3g}" if value < 10 else f"{value:.1f}"


def _show_differences(found: Comparison) -> None:
    from rich.table import Table

    from lobsim.agents.comparing import NOT_TOLD_APART

    differences = found.differences
    blocks = list(differences["block"].unique())
    colours = {"better": "green", "worse": "red", NOT_TOLD_APART: "yellow"}
    for policy in found.agents:
        shown = Table(box=None, pad_edge=False, header_style="bold")
        shown.add_column(f"{escape(policy)} less", no_wrap=True)
        shown.add_column("measure")
        for block in blocks:
            shown.add_column("all blocks" if block == "all" else f"block {block}", justify="right",
                             no_wrap=True)
        shown.add_column("verdict")
        own = differences[differences["policy"] == policy]
        for (against, measure), rows in own.groupby(["against", "measure"], sort=False):
            cells = [f"{one.difference:+.3f} ± {one.half:.3f}" for one in rows.itertuples()]
            verdict = rows["verdict"].iloc[-1]
            shown.add_row(escape(against), measure.replace("_", " "), *cells,
                          f"[{colours[verdict]}]{verdict}[/]")
        console().print()
        console().print(shown)
