"""Case "making": quote BTC/USD in the book for ten minutes, through trends.

There is no Avellaneda-Stoikov and no GLFT by formula among the benchmarks: their fill intensity is
a number of a model, which this environment does not have. GLFT's form is there, with numbers that
were tuned in the market itself.
"""

from lobsim.agents.case import Case, Recipe
from lobsim.envs.making import QUIET
from lobsim.envs.making_rules import LinearQuotes, QuotePolicy, SignalQuotes

__all__ = ["MAKING"]

# Found on tuning seeds by an evolution strategy like that of lobsim.agents.tuning.tuned_signals: 16
# candidates of 24 episodes a generation, begun from the numbers of an earlier search.
# `tuned_signals` itself was not yet run to its end: whether it comes as far is not known.
SIGNALS = {"half": 0.118, "swing": 2.676, "lean": 1.958, "slow": 4.377, "fast": 2.881,
           "move": -0.152, "imbalance": 0.298, "near_imbalance": 0.393, "ofi": 1.507,
           "volume": -0.05}

# Found by tuned_linear("making", aware=False, episodes=64, trials=25), and for the symmetric quotes
# trials=12 and start=LinearQuotes(half=1.0). Half-spreads of 0 are at the mid, where post-only
# orders end up at the best prices. The search sees a certainty equivalent that jumps by half a unit
# between neighbours: of the leaning quotes it knows half to half a tick and lean to about one.
BLIND = LinearQuotes(half=0.0, lean=3.16)
SYMMETRIC = LinearQuotes(half=0.0)


def _rule(env) -> SignalQuotes:
    """The rule that the agents add to: the strongest one."""
    return SignalQuotes(env, **SIGNALS)


def _benchmarks(env) -> dict:
    return {
        "all signals, tuned": _rule(env),
        "linear (GLFT form), tuned": QuotePolicy(env, BLIND),
        "symmetric, tuned": QuotePolicy(env, SYMMETRIC),
    }


# Trained with the noise of the outer price taken out, fills marked to what is foreseen (`QUIET`),
# and inventory charged six times: the sum of rewards knows no tail, the certainty equivalent does.
_LEARN = {"weights": QUIET | {"risk": 6.0}, "reward_scale": 0.1}

MAKING = Case(
    name="making",
    title="quote BTC/USD for ten minutes",
    world="lobsim/MarketMaking-v0",
    judge="making",
    settings={"session_s": 600.0, "interval_s": 1.0, "risk_aversion": 0.1, "jump_std": 0.5},
    columns=("inventory", "time_left", "spread", "imbalance", "imbalance_5", "ofi", "volume",
             "move", "fast", "slow", "swing", "bid_distance", "ask_distance", "bid_ahead",
             "ask_ahead"),
    signals=tuple(range(3, 11)),
    benchmarks=_benchmarks,
    base=_rule,
    validation_episodes=128,
    judge_envs=128,
    recipes={
        "ppo": Recipe(n_envs=64, steps=400_000, learning_rate=7e-4, gamma=0.98, net=(64, 64),
                      batch_size=2048, residual=0.5, training=_LEARN, validations=5,
                      options={"n_steps": 64, "n_epochs": 4, "gae_lambda": 0.95,
                               "log_std_init": -1.5, "head_scale": 0.01}),
        "sac": Recipe(n_envs=64, steps=200_000, learning_rate=7e-4, gamma=0.98, net=(64, 64),
                      activation="relu", batch_size=256, residual=0.5, training=_LEARN,
                      validations=5,
                      options={"buffer_size": 300_000, "learning_starts": 6_400, "train_freq": 1,
                               "gradient_steps": 4, "ent_coef": "auto_0.01", "head_scale": 0.01}),
    },
)  # fmt: skip
