"""Case portfolio on a desk of three small names, for the tests of agents on a cluster."""

from dataclasses import replace

from desk import SHORT

from lobsim.agents import find_case
from lobsim.envs.clients import ClientBook

SMALL = replace(
    find_case("portfolio").with_settings(
        **SHORT | {"horizon_s": 40.0}, names=None, clients=ClientBook(coverage=0.8)),
    validation_episodes=2, judge_envs=2)
TINY = {"n_envs": 4, "batch_size": 24, "net": (16, 16), "validations": 1,
        "options": {"n_epochs": 2, "head_scale": 1.0}}
