"""What a training needs to go on: written between two rollouts, read without executing anything.

``training.pt`` holds tensors and plain values (read with ``weights_only=True``), ``buffer.npz`` the
replay buffer of DQN and SAC. The markets themselves are not kept: every environment has played a
number of episodes of its seed, and begins the one that was under way again.
"""

import json
from pathlib import Path

import numpy as np
import torch

from lobsim.agents.agent import AgentError, _write

__all__ = ["random_state", "read", "restore", "set_random_state", "write"]

STATE, BUFFER = "training.pt", "buffer.npz"
FORMAT = 1
_ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def write(training) -> None:
    """Write a checkpoint of a training into its folder."""
    model = training.model
    episodes = training.native._episodes
    state = {
        "format": FORMAT, "marks": json.dumps(training.marks(), sort_keys=True),
        "seconds": float(training.budget.elapsed_s), "validation": json.dumps(training.validation),
        "policy": model.policy.state_dict(),
        "optimisers": {name: one.state_dict() for name, one in _optimisers(model).items()},
        "log_ent_coef": _entropy(model),
        "steps": int(model.num_timesteps), "updates": int(model._n_updates),
        "calls": int(getattr(model, "_n_calls", 0)),
        **random_state(),
        "action_space": json.dumps(model.action_space.np_random.bit_generator.state),
        "bases": [int(base) for base in episodes._bases],
        "played": [int(played) for played in episodes._played],
        "normal": _normal(training.normal),
    }
    training.out.mkdir(parents=True, exist_ok=True)
    if _has_buffer(model) and training.recipe.keep_buffer:
        buffer = model.replay_buffer
        length = buffer.buffer_size if buffer.full else buffer.pos
        arrays = {name: getattr(buffer, name)[:length] for name in _ARRAYS}
        _write(training.out / BUFFER, lambda file: np.savez(
            file, pos=buffer.pos, full=buffer.full, steps=model.num_timesteps, **arrays))
    _write(training.out / STATE, lambda file: torch.save(state, file))


def read(folder: Path, marks: dict) -> dict:
    """Read the checkpoint in a folder; it must be one of the same training.

    Raises
    ------
    AgentError
        When there is none, it is damaged, or of another training.
    """
    path = folder / STATE
    if not path.is_file():
        raise AgentError(f"{folder} holds no checkpoint to resume from ({STATE})")
    try:
        kept = torch.load(path, weights_only=True)
        known = kept["format"] == FORMAT
    except Exception as error:  # torch names a dozen; each means that the file is no good
        raise AgentError(f"the checkpoint {path} cannot be read: "
                         f"{' '.join(str(error).split())[:200]}") from None
    if not known:
        raise AgentError(f"the checkpoint {path} was written by another version")
    before = json.loads(kept["marks"])
    now = json.loads(json.dumps(marks))
    for name in ("case", "algo", "seed"):
        if before[name] != now[name]:
            raise AgentError(f"the checkpoint in {folder} is of {name} {before[name]}; you asked "
                             f"for {now[name]}")
    changed = [name for name in now["recipe"] if before["recipe"].get(name) != now["recipe"][name]]
    if changed:
        raise AgentError(f"the checkpoint in {folder} was made with another {changed[0]} "
                         f"({before['recipe'].get(changed[0])}, now {now['recipe'][changed[0]]})")
    return kept


def restore(training, kept: dict) -> None:
    """Put a training into the state of a checkpoint."""
    model, recipe = training.model, training.recipe
    model.policy.load_state_dict(kept["policy"])
    for name, one in _optimisers(model).items():
        one.load_state_dict(kept["optimisers"][name])
    if kept["log_ent_coef"] is not None:
        model.log_ent_coef.data.copy_(kept["log_ent_coef"])
    model.num_timesteps, model._n_updates = kept["steps"], kept["updates"]
    if hasattr(model, "_n_calls"):
        model._n_calls = kept["calls"]
    if training.normal is not None:
        _restore_normal(training.normal, kept["normal"])
    if _has_buffer(model):
        _restore_buffer(training, recipe.keep_buffer)
    model._current_progress_remaining = 1.0 - training.budget.spent(model.num_timesteps)
    if hasattr(model, "exploration_schedule"):
        model.exploration_rate = model.exploration_schedule(model._current_progress_remaining)
    episodes = training.native._episodes
    episodes._bases = list(kept["bases"])
    episodes._played = [max(0, played - 1) for played in kept["played"]]
    training.timed._reset_seeds()  # the seeds of the beginning are not to be used again
    model._last_obs = None
    set_random_state(kept)
    model.action_space.np_random.bit_generator.state = json.loads(kept["action_space"])


def _optimisers(model) -> dict:
    if hasattr(model, "critic"):
        found = {"actor": model.actor.optimizer, "critic": model.critic.optimizer}
        if model.ent_coef_optimizer is not None:
            found["entropy"] = model.ent_coef_optimizer
        return found
    return {"policy": model.policy.optimizer}


def _entropy(model):
    coefficient = getattr(model, "log_ent_coef", None)
    return None if coefficient is None else coefficient.detach().clone()


def _has_buffer(model) -> bool:
    return getattr(model, "replay_buffer", None) is not None


def _restore_buffer(training, is_kept: bool) -> None:
    """Fill the replay buffer; without one it is filled anew by random actions, as at the start."""
    model = training.model
    path = training.out / BUFFER
    if not is_kept or not path.is_file():
        model.learning_starts += model.num_timesteps
        return
    buffer = model.replay_buffer
    with np.load(path, allow_pickle=False) as file:
        if int(file["steps"]) != model.num_timesteps:
            raise AgentError(f"{path} and {STATE} are not of the same moment; the training cannot "
                             f"go on from them")
        length = len(file["rewards"])
        for name in _ARRAYS:
            getattr(buffer, name)[:length] = file[name]
        buffer.pos, buffer.full = int(file["pos"]), bool(file["full"])


def _normal(normal) -> dict | None:
    """Running moments of normalisation."""
    if normal is None:
        return None
    found = {"returns": torch.from_numpy(normal.returns.copy())}
    for name in ("obs_rms", "ret_rms"):
        moments = getattr(normal, name, None)
        if moments is not None:
            # By arrays: torch takes a scalar of NumPy for a float of Python and halves its digits.
            found[name] = {"mean": torch.from_numpy(np.array(moments.mean, np.float64)),
                           "var": torch.from_numpy(np.array(moments.var, np.float64)),
                           "count": float(moments.count)}
    return found


def _restore_normal(normal, kept: dict) -> None:
    for name in ("obs_rms", "ret_rms"):
        if name in kept:
            moments = getattr(normal, name)
            moments.mean, moments.var = kept[name]["mean"].numpy(), kept[name]["var"].numpy()
            moments.count = kept[name]["count"]


def random_state() -> dict:
    """States of the global generators of torch and NumPy, from which learners draw."""
    _, keys, pos, has_gauss, cached = np.random.get_state()
    return {"torch": torch.get_rng_state(),
            "numpy": {"keys": torch.from_numpy(keys.astype(np.int64)), "pos": int(pos),
                      "has_gauss": int(has_gauss), "cached": float(cached)}}


def set_random_state(state: dict) -> None:
    """Set them to what `random_state` told."""
    torch.set_rng_state(state["torch"])
    kept = state["numpy"]
    np.random.set_state(("MT19937", kept["keys"].numpy().astype(np.uint32), kept["pos"],
                         kept["has_gauss"], kept["cached"]))
