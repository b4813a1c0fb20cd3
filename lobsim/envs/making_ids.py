"""Registers the market-making environments and their oracles' worlds with Gymnasium."""

from gymnasium.envs.registration import register, registry

_IDS = (
    ("lobsim/AvellanedaStoikov-v0", "stoikov", "AvellanedaStoikov"),
    ("lobsim/AlmgrenChriss-v0", "chriss", "AlmgrenChriss"),
    ("lobsim/MarketMaking-v0", "making", "MarketMaking"),
)

for _id, _module, _name in _IDS:
    if _id not in registry:
        register(_id, entry_point=f"lobsim.envs.{_module}:{_name}Env",
                 vector_entry_point=f"lobsim.envs.{_module}:{_name}VectorEnv")
