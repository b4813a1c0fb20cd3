"""The small case of the measurements of overfitting and of fixes: ten minutes of pacing."""

from dataclasses import replace

from lobsim.agents.cases import find_case
from lobsim.envs.execution_settings import ExecutionSettings

SHIFT_S = 120.0
TITLE = "sell 2,500 SPY within ten minutes of trends"
CASE = replace(find_case("pacing"), title=TITLE).with_settings(
    quantity=2_500, horizon_s=600.0, interval_s=15.0, slice_s=45.0)
"""Sell 2,500 SPY within ten minutes of trends, 40 decisions; about 3 % of the volume."""

TRAINING = {"max_shift_s": SHIFT_S}
"""What a training changes of the case's recipe."""

SETTINGS = ExecutionSettings(**{**CASE.settings, "actions": "pace", "max_shift_s": SHIFT_S,
                                "reward": "against_schedule"})
"""The environment in which its agents act."""
