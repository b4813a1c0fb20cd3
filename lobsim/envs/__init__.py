"""Gymnasium environments: importing this package registers them."""

from lobsim.envs import making_ids  # noqa: F401
