"""Exercises 1 and 2 of lesson 11: what stamps of two clocks tell, and what was known when."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")

# ------------------------------------------------------------------------------------ 1 hops


def reference_hops(sent, received, told, heard):
    return _hops(sent, received, told, heard)


def _hops(sent, received, told, heard, answered=True, middle=np.median, turned=False,
          whole=False, kept=True, one_way=False, half=2.0, of_medians=False,
          there=False, added=False, legs=1.0):
    sent, received, told, heard = (np.asarray(x, dtype=float)
                                   for x in (sent, received, told, heard))
    if answered:
        known = heard > 0
        sent, received, told, heard = (x[known] for x in (sent, received, told, heard))
    if of_medians:
        sent, received, told, heard = (np.atleast_1d(np.median(x))
                                       for x in (sent, received, told, heard))
    offset = ((received - sent) + (heard - told if added else told - heard)) / half
    if one_way or there:
        offset = received - sent
    travel = legs * (heard - sent if whole else (heard - sent) - (told - received))
    if one_way:
        travel = received - sent
    held = told - received if kept else heard - told
    return tuple(float(middle(x)) for x in (-offset if turned else offset, travel, held))


def _wrong_hops(**how):
    def wrong(sent, received, told, heard):
        return _hops(sent, received, told, heard, **how)

    return wrong


def _stamps(rng, count, skew, unanswered=0):
    sent = np.sort(rng.uniform(100, 400, count))
    out, back = rng.gamma(4, 0.05, (2, count))
    held = rng.gamma(2, 0.1, count)
    received = sent + out + skew
    told, heard = received + held, sent + out + held + back
    table = {"sent": sent, "received": received, "told": told, "heard": heard}
    lost = rng.permutation(count)[:unanswered]
    for name in ("received", "told", "heard"):
        table[name][lost] = 0.0
    return {name: stamps.round(4) for name, stamps in table.items()}


def other_days(rng):
    return [Case(_stamps(rng, 9, 0.6), "the venue's clock is ahead"),
            Case(_stamps(rng, 14, -0.4), "the venue's clock is behind")]


def lost_answers(rng):
    return [Case(_stamps(rng, 12, 0.3, unanswered=5), "five requests without an answer"),
            Case(_stamps(rng, 3, 0.0, unanswered=2), "one answer")]


THREE = {"sent": np.array([10.0, 20.0, 30.0]), "received": np.array([10.9, 20.9, 31.2]),
         "told": np.array([11.0, 21.4, 31.3]), "heard": np.array([10.5, 20.9, 30.6])}

HOPS = Check(
    name="hops",
    title="Where did the time go?",
    reference=reference_hops,
    tolerance=EXACT,
    reread='"Two clocks": three requests by hand',
    parts=[
        Part("three requests by hand", 1.0, [Case(THREE, "the requests above")],
             category="worked example"),
        Part("other days", 2.0, other_days, False, category="other numbers"),
        Part("requests without an answer", 1.0, lost_answers, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("one_way", _wrong_hops(one_way=True),
                "received less sent is of two clocks: their offset and the travel are mixed in it"),
        Mistake("unanswered", _wrong_hops(answered=False),
                "a request without an answer has stamps of 0: leave it out"),
        Mistake("whole", _wrong_hops(whole=True),
                "heard less sent holds the time at the venue, too: subtract it"),
        Mistake("turned", _wrong_hops(turned=True),
                "the offset is positive when the *venue's* clock is ahead"),
        Mistake("not_halved", _wrong_hops(half=1.0), "the offset is the mean of two estimates"),
        Mistake("there", _wrong_hops(there=True),
                "the offset is half the difference of the ways there and back"),
        Mistake("added", _wrong_hops(added=True),
                "the way back counts against the way there: told less heard"),
        Mistake("one_leg", _wrong_hops(legs=0.5),
                "travel is there *and* back: do not halve it"),
        Mistake("mean", _wrong_hops(middle=np.mean), "the median is asked, not the mean"),
        Mistake("of_medians", _wrong_hops(of_medians=True),
                "subtract first, request by request, and take the median then"),
        Mistake("way_back", _wrong_hops(kept=False),
                "the time at the venue is between two stamps of the venue: told less received"),
    ],
)  # fmt: skip

# -------------------------------------------------------------------------------- 2 known_at


def reference_known(decided, heard, stamped, value):
    return _known(decided, heard, stamped, value)


def _known(decided, heard, stamped, value, by="heard", newest="stamped", strict=False,
           none=np.nan, clipped=False):
    decided, heard, stamped, value = (np.asarray(x, dtype=float)
                                      for x in (decided, heard, stamped, value))
    time = {"heard": heard, "stamped": stamped}[by]
    key = {"heard": heard, "stamped": stamped, "row": np.arange(len(heard))}[newest]
    out = np.full(len(decided), none)
    for k, at in enumerate(decided):
        inside = np.flatnonzero(time < at if strict else time <= at)
        if len(inside):
            out[k] = value[inside[key[inside].argmax()]]
        elif clipped:
            out[k] = value[0]
    return out


def _wrong_known(**how):
    def wrong(decided, heard, stamped, value):
        return _known(decided, heard, stamped, value, **how)

    return wrong


def _nearest(decided, heard, stamped, value):
    return np.array([value[np.abs(heard - at).argmin()] for at in decided])


def _messages(rng, count, decisions, delay, jitter, early=0):
    stamped = np.arange(count) * 0.5 + rng.uniform(0, 0.3, count)
    heard = stamped + delay + rng.exponential(jitter, count)
    decided = np.linspace(2.0, stamped[-1], decisions)
    decided[:early] = stamped[0] - 1.0 - np.arange(early)[::-1]
    given = {"decided": decided, "heard": heard, "stamped": stamped,
             "value": rng.normal(size=count)}
    given = {name: x.round(3) for name, x in given.items()}
    given["decided"][early] = given["heard"][count // 3]  # one decides as he hears
    given["decided"] = np.sort(given["decided"])
    return given


def other_feeds(rng):
    while True:
        cases = [_messages(rng, 30, 9, 0.4, 0.1), _messages(rng, 40, 12, 0.8, 0.05)]
        if all(not np.array_equal(_known(**c), _known(**c, strict=True)) for c in cases):
            return [Case(cases[0], "a delay of 0.4 s"), Case(cases[1], "a delay of 0.8 s")]


def late_and_early(rng):
    while True:  # until some message is overtaken just where it matters
        given = _messages(rng, 40, 12, 0.3, 1.0, early=2)
        right, last = _known(**given), _known(**given, newest="heard")
        if np.isnan(right).sum() == 2 and (np.nan_to_num(right) != np.nan_to_num(last)).sum() > 1:
            order = rng.permutation(40)
            mixed = {**given, **{n: given[n][order] for n in ("heard", "stamped", "value")}}
            return [Case(given, "messages overtake one another; two decisions come too early"),
                    Case(mixed, "the same, rows in any order")]


FOUR = {"decided": np.array([1.0, 2.0, 3.0, 4.0]), "heard": np.array([1.2, 2.0, 3.9, 3.2]),
        "stamped": np.array([0.5, 1.5, 2.4, 2.9]), "value": np.array([10.0, 20.0, 30.0, 40.0])}

KNOWN_AT = Check(
    name="known_at",
    title="Find the bug: a reconciliation that knows too much",
    reference=reference_known,
    tolerance=EXACT,
    reread='"Find the bug": four messages by hand',
    parts=[
        Part("four messages by hand", 1.0, [Case(FOUR, "the messages above")],
             category="worked example"),
        Part("other feeds", 2.0, other_feeds, False, category="other numbers"),
        Part("messages that overtake one another, decisions before the first", 2.0,
             late_and_early, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("colleague", _wrong_known(by="stamped"),
                "this is still the colleague's: a message counts from when it was *heard*, not "
                "from when the venue stamped it"),
        Mistake("last_heard", _wrong_known(newest="heard"),
                "of what was heard take the newest *stamp*: a late message may be an old one"),
        Mistake("last_row", _wrong_known(newest="row"),
                "rows come in any order: take the newest stamp of what was heard"),
        Mistake("strict", _wrong_known(strict=True),
                "what is heard at the moment of the decision is known: at or before"),
        Mistake("zero", _wrong_known(none=0.0),
                "where nothing was heard yet nothing is known: NaN, not 0"),
        Mistake("first", _wrong_known(clipped=True),
                "where nothing was heard yet nothing is known: not the first message either"),
        Mistake("nearest", _nearest, "the nearest message may lie in the future"),
    ],
)  # fmt: skip

CHECKS = [HOPS, KNOWN_AT]
