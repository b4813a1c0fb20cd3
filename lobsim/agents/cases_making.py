"""Case "making": quote BTC/USD in the book for ten minutes, through trends."""

from lobsim.agents.case import Case, Recipe
from lobsim.envs.making_rules import LinearQuotes, QuotePolicy

__all__ = ["MAKING"]

# Found by lobsim.agents.tuning.tuned_linear("making", aware=..., episodes=32, trials=25), in ticks
# and quotes: blind, and with the slow average of price changes. Half-spreads of 0 are at the mid,
# where post-only orders end up at the best prices.
BLIND = LinearQuotes(half=0.0, lean=2.23)
AWARE = LinearQuotes(half=0.0, lean=3.48, weight=2.64)


def _benchmarks(env) -> dict:
    return {
        "linear with trend, tuned": QuotePolicy(env, AWARE),
        "linear (GLFT form), tuned": QuotePolicy(env, BLIND),
        "symmetric": QuotePolicy(env, LinearQuotes(half=BLIND.half)),
    }


MAKING = Case(
    name="making",
    title="quote BTC/USD for ten minutes",
    world="lobsim/MarketMaking-v0",
    judge="making",
    settings={"session_s": 600.0, "interval_s": 1.0, "risk_aversion": 0.1},
    columns=("inventory", "time_left", "spread", "imbalance", "imbalance_5", "ofi", "volume",
             "move", "fast", "slow", "swing", "bid_distance", "ask_distance", "bid_ahead",
             "ask_ahead"),
    signals=tuple(range(3, 11)),
    benchmarks=_benchmarks,
    base=lambda env: QuotePolicy(env, AWARE),
    validation_episodes=64,
    judge_envs=64,
    recipes={
        "ppo": Recipe(n_envs=64, steps=600_000, learning_rate=1e-3, gamma=0.97, net=(64, 64),
                      batch_size=2048, stagger=True,
                      options={"n_steps": 64, "n_epochs": 4, "gae_lambda": 0.95,
                               "log_std_init": -1.0}),
        "sac": Recipe(n_envs=16, steps=200_000, learning_rate=1e-3, gamma=0.97, net=(64, 64),
                      activation="relu", batch_size=256, stagger=True,
                      options={"buffer_size": 200_000, "learning_starts": 2_000, "train_freq": 1,
                               "gradient_steps": 1, "ent_coef": "auto_0.05"}),
    },
)  # fmt: skip
