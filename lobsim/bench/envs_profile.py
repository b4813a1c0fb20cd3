"""Where the time of an environment's step goes: the parts of the kernel, and Python around it.

The kernel of `lobsim.envs.execution_kernel` is compiled once more with readings of the
processor's counter between its parts, and plays the same episodes in its place; nothing is guessed
from runs without a part. A reading takes some twenty cycles. Each part is the median over the calls
of a turn, so that a call during which another process ran does not count.
"""

import platform
import statistics
import time
from dataclasses import dataclass

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lobsim.engine.jit import njit
from lobsim.envs.execution_kernel import _after_run, _empty, _fetch
from lobsim.envs.execution_layout import (E_ALIVE, E_FILLED, E_FILLED_BEFORE, E_LOTS, E_STEP,
                                          E_STEPS)
from lobsim.envs.execution_rules import begin, first_bad
from lobsim.envs.execution_score import account, observe
from lobsim.market.handles import market_at
from lobsim.market.kernel import DONE, run_market

__all__ = ["PARTS", "StepParts", "can_profile", "profile_steps"]

PARTS = ("orders", "market", "account", "view")
"""The decision and its messages; the market's events; money and reward; the observation."""
_ORDERS, _MARKET, _ACCOUNT, _VIEW = range(len(PARTS))


@dataclass
class StepParts:
    """A step of one environment in its parts, in nanoseconds of wall time."""

    form: str
    envs: int
    interval_s: float
    step_ns: float
    orders_ns: float
    market_ns: float
    account_ns: float
    view_ns: float
    python_ns: float  # what is left: fresh arrays, checks, the call of compiled code

    @property
    def shares(self) -> dict[str, float]:
        """Share of each part in the step; they add up to 1."""
        return {name: getattr(self, f"{name}_ns") / self.step_ns for name in (*PARTS, "python")}


def can_profile() -> bool:
    """Whether user programs may read the processor's counter: so it is on x86 alone."""
    return platform.machine().lower() in ("x86_64", "amd64")


@intrinsic
def _cycles(typingctx):
    """The processor's counter."""

    def codegen(context, builder, signature, args):
        form = ir.FunctionType(ir.IntType(64), [])
        return builder.call(builder.module.declare_intrinsic("llvm.readcyclecounter", fnty=form),
                            [])

    return types.int64(), codegen


@njit
def read_cycles():
    """The processor's counter, for Python."""
    return _cycles()


@njit(borrows=True)
def timed_step_all(table, word, real, schedule, choices, weights, actions, seen, rewards, over,
                   info, cycles):
    """`lobsim.envs.execution_kernel.step_all`, which also adds the cycles of each part."""
    at = _cycles()
    bad = first_bad(word, actions, choices)
    if bad >= 0:
        return bad
    for i in range(len(rewards)):
        if i + 1 < len(rewards):
            _fetch(table, word, real, i + 1)
        if word[i, E_ALIVE] == 0:
            continue
        book, flow, _ = market_at(table, i)
        until_ns = begin(book, flow, word[i], schedule[i], actions[i], choices)
        while until_ns >= 0:
            now = _cycles()
            cycles[_ORDERS] += now - at
            while run_market(table, i, until_ns) != DONE:
                _empty(flow)
            _empty(flow)
            at = _cycles()
            cycles[_MARKET] += at - now
            until_ns = _after_run(book, flow, word[i], real[i])
        now = _cycles()
        cycles[_ORDERS] += now - at
        is_over = word[i, E_FILLED] >= word[i, E_LOTS] or word[i, E_STEP] >= word[i, E_STEPS]
        rewards[i] = account(book, flow, word[i], real[i], schedule[i], weights, is_over, info[i])
        at = _cycles()
        cycles[_ACCOUNT] += at - now
        observe(book, flow, word[i], real[i], schedule[i], seen[i])
        word[i, E_FILLED_BEFORE] = word[i, E_FILLED]
        over[i] = is_over
        if is_over:
            word[i, E_ALIVE] = 0
        now = _cycles()
        cycles[_VIEW] += now - at
        at = now
    return -1


def _with_timed_kernel(core, cycles):
    """Let a core call the kernel that tells its parts (modifies the core)."""
    def call(outcome):
        return timed_step_all(core._markets.table, core._word, core._real, core._schedule,
                              core._choices, core._weights, core._actions, *outcome, cycles)

    core._call = call


def profile_steps(env, plan: list, form: str, interval_s: float) -> StepParts:
    """Play the actions of `plan` and tell where the time went.

    Parameters
    ----------
    env : ExecutionEnv or ExecutionVectorEnv
        Reset; none of its episodes may end on the way. It keeps the slower kernel.
    plan : list
        Actions, one a step.
    form, interval_s
        Passed on.

    Raises
    ------
    ValueError
        On a processor whose counter programs may not read.
    """
    if not can_profile():
        raise ValueError(f"the parts of a step are only told on x86; this is {platform.machine()}")
    core = env._core
    cycles = np.zeros(len(PARTS), np.int64)
    _with_timed_kernel(core, cycles)
    env.step(plan[0])  # compiles
    parts, steps_s = [], []
    first, begun_s = read_cycles(), time.perf_counter()
    for action in plan[1:]:
        cycles[:] = 0
        at_s = time.perf_counter()
        env.step(action)
        steps_s.append(time.perf_counter() - at_s)
        parts.append(cycles.copy())
    ns = 1e9 * (time.perf_counter() - begun_s) / (read_cycles() - first)
    each = [statistics.median(column) * ns / len(core) for column in np.array(parts).T.tolist()]
    step_ns = 1e9 * statistics.median(steps_s) / len(core)
    return StepParts(form, len(core), interval_s, step_ns, *each, step_ns - sum(each))
