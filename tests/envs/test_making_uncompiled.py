"""The environments give the same bits without the compiler."""

import hashlib
import os
import subprocess
import sys

import numpy as np

from lobsim.envs.chriss import AlmgrenChrissVectorEnv
from lobsim.envs.drift_signal import DriftSignal
from lobsim.envs.making import MarketMakingVectorEnv
from lobsim.envs.stoikov import AvellanedaStoikovVectorEnv


def digest() -> str:
    """Hash of what a few steps of every environment return."""
    found = hashlib.sha256()
    rng = np.random.default_rng(1)
    for env, steps in ((AvellanedaStoikovVectorEnv(3, signal=DriftSignal()), 30),
                       (AlmgrenChrissVectorEnv(3, reward="realised"), 7),
                       (MarketMakingVectorEnv(1, session_s=4), 5)):
        env.reset(seed=3)
        for _ in range(steps):
            obs, rewards, *_ = env.step(rng.uniform(-1, 1, env.action_space.shape))
            found.update(obs.tobytes() + rewards.tobytes())
    return found.hexdigest()


def test_the_same_seed_gives_the_same_bits_without_the_compiler():
    uncompiled = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", __file__], capture_output=True, text=True,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, timeout=300)
    assert uncompiled.returncode == 0, uncompiled.stderr
    assert uncompiled.stdout.strip() == digest()


if __name__ == "__main__":
    sys.stdout.write(digest())
