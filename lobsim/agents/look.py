"""Looking at what agents do: paths of inventory, when they post or cross, maps of a policy.

`walk` plays and notes everything; the other functions count and draw. All of them take agents and
hand-written rules alike.
"""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.comparing import Comparison
from lobsim.agents.seeds import test_seed
from lobsim.plots.style import BLACK, GREY, LINE_STYLES, OKABE_ITO, styled

__all__ = ["action_names", "difference_plot", "habits", "habits_plot", "paths_plot",
           "policy_map", "policy_map_plot", "walk"]

_MARKS = ("o", "s", "D", "^", "v", "P", "X")
_HATCHES = ("", "///", "...", "\\\\\\", "xxx", "ooo", "---", "+++", "|||", "***")


def action_names(case: str | Case, policy) -> list[str]:
    """What a policy's actions are called: those to choose from, or the numbers of one.

    Examples
    --------
    >>> action_names("stoikov", None)
    ['half-spread', 'skew']
    """
    case = find_case(case)
    if case.judge == "schedule":
        return ["speed"]
    if case.judge == "making":
        return ["half-spread", "skew", "bid size", "ask size"][:2]
    if hasattr(policy, "act"):
        return ["lots to cross", "offset, ticks", "lots to rest"]
    env = case.vector(1, **getattr(policy, "environment", {}))
    settings = env._core.settings
    if settings.actions == "pace" and settings.shift_levels:
        shifts = np.linspace(-settings.max_shift_s, settings.max_shift_s, settings.shift_levels)
        return [f"{shift:+.0f} s" for shift in shifts]
    if settings.actions == "pace":
        return ["shift"]
    if settings.actions != "discrete":
        return ["offset", "size"]
    ways = [f"{way} {size:g}" for size in settings.sizes
            for way in (*map(_way_of, settings.offsets), "cross")]
    return ["wait", "withdraw", *ways]


def _way_of(offset: int) -> str:
    """To rest at the best price, better, or worse; by how many ticks, where it is not one."""
    way = "join" if offset == 0 else "improve" if offset > 0 else "deeper"
    return way if abs(offset) <= 1 else f"{way} by {abs(offset)} ticks,"


def walk(case: str | Case, policy, episodes: int = 16, seed: int | None = None) -> pd.DataFrame:
    """Play a policy and note what it saw, did and got at every step.

    Parameters
    ----------
    case : str or Case
    policy : Agent, callable, or rule of `lobsim.envs.baselines`
    episodes : int
    seed : int, optional
        Base seed; by default a block of test seeds that no `compare` of fewer than 1,000 blocks
        plays.

    Returns
    -------
    DataFrame
        ``episode, step``; ``seen.<column>`` before the action; ``action`` (discrete) or
        ``action.<k>``; ``reward``; and every column of the environment's information after the
        step. For execution also ``posted`` and ``crossed``, filled in the step by resting orders
        and otherwise, in the profile's unit.
    """
    case = find_case(case)
    is_rule = hasattr(policy, "act")
    settings = {"actions": "orders"} if is_rule else getattr(policy, "environment", {})
    env, columns = case.vector(episodes, info="all", **settings), case.columns_of(settings)
    seen, _ = env.reset(seed=test_seed(1000) if seed is None else seed)
    if is_rule:
        policy.reset(env._core)
    elif hasattr(policy, "reset"):
        policy.reset()
    going, rows, step = np.ones(episodes, bool), [], 0
    while going.any():
        actions = policy.act(env._core, env._last) if is_rule else policy(seen)
        table = {"episode": np.arange(episodes), "step": np.full(episodes, step)}
        table |= {f"seen.{name}": seen[:, k] for k, name in enumerate(columns)}
        actions = np.asarray(actions)
        numbers = {"action": actions} if actions.ndim == 1 else {
            f"action.{k}": column for k, column in enumerate(actions.T)}
        seen, rewards, ended, cut, told = env.step(actions)
        over = ended | cut
        final = told.get("final_info", {})
        table |= numbers | {"reward": rewards}
        for name in env.info_names:
            table[name] = np.where(over, final[name], told[name]) if over.any() else told[name]
        rows.append(pd.DataFrame(table)[going])
        going &= ~over
        step += 1
    walked = pd.concat(rows, ignore_index=True).sort_values(["episode", "step"],
                                                            ignore_index=True)
    return _with_fills(walked) if case.judge == "execution" else walked


def _with_fills(walked: pd.DataFrame) -> pd.DataFrame:
    """The same with what resting orders and market orders filled in each step."""
    by = walked.groupby("episode")
    gained = {name: by[name].diff().fillna(walked[name]) for name in ("filled", "maker_filled")}
    return walked.assign(posted=gained["maker_filled"],
                         crossed=gained["filled"] - gained["maker_filled"])


@styled
def paths_plot(walks: Mapping[str, pd.DataFrame], column: str | None = None, *,
               title: str = "Inventory over time", unit: str = "", ax=None) -> Figure:
    """A column over the steps: every episode thin, the mean thick, by policy.

    Parameters
    ----------
    walks : mapping of str to DataFrame
        From `walk`.
    column : str, optional
        By default ``left`` or ``inventory``.
    title, unit : str
    ax : Axes, optional
    """
    if not walks:
        raise ValueError("there is no walk to draw")
    ax = plt.subplots()[1] if ax is None else ax
    column = column or ("left" if "left" in next(iter(walks.values())) else "inventory")
    for at, (name, table) in enumerate(walks.items()):
        colour = OKABE_ITO[at % len(OKABE_ITO)]
        wide = table.pivot(index="step", columns="episode", values=column)
        if column == "left":
            wide = wide.fillna(0.0)  # an episode that is over has nothing left
        ax.plot(wide.index, wide, color=colour, linewidth=0.6, alpha=0.35)
        ax.plot(wide.index, wide.mean(axis=1), color=colour, linewidth=2.2, label=name,
                linestyle=LINE_STYLES[at % len(LINE_STYLES)])
    ax.set_xlabel("decision")
    ax.set_ylabel(column.replace("_", " ") + (f" ({unit})" if unit else ""))
    ax.legend()
    ax.set_title(title)
    return ax.figure


def habits(walked: pd.DataFrame, by: str, bins: int = 12) -> pd.DataFrame:
    """How often each action is taken, or how large it is, over the bins of a column.

    Parameters
    ----------
    walked : DataFrame
        From `walk`.
    by : str
        Column: ``seen.imbalance``, ``time_s`` ...
    bins : int
        Of equal width over what occurs; those without a step are left out.

    Returns
    -------
    DataFrame
        Index: middles of the bins. Columns: shares of discrete actions, which add up to 1, or the
        means of the numbers of continuous ones.
    """
    edges = np.linspace(walked[by].min(), np.nextafter(walked[by].max(), np.inf), bins + 1)
    middles = 0.5 * (edges[:-1] + edges[1:])
    at = np.clip(np.searchsorted(edges, walked[by], side="right") - 1, 0, bins - 1)
    if "action" in walked:
        return pd.crosstab(middles[at], walked["action"], normalize="index").rename_axis(by)
    numbers = [name for name in walked if name.startswith("action.")]
    return walked[numbers].groupby(pd.Index(middles[at], name=by)).mean()


@styled
def habits_plot(found: pd.DataFrame, names: list[str] | None = None, *,
                title: str = "What it does", ax=None) -> Figure:
    """Bars of the shares of actions, or lines of their means; see `habits`.

    Parameters
    ----------
    found : DataFrame
    names : list of str, optional
        From `action_names`.
    title : str
    ax : Axes, optional
    """
    ax = plt.subplots()[1] if ax is None else ax
    label = found.index.name.removeprefix("seen.").replace("_", " ")
    if not str(found.columns[0]).startswith("action."):
        width = np.diff(found.index).min() * 0.95 if len(found) > 1 else 1.0
        bottom = np.zeros(len(found))
        for action in found:
            name = names[action] if names else str(action)
            ax.bar(found.index, found[action], width, bottom, label=name,
                   color=OKABE_ITO[int(action) % len(OKABE_ITO)], edgecolor="white",
                   linewidth=0.4, hatch=_HATCHES[int(action) % len(_HATCHES)])
            bottom += found[action].to_numpy()
        ax.set_ylabel("share of decisions")
    else:
        for at, action in enumerate(found):
            name = names[at] if names else action
            ax.plot(found.index, found[action], label=name, marker=_MARKS[at % len(_MARKS)],
                    color=OKABE_ITO[at % len(OKABE_ITO)])
        ax.set_ylabel("mean of the action")
    ax.set_xlabel(label)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.set_title(title)
    return ax.figure


def policy_map(case: str | Case, policy: Callable, x: str, y: str, *, points: int = 41,
               at: Mapping[str, float] | None = None, typical: pd.DataFrame | None = None):
    """The actions of a policy over two columns of an observation, the others held fixed.

    Parameters
    ----------
    case : str or Case
    policy : Agent or callable
    x, y : str
        Names of `Case.columns_of`.
    points : int
        Of each axis, from the lowest to the highest value that the column can have (or has in
        `typical`).
    at : mapping of str to float, optional
        What other columns are; by default their medians in `typical`, or 0.
    typical : DataFrame, optional
        From `walk`: where the policy goes. A map of states that it never meets tells nothing.

    Returns
    -------
    xs, ys : ndarray, shape (points,)
    actions : ndarray, shape (points, points) or (points, points, k)
        Rows are y.
    """
    case, settings = find_case(case), getattr(policy, "environment", {})
    columns = case.columns_of(settings)
    for name in (x, y, *(at or {})):
        if name not in columns:
            raise ValueError(f"{name!r} is no column of an observation; they are "
                             f"{', '.join(columns)}")
    space = case.vector(1, **settings).single_observation_space
    base = np.zeros(len(columns))
    if typical is not None:
        base = typical[[f"seen.{name}" for name in columns]].median().to_numpy()
    for name, value in (at or {}).items():
        base[columns.index(name)] = value
    axes = []
    for name in (x, y):
        k = columns.index(name)
        low, high = float(space.low[k]), float(space.high[k])
        if typical is not None:
            low, high = typical[f"seen.{name}"].min(), typical[f"seen.{name}"].max()
        axes.append(np.linspace(low, high, points))
    seen = np.tile(base, (points * points, 1)).astype(np.float32)
    grid_x, grid_y = np.meshgrid(*axes)
    seen[:, columns.index(x)], seen[:, columns.index(y)] = grid_x.ravel(), grid_y.ravel()
    actions = np.asarray(policy(seen))
    return axes[0], axes[1], actions.reshape(points, points, *actions.shape[1:])


@styled
def policy_map_plot(found, x: str, y: str, names: list[str], *, number: int = 0,
                    title: str = "What it does where", ax=None) -> Figure:
    """Draw a `policy_map`: a colour for each action, or shades of a number of a continuous one.

    Parameters
    ----------
    found : tuple
        What `policy_map` returned.
    x, y : str
    names : list of str
        From `action_names`.
    number : int
        Which number of a continuous action.
    title : str
    ax : Axes, optional
    """
    ax = plt.subplots()[1] if ax is None else ax
    xs, ys, actions = found
    if actions.ndim == 2:
        taken = np.unique(actions)
        index = np.searchsorted(taken, actions)
        colours = [OKABE_ITO[int(action) % len(OKABE_ITO)] for action in taken]
        ax.pcolormesh(xs, ys, index, cmap=plt.matplotlib.colors.ListedColormap(colours),
                      vmin=-0.5, vmax=len(taken) - 0.5, shading="nearest")
        ax.legend(handles=[Patch(color=colour, label=names[action])
                           for colour, action in zip(colours, taken, strict=True)],
                  loc="upper left", bbox_to_anchor=(1.0, 1.0))
    else:
        shown = ax.pcolormesh(xs, ys, actions[..., number], shading="nearest")
        ax.figure.colorbar(shown, ax=ax, label=names[number])
    ax.grid(False)
    ax.set_xlabel(x.replace("_", " "))
    ax.set_ylabel(y.replace("_", " "))
    ax.set_title(title)
    return ax.figure


@styled
def difference_plot(found: Comparison, measure: str | None = None, *,
                    title: str | None = None) -> Figure:
    """Differences of every agent to every benchmark with 95 % intervals, for each block and all.

    Parameters
    ----------
    found : Comparison
    measure : str, optional
        By default the main one.
    title : str, optional
    """
    if not found.agents:
        raise ValueError("there is no agent whose differences could be drawn")
    measure = measure or found.judge.main.name
    table = found.differences.query("measure == @measure and against in @found.benchmarks")
    blocks = list(table["block"].unique())
    rows = found.benchmarks[::-1]
    fig, axes = plt.subplots(1, len(found.agents), squeeze=False, sharey=True,
                             figsize=(3.2 + 3.4 * len(found.agents), 1.4 + 0.42 * len(rows)))
    for ax, policy in zip(axes[0], found.agents, strict=True):
        ax.axvline(0, color=BLACK, linewidth=1.0)
        for at, block in enumerate(blocks):
            own = table.query("policy == @policy and block == @block").set_index("against")
            own = own.loc[rows]
            place = np.arange(len(rows)) + 0.22 * (0.5 * (len(blocks) - 1) - at)
            label = "all blocks" if block == "all" else f"block {block}"
            colour = OKABE_ITO[0] if block == "all" else GREY
            ax.errorbar(own["difference"], place, xerr=own["half"], linestyle="none", capsize=2.5,
                        marker=_MARKS[at % len(_MARKS)], markersize=5, color=colour, label=label)
        ax.set_title(policy)
        ax.set_yticks(range(len(rows)), rows)
        ax.set_ylim(-0.7, len(rows) - 0.3)
    better = "positive" if found.judge.measure(measure).more_is_better else "negative"
    fig.supxlabel(f"agent less benchmark, {measure.replace('_', ' ')} ({better} = better), 95 %",
                  fontsize=10)
    axes[0][-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    fig.suptitle(title or f"{found.case.title}: paired differences", fontsize=11,
                 fontweight="bold")
    return fig
