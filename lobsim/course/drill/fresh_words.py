"""Fresh numbers of lessons 12 and 13: words, attention, masks, lucky figures, beliefs, risk."""

from __future__ import annotations

import math

from lobsim.course.drill.fresh import Fresh, wrong


def _words_draw(rng):
    parts = int(rng.choice([2, 4, 8]))
    return {"small": 2 * parts, "parts": parts, "top": 2 ** int(rng.integers(10, 21))}


def _words(small, parts, top):
    """Words for all numbers below `top`: small ones by themselves, then buckets of doublings."""
    return small + parts * (math.log2(top) - math.log2(small))


def _attention_draw(rng):
    return {"keep_pct": int(rng.integers(75, 96)), "window": int(rng.integers(6, 15)),
            "newest": int(rng.integers(2, 5))}


def _attention(keep_pct, window, newest):
    r = keep_pct / 100
    return 100 * (1 - r**newest) / (1 - r**window)


def _mask_draw(rng):
    return {"cancel_pct": int(rng.integers(30, 71)), "valid_pct": int(rng.integers(5, 51))}


def _retried(cancel_pct, valid_pct):
    kept = cancel_pct * valid_pct / 100
    return 100 * kept / (kept + 100 - cancel_pct)


def _lucky_draw(rng):
    return {"numbers": int(rng.integers(8, 31)), "reach": int(rng.choice([20, 50, 100])),
            "decimals": int(rng.choice([1, 2]))}


def _lucky(numbers, reach, decimals):
    return 100 * numbers * 10.0**-decimals / reach


def _belief_draw(rng):
    return {"prior_pct": int(rng.integers(5, 31)), "alarm_pct": int(rng.integers(70, 96)),
            "false_pct": int(rng.integers(5, 31))}


def _belief(prior_pct, alarm_pct, false_pct):
    true = prior_pct * alarm_pct
    return 100 * true / (true + (100 - prior_pct) * false_pct)


def _weight_draw(rng):
    return {"more_bps": int(rng.integers(1, 13)) / 10, "risk": int(rng.integers(8, 20)),
            "less": int(rng.integers(2, 7))}


def _weight(more_bps, risk, less):
    """Weight of variance at which two policies tie; risks are standard deviations in bps."""
    return more_bps / (risk**2 - (risk - less) ** 2)


NUMBERS = [
    Fresh("words_of_numbers", _words_draw, _words, "", (
        wrong("one_each", lambda small, parts, top: top,
              "a word each is what the buckets save."),
        wrong("one_a_doubling", lambda small, parts, top:
              small + math.log2(top) - math.log2(small), "each doubling has several buckets."),
        wrong("from_one", lambda small, parts, top: small + parts * math.log2(top),
              "the doublings below the first bucket are the small numbers.")), rtol=0.001),
    Fresh("attention_on_the_newest", _attention_draw, _attention, "%", (
        wrong("alike", lambda keep_pct, window, newest: 100 * newest / window,
              "each step back costs weight."),
        wrong("no_window", lambda keep_pct, window, newest: 100 * (1 - (keep_pct / 100) ** newest),
              "weights add up to one inside the window, not beyond."),
        wrong("the_rest", lambda keep_pct, window, newest:
              100 - _attention(keep_pct, window, newest), "that is what the older ones get.")),
          rtol=0.015),
    Fresh("share_after_retries", _mask_draw, _retried, "%", (
        wrong("masked", lambda cancel_pct, valid_pct: float(cancel_pct),
              "that is masking: the event is drawn once, and keeps its chance."),
        wrong("not_shared_out", lambda cancel_pct, valid_pct: cancel_pct * valid_pct / 100,
              "what is thrown away is drawn again: divide by the chance of a valid message.")),
          rtol=0.015),
    Fresh("lucky_figure", _lucky_draw, _lucky, "%", (
        wrong("one_number", lambda numbers, reach, decimals: _lucky(1, reach, decimals),
              "any of the numbers will do."),
        wrong("half", lambda numbers, reach, decimals: _lucky(numbers, reach, decimals) / 2,
              "half a unit on either side."),
        wrong("whole", lambda numbers, reach, decimals: _lucky(numbers, reach, 0),
              "the decimals that are written make it narrower."))),
    Fresh("belief_after_an_alarm", _belief_draw, _belief, "%", (
        wrong("no_start", lambda prior_pct, alarm_pct, false_pct:
              100 * alarm_pct / (alarm_pct + false_pct),
              "what you believed before counts: a rare cause stays rare."),
        wrong("of_the_alarm", lambda prior_pct, alarm_pct, false_pct: float(alarm_pct),
              "that is the chance of an alarm given the cause, not the other way round."),
        wrong("not_shared_out", lambda prior_pct, alarm_pct, false_pct:
              prior_pct * alarm_pct / 100, "divide by the chance of an alarm.")), rtol=0.015),
    Fresh("weight_of_risk", _weight_draw, _weight, "", (
        wrong("of_deviations", lambda more_bps, risk, less: more_bps / less,
              "the penalty is on the variance: square before you subtract."),
        wrong("squared_gap", lambda more_bps, risk, less: more_bps / less**2,
              "the difference of squares is not the square of the difference."),
        wrong("upside_down", lambda more_bps, risk, less: 1 / _weight(more_bps, risk, less),
              "cost over risk, not risk over cost.")), rtol=0.02),
]
