"""Gymnasium environments on the simulated market; importing this registers them.

``gymnasium.make("lobsim/Execution-v0")`` makes one, ``gymnasium.make_vec(..., num_envs=64)`` the
native vector form, which advances all of them in one compiled call.
"""

from importlib import import_module
from importlib.util import find_spec

if find_spec("gymnasium") is None:
    raise ImportError("lobsim.envs needs Gymnasium; install it with: "
                      "pip install 'gymnasium>=1.2,<2'")

from gymnasium.envs.registration import register, registry

# Append only: name, class of one environment, class of many.
_IDS = (
    ("lobsim/Execution-v0", "lobsim.envs.execution:ExecutionEnv",
     "lobsim.envs.execution:ExecutionVectorEnv"),
    ("lobsim/AvellanedaStoikov-v0", "lobsim.envs.stoikov:AvellanedaStoikovEnv",
     "lobsim.envs.stoikov:AvellanedaStoikovVectorEnv"),
    ("lobsim/AlmgrenChriss-v0", "lobsim.envs.chriss:AlmgrenChrissEnv",
     "lobsim.envs.chriss:AlmgrenChrissVectorEnv"),
    ("lobsim/MarketMaking-v0", "lobsim.envs.making:MarketMakingEnv",
     "lobsim.envs.making:MarketMakingVectorEnv"),
    ("lobsim/Portfolio-v0", "lobsim.envs.portfolio:PortfolioEnv",
     "lobsim.envs.portfolio:PortfolioVectorEnv"),
)

_HOME = {
    "ExecutionEnv": "lobsim.envs.execution",
    "ExecutionVectorEnv": "lobsim.envs.execution",
    "AvellanedaStoikovEnv": "lobsim.envs.stoikov",
    "AvellanedaStoikovVectorEnv": "lobsim.envs.stoikov",
    "AlmgrenChrissEnv": "lobsim.envs.chriss",
    "AlmgrenChrissVectorEnv": "lobsim.envs.chriss",
    "MarketMakingEnv": "lobsim.envs.making",
    "MarketMakingVectorEnv": "lobsim.envs.making",
    "PortfolioEnv": "lobsim.envs.portfolio",
    "PortfolioVectorEnv": "lobsim.envs.portfolio",
    "episode_seeds": "lobsim.envs.seeding",
}

__all__ = [*_HOME]

for _name, _one, _many in _IDS:
    if _name not in registry:
        register(_name, entry_point=_one, vector_entry_point=_many)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lobsim.envs' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
