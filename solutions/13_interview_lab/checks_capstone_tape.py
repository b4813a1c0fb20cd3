"""Two exercises of lesson 13's capstone: facts of an unseen market, and what is odd about it."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

_HERE = Path(__file__).parent
_MARKET: dict = {"__name__": "unseen_market"}
exec(compile((_HERE / "unseen_market.py").read_text(encoding="utf-8"), "unseen_market.py", "exec"),
     _MARKET)
TICK, SUSPECTS, stream, draw = (_MARKET[name] for name in ("TICK", "SUSPECTS", "stream", "draw"))
HIDDEN_DAY = "hidden"  # days of the learner's own market that `Desk.tape` cannot be asked for
FACTS = ("spread_ticks", "depth_shares", "volume_per_min", "volatility_bps", "mark_out_ticks",
         "delay_s", "take_fee", "make_fee")
BLOCKS, WIDE, SLACK = 12, 2.5, 0.01  # blocks of a tape, standard errors allowed, share allowed
LATER_S = 10.0


@lru_cache(maxsize=256)
def own_tape(student):
    """A day of a student's market that nobody can ask for beforehand, with clear evidence."""
    profile, _, peculiar = draw(stream("market of", student))
    for day in range(8):
        seed = int(stream(student, HIDDEN_DAY, day).integers(2**62))
        tape = _MARKET["recorded"](profile, seed)
        if _is_clear(tape, peculiar):
            break
    return tape, peculiar


@lru_cache(maxsize=256)
def strange_tape(number, peculiar=None):
    """A day of a market that belongs to nobody."""
    rng = np.random.default_rng(number)
    profile, _, peculiar = draw(rng, peculiar)
    return _MARKET["recorded"](profile, int(rng.integers(2**62))), peculiar


def _part_of(tape, seconds):
    """The first seconds of a tape, as the function's arguments."""
    end = _MARKET["TAPE_S"][0] + seconds
    column = {"quotes": "time_s", "trades": "time_s", "blotter": "booked_s"}
    return {name: table[table[column[name]] <= end].reset_index(drop=True)
            for name, table in tape._asdict().items()}


# --------------------------------------------------------------------------------- measure


def reference_measure(quotes=None, trades=None, blotter=None, **asked):
    return "right" if asked else _facts(quotes, trades, blotter)


def _facts(quotes, trades, blotter, fault=""):
    time = quotes["time_s"].to_numpy()
    mid = (quotes["bid"] + quotes["ask"]).to_numpy() / 2
    spread = (quotes["ask"] - quotes["bid"]).mean()
    step = 1 if fault == "five_seconds" else 12  # quotes come every five seconds
    depth = (quotes["bid_shares"] + quotes["ask_shares"]).mean()
    minutes = (time[-1] - time[0] + 5.0) / 60
    return {"spread_ticks": float(spread if fault == "dollars" else spread / TICK),
            "depth_shares": float(depth if fault == "both_sides" else depth / 2),
            "volume_per_min": float(trades["shares"].sum() / minutes
                                    / (60 if fault == "per_second" else 1)),
            "volatility_bps": float(1e4 * np.diff(np.log(mid[::step])).std(ddof=1)),
            "mark_out_ticks": _mark_out(time, mid, trades, fault == "unsigned"),
            "delay_s": float((blotter["booked_s"] - blotter["sent_s"])[blotter["booked_s"] > 0]
                             .median()),
            "take_fee": _fee(blotter, "take", fault), "make_fee": _fee(blotter, "make", fault)}


def _mark_out(time, mid, trades, unsigned=False):
    at = np.searchsorted(time, trades["time_s"].to_numpy() + LATER_S)
    known = at < len(time)
    before = ((trades["bid"] + trades["ask"]) / 2).to_numpy()[known]
    sign = 1 if unsigned else trades["sign"].to_numpy()[known]
    return float((sign * (mid[at[known]] - before)).mean() / TICK)


def _fee(blotter, kind, fault):
    own = blotter[(blotter["kind"] == kind) & (blotter["filled"] > 0)]
    if fault == "fee_per_order":
        return float(100 * own["fee"].mean())
    return float((-100 if fault == "fee_turned" else 100) * own["fee"].sum() / own["filled"].sum())


FAULTS = {"dollars": ("spread_ticks",), "both_sides": ("depth_shares",),
          "per_second": ("volume_per_min",), "five_seconds": ("volatility_bps",),
          "unsigned": ("mark_out_ticks",), "fee_per_order": ("take_fee", "make_fee"),
          "fee_turned": ("take_fee", "make_fee")}


@lru_cache(maxsize=64)
def truth_of(desk, number):
    """A tape, its right facts, those with each fault, and how far each fact may lie from them.

    That is 2.5 standard errors, found in twelve blocks of ten minutes, and 1 %.
    """
    tape, _ = strange_tape(number) if number else own_tape(desk)
    start, end = _MARKET["TAPE_S"]
    edges = np.linspace(start, end, BLOCKS + 1)
    rows = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = [table[table["time_s"].between(low, high, inclusive="left")]
                  for table in tape[:2]]
        rows.append([_facts(*inside, tape.blotter)[name] for name in FACTS])
    right = _facts(*tape)
    error = np.std(rows, axis=0, ddof=1) / BLOCKS**0.5
    room = {name: WIDE * e + SLACK * abs(right[name]) + 1e-3
            for name, e in zip(FACTS, error, strict=True)}
    return tape, right, {fault: _facts(*tape, fault) for fault in FAULTS}, room


def play_measure(ask, kept, desk, fact, number=0):
    key = "facts", desk, number
    if key not in kept:
        kept[key] = ask(**truth_of(desk, number)[0]._asdict())
        if not isinstance(kept[key], dict):
            raise ValueError("measure() must return a dict of facts")
    _, right, wrong, room = truth_of(desk, number)
    value = kept[key].get(fact)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "no number"
    if abs(value - right[fact]) <= room[fact]:
        return "right"
    for fault, names in FAULTS.items():
        at = wrong[fault][fact]
        if fact in names and abs(value - at) <= max(1e-3, 0.02 * abs(at)):
            return fault
    return "outside"


def _fact_fault(name):
    def wrong(quotes=None, trades=None, blotter=None, fact=None, **asked):
        if fact is None:
            return _facts(quotes, trades, blotter, name)
        if fact not in FAULTS[name]:
            raise KeyError(fact)
        return name

    return wrong


def ten_minutes(rng):
    return [Case(_part_of(strange_tape(7, "overshoot")[0], 600), "ten minutes of a market")]


def own_facts(rng, student):
    return [Case({"desk": student, "fact": fact}, play=play_measure) for fact in FACTS]


def strange_facts(rng):
    numbers = [int(k) for k in rng.integers(1, 2**31, 2)]
    return [Case({"desk": "", "fact": fact, "number": k}, play=play_measure)
            for k in numbers for fact in FACTS]


MEASURE = Check(
    name="measure",
    title="Eight facts of a market",
    reference=reference_measure,
    tolerance=Tolerance(rtol=0.02, atol=0.002, why="how the edges of a tape are counted"),
    reread='"Read the tape"',
    parts=[
        Part("ten minutes of a market", 1.0, ten_minutes, category="worked example"),
        Part("your own desk, on a day that you have not seen", 2.0, own_facts, False,
             category="other numbers", partial=True, by_student=True),
        Part("two desks that nobody has seen", 3.0, strange_facts, False,
             category="other numbers", partial=True),
    ],
    mistakes=[
        Mistake("dollars", _fact_fault("dollars"), "the spread is asked in ticks of a cent"),
        Mistake("both_sides", _fact_fault("both_sides"),
                "depth is the mean of the two sides' sizes at the best, not their sum"),
        Mistake("per_second", _fact_fault("per_second"), "volume is asked for a minute"),
        Mistake("five_seconds", _fact_fault("five_seconds"),
                "volatility is that of moves of a minute, twelve rows of `quotes`"),
        Mistake("unsigned", _fact_fault("unsigned"),
                "a mark-out is signed: a price that falls after a sale is a move with the taker"),
        Mistake("fee_per_order", _fact_fault("fee_per_order"),
                "fees are asked for a share: divide by the shares that were filled"),
        Mistake("fee_turned", _fact_fault("fee_turned"),
                "a fee that is paid is positive, a rebate negative, as in the blotter"),
    ],
)  # fmt: skip

# -------------------------------------------------------------------------------- diagnose


def reference_diagnose(quotes=None, trades=None, blotter=None, **asked):
    if asked:
        return "right"
    found = evidence_of(quotes, trades, blotter)
    name = _name(found)
    return name, found[name]


def _name(found, easy=1.0):
    """The suspect whose evidence is out of its range; `easy` above 1 asks for more of it."""
    if found["hidden"] > 0.05:
        return "hidden"
    if found["inverted"] > 0:
        return "inverted"
    if found["storms"] > 1.8 * easy:
        return "storms"
    if found["trend"] > 1.65 * easy:
        return "trend"
    if found["overshoot"] < 0.62 / easy**0.5:
        return "overshoot"
    return "drought"


def _is_clear(tape, suspect):
    """Whether any threshold between the suspects' ranges finds this one."""
    found = evidence_of(*tape)
    dry = found["drought"] < 0.48 if suspect == "drought" else (
        suspect == "storms" or found["drought"] > 0.55)
    return dry and _name(found, 0.9) == _name(found, 1.12) == suspect


def evidence_of(quotes, trades, blotter):
    """The evidence of each suspect, as the lesson's table defines it."""
    time = quotes["time_s"].to_numpy()
    mid = (quotes["bid"] + quotes["ask"]).to_numpy() / 2
    spread = (quotes["ask"] - quotes["bid"]).to_numpy()
    bins = ((trades["time_s"] - time[0]) // 300).astype(int)
    volume = trades.groupby(bins)["shares"].sum().reindex(range(int(bins.max())), fill_value=0)
    short, long = mid[2:] - mid[:-2], mid[24:] - mid[:-24]
    ratio = float((long**2).mean() / (12 * (short**2).mean()))
    inside = (trades["price"] > trades["bid"] + 1e-6) & (trades["price"] < trades["ask"] - 1e-6)
    minutes = spread[:len(spread) // 12 * 12].reshape(-1, 12).mean(axis=1)
    low, high = np.quantile(minutes, [0.1, 0.9])
    return {"drought": float(volume.min() / volume.mean()), "trend": ratio,
            "hidden": float(inside.mean()), "overshoot": ratio,
            "inverted": _fee(blotter, "make", "") - _fee(blotter, "take", ""),
            "storms": float(high / low)}


NEAR = {"drought": 0.15, "trend": 0.2, "overshoot": 0.2, "hidden": 0.05, "inverted": 0.05,
        "storms": 0.15}  # share by which evidence may differ: other bins, other overlaps


def play_diagnose(ask, kept, desk, what, number=0, suspect=""):
    key = "diagnosis", desk, number
    if key not in kept:
        tape, truth = strange_tape(number, suspect) if number else own_tape(desk)
        got = ask(**tape._asdict())
        if not (isinstance(got, (tuple, list)) and len(got) == 2 and isinstance(got[0], str)):
            raise ValueError("diagnose() must return a name and a number")
        kept[key] = got, tape, truth
    (name, value), tape, truth = kept[key]
    name = name.strip().lower()
    if name != truth:
        pair = {name, truth}
        return "turned" if pair == {"trend", "overshoot"} else (
            "calm_is_dry" if pair == {"storms", "drought"} else "another")
    if what == "name":
        return "right"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "no number"
    right = evidence_of(*tape)[truth]
    for verdict, wanted in (("right", right), ("percent", 100 * right), ("upside_down", 1 / right)):
        if abs(value - wanted) <= NEAR[truth] * abs(wanted):
            return verdict
    return "outside"


def _case_of(name):
    """A short tape on which the suspect's evidence is as clear as on a long one."""
    return Case(_part_of(strange_tape(3, name)[0], 1200), f"twenty minutes: {name}")


def known_tapes(rng):
    return [_case_of("inverted"), _case_of("hidden")]


def own_oddity(rng, student):
    return [Case({"desk": student, "what": what}, play=play_diagnose)
            for what in ("name", "evidence")]


def strange_oddities(rng):
    cases = []
    for suspect in rng.permutation(SUSPECTS):
        while True:  # one whose evidence is clear of the thresholds
            number = int(rng.integers(1, 2**31))
            if _is_clear(strange_tape(number, str(suspect))[0], suspect):
                break
        cases += [Case({"desk": "", "what": what, "number": number, "suspect": str(suspect)},
                       play=play_diagnose) for what in ("name", "evidence")]
    return cases


def _verdict(name, factor=None):
    def wrong(quotes=None, trades=None, blotter=None, what=None, **asked):
        if what is not None:
            return name
        right = reference_diagnose(quotes, trades, blotter)
        if factor is None:
            raise KeyError(name)
        return right[0], factor(right[1])

    return wrong


DIAGNOSE = Check(
    name="oddity",
    title="What is odd about this market?",
    reference=reference_diagnose,
    tolerance=Tolerance(rtol=0.02, why="how the edges of a tape are counted"),
    reread='"What is odd?"',
    parts=[
        Part("two short tapes", 1.0, known_tapes, category="worked example", partial=True),
        Part("your own desk", 2.0, own_oddity, False, category="other numbers", partial=True,
             by_student=True),
        Part("six desks, one for each suspect", 5.0, strange_oddities, False,
             category="other numbers", partial=True),
    ],
    mistakes=[
        Mistake("turned", _verdict("turned"),
                "a variance ratio above 1 is a trend, below 1 an overshoot: moves that go on, or "
                "moves that come back"),
        Mistake("calm_is_dry", _verdict("calm_is_dry"),
                "where storms are busy, calm looks dry beside them: look at the spread first"),
        Mistake("percent", _verdict("percent", lambda x: 100 * x),
                "evidence is asked as a share or ratio, not in per cent"),
        Mistake("upside_down", _verdict("upside_down", lambda x: 1 / x),
                "the ratio is upside down"),
        Mistake("another", _verdict("another"),
                "on some tape you name another suspect than the one whose evidence has left its "
                "range; compare with the practice desks, one suspect at a time"),
    ],
)  # fmt: skip

CHECKS = [MEASURE, DIAGNOSE]
