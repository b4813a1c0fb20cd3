"""Blocks of seeds that cannot meet: for training, validation, tuning of rules, and tests.

Every role has a range of base seeds of its own, and environments hash a base seed and the number
of an episode to the seed of a market (`lobsim.envs.seeding`). So no two roles share a base seed by
construction, and that two of the hashed market seeds of 63 bits coincide has a chance of about
n m / 2^63 for n and m episodes: 1e-9 for a million of training and ten thousand of test.

=========== ================ ===============================================================
role        base seeds from  layout
=========== ================ ===============================================================
training    0                seed * 4096 + i for environment i of a training seed below 2^28
validation  2^41             episode k: 2^41 + k, or number k of 2^41
test        2^42             block b: 2^42 + b 2^20 + k, or number k of 2^42 + b 2^20
tuning      2^43             as validation; hand-written rules are tuned here
=========== ================ ===============================================================
"""

__all__ = ["MOST_ENVS", "TUNING", "VALIDATION", "test_seed", "training_seed"]

MOST_ENVS = 4096
"""Environments side by side at most: the width of a training seed's block."""
MOST_SEED = 2**28
MOST_EPISODES = 2**20
"""Episodes of a block of test seeds at most."""
VALIDATION = 2**41
_TEST = 2**42
TUNING = 2**43
MOST_BLOCKS = 2**20


def training_seed(seed: int) -> int:
    """Base seed of environment 0 in the training with a seed; environment i has it plus i.

    Examples
    --------
    >>> training_seed(1) - training_seed(0) == MOST_ENVS
    True
    """
    if seed != int(seed) or not 0 <= seed < MOST_SEED:
        raise ValueError(f"seed is {seed}; it must be a whole number from 0 to {MOST_SEED - 1}")
    return int(seed) * MOST_ENVS


def test_seed(block: int) -> int:
    """Base seed of a block of test episodes, from block 0.

    Examples
    --------
    >>> VALIDATION < test_seed(0) < test_seed(1) < TUNING
    True
    """
    if block != int(block) or not 0 <= block < MOST_BLOCKS:
        raise ValueError(f"block is {block}; it must be a whole number from 0 to "
                         f"{MOST_BLOCKS - 1}")
    return _TEST + int(block) * MOST_EPISODES


test_seed.__test__ = False  # it is none, whatever pytest thinks of its name
