"""The late penalty: so much per started day, after a grace period, up to a maximum.

It is a plugin of nbgrader, so formgrader, ``nbgrader autograde`` and `lobsim grade` agree. Imports
nbgrader, so only ``nbgrader_config.py`` and the grader import it.
"""

from __future__ import annotations

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float, TraitError, Unicode, validate

from lobsim.course.times import NoMoment, zone_of

_DAY_S = 86_400.0


class LatePenalty(LateSubmissionPlugin):
    """Takes off a share of the marks earned for each day that has begun after the due date.

    A hand-in within the grace period costs nothing; one after it is counted from the due date.
    The due date of a student includes the extension that was granted. Configured in
    ``nbgrader_config.py``::

        c.AssignLatePenalties.plugin_class = "lobsim.course.late.LatePenalty"
        c.LatePenalty.percent_per_day = 10
        c.LatePenalty.grace_minutes = 15
        c.LatePenalty.maximum_percent = 50

    Examples
    --------
    >>> plugin = LatePenalty(percent_per_day=10, grace_minutes=15, maximum_percent=50)
    >>> plugin.late_submission_penalty("ada", 8.0, 30 * 3600)  # 1 day 6 h: the second day began
    1.6
    """

    percent_per_day = Float(0.0, help="Percent of the marks earned, per started day; 0 to 100."
                            ).tag(config=True)
    grace_minutes = Float(0.0, help="Minutes after the due date that cost nothing; 0 or more."
                          ).tag(config=True)
    maximum_percent = Float(100.0, help="Never more than this percent of the marks; 0 to 100."
                            ).tag(config=True)
    time_zone = Unicode("UTC", help="Zone of times in file names that name none (Blackboard's), "
                        "and of the dates that are shown.").tag(config=True)

    @validate("percent_per_day", "maximum_percent")
    def _percent(self, proposal):
        if not 0 <= proposal["value"] <= 100:
            raise TraitError(f"LatePenalty.{proposal['trait'].name} is {proposal['value']:g}; "
                             "it must be between 0 and 100")
        return proposal["value"]

    @validate("grace_minutes")
    def _grace(self, proposal):
        if not proposal["value"] >= 0:
            raise TraitError(f"LatePenalty.grace_minutes is {proposal['value']:g}; it must be 0 "
                             "or more")
        return proposal["value"]

    @validate("time_zone")
    def _zone(self, proposal):
        try:
            zone_of(proposal["value"])
        except NoMoment as error:
            raise TraitError(f"LatePenalty.time_zone: {error}") from None
        return proposal["value"]

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """Points to take off.

        Parameters
        ----------
        student_id : str
        score : float
            Marks earned, 0 or more.
        total_seconds_late : float
            Seconds after the student's own due date.

        Returns
        -------
        float or None
            Points, rounded to a hundredth; None where nothing is taken off.
        """
        if total_seconds_late <= 60 * self.grace_minutes:
            return None
        days = max(1, math.ceil(total_seconds_late / _DAY_S))
        percent = min(days * self.percent_per_day, self.maximum_percent)
        return round(score * percent / 100, 2) or None
