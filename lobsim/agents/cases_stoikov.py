"""Cases "stoikov" and "signal": quoting in the world of Avellaneda and Stoikov, with an optimum.

"stoikov" is the pure world, in which nobody beats the dynamic programme; "signal" adds a drift
that is seen with noise, and fills that move the price against the maker.
"""

from functools import cache

import numpy as np

from lobsim.agents.case import Case, Recipe
from lobsim.envs import oracles
from lobsim.envs.drift_signal import DriftSignal
from lobsim.envs.making_rules import LinearQuotes, ModelPolicy, QuotePolicy, tuned_quotes
from lobsim.envs.signal_oracle import SignalOracle
from lobsim.strategies import GLFT, AvellanedaStoikov

__all__ = ["SIGNAL", "STOIKOV"]

_AVERSION = 0.1
_SETTINGS = {"risk_aversion": _AVERSION, "max_inventory": 15}
_OPTIMUM = "optimum (programme)"

# -- the pure world -------------------------------------------------------------------------------


@cache
def _solved(world, aversion: float):
    """Best quotes, and the best gamma in the formula of Avellaneda and Stoikov, in a world."""
    return world.best_tables(aversion), oracles.best_risk_aversion(world, aversion)[0]


def _best_quotes(env):
    """The dynamic programme as ``quotes(inventory, time_left, estimate)``."""
    world = env.world
    bid, ask = _solved(world, env.risk_aversion)[0]

    def quotes(inventory, time_left, _):
        n = np.clip(world.steps - np.rint(np.asarray(time_left) / world.step), 0, world.steps - 1)
        at = n.astype(int), np.asarray(inventory).astype(int) + world.edge
        return bid[at], ask[at]

    return quotes


def _pure(env) -> dict:
    world, aversion = env.world, env.risk_aversion
    tuned = AvellanedaStoikov(_solved(world, aversion)[1], world.volatility, world.decay)
    own = AvellanedaStoikov(aversion, world.volatility, world.decay)
    glft = GLFT(aversion, world.volatility, world.intensity, world.decay, world.edge,
                solution="closed")
    return {
        "GLFT": ModelPolicy(env, glft),
        "A-S, tuned gamma": ModelPolicy(env, tuned),
        "A-S": ModelPolicy(env, own),
        "symmetric": QuotePolicy(env, LinearQuotes(half=own.half_spread)),
        _OPTIMUM: QuotePolicy(env, _best_quotes(env)),
    }


STOIKOV = Case(
    name="stoikov",
    title="quote in the pure world of Avellaneda and Stoikov",
    world="lobsim/AvellanedaStoikov-v0",
    judge="making",
    settings=_SETTINGS,
    columns=("inventory", "time_left"),
    benchmarks=_pure,
    optimum=lambda env: oracles.optimum(env.world, env.risk_aversion),
    exact=oracles.certainty_equivalent,
    validation_episodes=500,
    judge_envs=500,
    recipes={
        "sac": Recipe(n_envs=64, steps=256_000, learning_rate=2e-3, gamma=0.99, net=(64, 64),
                      activation="relu", batch_size=256,
                      training={"reward": "expected", "centred": True}, stagger=True,
                      options={"buffer_size": 200_000, "learning_starts": 3_200, "train_freq": 1,
                               "gradient_steps": 1, "tau": 0.02, "ent_coef": "auto_0.01"}),
        "ppo": Recipe(n_envs=64, steps=1_000_000, learning_rate=1e-3, gamma=0.99, net=(64, 64),
                      batch_size=2048, training={"reward": "expected", "centred": True},
                      stagger=True,
                      options={"n_steps": 64, "n_epochs": 4, "gae_lambda": 0.95,
                               "log_std_init": -1.0}),
    },
)  # fmt: skip

# -- with a signal --------------------------------------------------------------------------------


@cache
def _oracle(world, signal, aversion: float) -> SignalOracle:
    """The oracle of a signal world; it keeps what it has solved."""
    return SignalOracle(world, signal, aversion)


@cache
def _tuned(oracle: SignalOracle, aware: bool, kind: str) -> LinearQuotes:
    """The best linear quotes of a kind by their value under the oracle: seconds, once."""
    return tuned_quotes(oracle, aware=aware, kind=kind)


def _oracle_of(env) -> SignalOracle:
    return _oracle(env.world, env.signal, env.risk_aversion)


def _blind(env) -> QuotePolicy:
    """GLFT's form, tuned, which does not look at the signal."""
    return QuotePolicy(env, _tuned(_oracle_of(env), False, "glft"))


def _with_signal(env) -> dict:
    world, oracle = env.world, _oracle_of(env)
    return {
        "GLFT with signal, tuned": QuotePolicy(env, _tuned(oracle, True, "glft")),
        "A-S with signal, tuned": QuotePolicy(env, _tuned(oracle, True, "a-s")),
        "GLFT blind, tuned": _blind(env),
        "A-S blind, tuned": QuotePolicy(env, _tuned(oracle, False, "a-s")),
        "A-S": ModelPolicy(env, AvellanedaStoikov(env.risk_aversion, world.volatility,
                                                  world.decay)),
        _OPTIMUM: QuotePolicy(env, oracle.best_quotes),
    }


SIGNAL = Case(
    name="signal",
    title="quote with a drift signal and adverse fills",
    world="lobsim/AvellanedaStoikov-v0",
    judge="making",
    settings=_SETTINGS | {"signal": DriftSignal(), "max_skew": 2.0},
    columns=("inventory", "time_left", "reading", "estimate"),
    signals=(2, 3),
    benchmarks=_with_signal,
    base=_blind,
    optimum=lambda env: _oracle_of(env).optimum,
    exact=oracles.certainty_equivalent,
    validation_episodes=500,
    judge_envs=500,
    recipes={
        # Around the best rule that does not see: what is beyond it is the signal, and was learned.
        # Fills are marked at once, as below; a narrow policy (target entropy, -2 is usual) and
        # large batches were chosen among a few on validation seeds.
        "sac": Recipe(n_envs=64, steps=320_000, learning_rate=1e-3, gamma=0.99, net=(64, 64),
                      activation="relu", batch_size=512, residual=0.5, stagger=True,
                      training={"reward": "marked", "centred": True},
                      options={"buffer_size": 200_000, "learning_starts": 3_200, "train_freq": 1,
                               "gradient_steps": 2, "tau": 0.02, "ent_coef": "auto_0.01",
                               "target_entropy": -5.0}),
        # From nothing. Marks at the fill, as a running drift is forgotten by any discount; little
        # exploration, as the best quotes of a noisy maker lie farther out
        # (tests/benchmarks/measure_signal.py computes both).
        "ppo": Recipe(n_envs=256, steps=640_000, learning_rate=2e-3, gamma=0.99, net=(64, 64),
                      batch_size=3200, stagger=True, validations=5,
                      training={"reward": "marked", "centred": True},
                      options={"n_steps": 50, "n_epochs": 4, "gae_lambda": 0.9,
                               "log_std_init": -2.5}),
    },
)  # fmt: skip
