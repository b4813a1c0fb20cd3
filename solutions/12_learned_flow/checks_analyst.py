"""Exercises 6 and 7 of lesson 12: figures without a source, and calls that may be refused."""

import json
import math

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=0.0, atol=0.0, why="positions and arguments are exact")

# -------------------------------------------------------------------------------- 6 unsourced


def reference_unsourced(figures, values):
    return _unsourced(figures, values)


def _unsourced(figures, values, units=True, percent=100.0, signed=True, half="last digit",
               decimals_of=str, turned=False, first=False, bare=True):
    found = []
    for n, (written, unit) in enumerate(figures):
        shown = float(written.replace(",", ""))
        digits = decimals_of(shown if decimals_of is repr else written).partition(".")[2]
        reach = {"last digit": 0.5 * 10.0 ** -len(digits), "whole digit": 10.0 ** -len(digits),
                 "cent": 0.005, "exact": 0.0, "relative": 0.01 * abs(shown)}[half]
        good = False
        for value, held in values[:1] if first else values:
            wanted = {"%": "share", "": "count"}.get(unit, unit)
            if unit == "" and not bare:
                wanted = held
            if held != wanted and units:
                continue
            if unit == "%":
                value = percent * value
            a, b = (shown, value) if signed else (abs(shown), abs(value))
            good = good or abs(a - b) <= reach * (1 + 1e-9)
        if good == turned:
            found.append(n)
    return found


def _wrong(**how):
    def wrong(figures, values):
        return _unsourced(figures, values, **how)

    return wrong


def _cut_off(figures, values):
    """Digits compared as text: what is cut off and not rounded."""
    found = []
    for n, (written, unit) in enumerate(figures):
        wanted = {"%": "share", "": "count"}.get(unit, unit)
        texts = [f"{100 * v if unit == '%' else v:.9f}" for v, held in values if held == wanted]
        if not any(text.startswith(written.replace(",", "")) for text in texts):
            found.append(n)
    return found


def _as_text(figures, values):
    """Rounded as it should be, and then compared as text: -0.03 is "-0.0", not "0.0"."""
    found = []
    for n, (written, unit) in enumerate(figures):
        wanted = {"%": "share", "": "count"}.get(unit, unit)
        decimals = len(written.partition(".")[2])
        texts = [f"{100 * v if unit == '%' else v:.{decimals}f}" for v, held in values
                 if held == wanted]
        if written.replace(",", "") not in texts:
            found.append(n)
    return found


def _written(figures, values):
    return [figures[n][0] for n in reference_unsourced(figures, values)]


def _count(figures, values):
    return len(reference_unsourced(figures, values))


HAND = {"figures": [("15.61", "bps"), ("16", "bps"), ("15.6", "$"), ("6.8", "%"), ("0.07", "%"),
                    ("0.34", "bps"), ("431", "$"), ("15", "bps"), ("8", "")],
        "values": [(15.612, "bps"), (-0.34, "bps"), (431.27, "$"), (0.0684, "share"),
                   (8, "count")]}

_UNIT = {"bps": "bps", "share": "%", "$": "$", "s": "s", "count": ""}


def _values(rng):
    """Numbers of a report; none at the border of a rounding."""
    amounts = [(float(rng.uniform(3, 30)), "bps"), (-float(rng.uniform(3, 30)), "bps"),
               (float(rng.uniform(200, 900)), "$"), (float(rng.uniform(0.1, 0.95)), "share"),
               (float(rng.uniform(5, 60)), "s"), (float(rng.uniform(1200, 9900)), "$")]
    kept = [(round(value, 5 if held == "share" else 3) + 0.000017, held) for value, held in amounts]
    return [*kept, (int(rng.integers(11, 90)), "count")]


def _text(value, held, decimals):
    shown = 100 * value if held == "share" else value
    return f"{shown:,.{decimals}f}", _UNIT[held]


def _report(rng, ways):
    """Values, and for each way one figure that is right and one that is wrong in this way."""
    while True:
        values = _values(rng)
        bps, low, cash, share, seconds, large, count = values
        figures = []
        for way in ways:
            figures += {
                "rounded": [_text(*bps, 2), _text(*bps, 0), _text(*large, 0), _text(*seconds, 1)],
                "unit": [_text(*bps, 1), (_text(*bps, 1)[0], "$"), (_text(*cash, 1)[0], "bps"),
                         _text(*cash, 1), (_text(*seconds, 2)[0], "bps")],
                "percent": [_text(*share, 1), (f"{share[0]:.2f}", "%"), _text(*share, 0),
                            (f"{100 * share[0] + 1.2:.1f}", "%"), (f"{share[0]:.3f}", "bps")],
                "sign": [_text(*low, 1), (_text(*low, 1)[0][1:], "bps"),
                         ("-" + _text(*bps, 2)[0], "bps"), _text(*low, 2)],
                "digit": [_text(*cash, 2), _text(cash[0] + 0.03, "$", 2),
                          _text(bps[0] + 0.8, "bps", 1), _text(*bps, 1),
                          _text(large[0] + 7, "$", 0), _text(*large, 1)],
                "count": [_text(*count, 0), (str(count[0]), "bps"), (str(count[0] + 1), ""),
                          (_text(*bps, 0)[0], "")],
                "zeros": [(f"{math.floor(10 * bps[0]) / 10:.2f}", "bps"), _text(*bps, 3),
                          (f"{math.floor(10 * cash[0]) / 10:.2f}", "$"), _text(*cash, 1)],
                "cut": [(f"{int(bps[0])}", "bps"), (f"{math.floor(10 * seconds[0]) / 10:.1f}", "s"),
                        _text(*bps, 0)],
            }[way]
        order = rng.permutation(len(figures))
        figures = [figures[k] for k in order]
        case = {"figures": figures, "values": [values[k] for k in rng.permutation(len(values))]}
        answer = reference_unsourced(**case)
        # all of a kind would tell nothing, and a digit's border would tell another story
        if 0 < len(answer) < len(figures) and answer == _unsourced(
                figures, [(v + 2e-5 * (h != "count"), h) for v, h in case["values"]]):
            return Case(case, ", ".join(ways))


def other_reports(rng):
    return [_report(rng, ("rounded", "unit", "digit")), _report(rng, ("percent", "rounded")),
            _report(rng, ("sign", "count")), _report(rng, ("rounded", "digit", "percent")),
            _report(rng, ("unit", "sign", "percent"))]


def corners(rng):
    value = _values(rng)
    return [Case({"figures": [], "values": value}, "a report without a figure"),
            Case({"figures": [_text(*value[0], 2), _text(*value[6], 0)], "values": []},
                 "no call was made"),
            _report(rng, ("zeros",)), _report(rng, ("zeros", "unit")),
            _report(rng, ("cut", "sign")),
            Case({"figures": [("0.0", "bps"), ("-0.0", "bps"), ("0", "bps"), ("1", "bps")],
                  "values": [(-0.032, "bps"), (3.4, "bps")]}, "next to nothing, at one decimal")]


UNSOURCED = Check(
    name="unsourced",
    title="Find the figures that nobody computed",
    reference=reference_unsourced,
    tolerance=EXACT,
    reread='"What a figure may claim": the table, row by row',
    parts=[
        Part("the report above", 1.0, [Case(HAND, "nine figures")], category="worked example"),
        Part("other reports", 2.5, other_reports, False, category="other numbers", partial=True),
        Part("zeros that count, digits cut off, nothing at all", 1.5, corners, False,
             category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("turned", _wrong(turned=True), "positions of figures *without* a source are asked"),
        Mistake("written", _written, "positions are asked, not the figures themselves"),
        Mistake("counted", _count, "a list of positions is asked, not how many there are"),
        Mistake("units_ignored", _wrong(units=False),
                "a number with another unit is another number: 15.6 $ is not 15.6 bps"),
        Mistake("fraction", _wrong(percent=1.0),
                "tools hold a share as a fraction: 6.8 % is 0.068"),
        Mistake("bare", _wrong(bare=False), "a bare figure is a count, and nothing else"),
        Mistake("sign_ignored", _wrong(signed=False),
                "0.34 and -0.34 are a cost and a gain; compare with the sign"),
        Mistake("exact", _wrong(half="exact"),
                "a report rounds: the last written digit says how far"),
        Mistake("fixed", _wrong(half="cent"),
                "the allowance depends on how many decimals were written: 16 claims less than "
                "15.61"),
        Mistake("relative", _wrong(half="relative"),
                "one per cent of a large number is large: a digit that was written must be right"),
        Mistake("whole_digit", _wrong(half="whole digit"),
                "half a unit of the last digit, not a whole one: 15 is not 15.6 rounded"),
        Mistake("cut_off", _cut_off, "digits are rounded, not cut off: 15.61 is 16, not 15"),
        Mistake("as_text", _as_text,
                "compare numbers, not texts: 0.0 and -0.0 are the same figure"),
        Mistake("zeros_lost", _wrong(decimals_of=repr),
                "2.10 has two decimals, 2.1 has one; count them in the text, not in the float"),
        Mistake("first_only", _wrong(first=True), "any of the values may be the source"),
    ],
)  # fmt: skip

# ----------------------------------------------------------------------------- 7 checked_call


def reference_checked_call(parameters, text):
    return _checked(parameters, text)


def _checked(parameters, text, unknown=True, bounds=True, strict=False, booleans=False,
             defaults=True, constants=True, coerce=False, choices=True, whole=True,
             required=True, turned=False, nan_passes=False, nulls=False, filled=False,
             over=False):
    def refuse(reason):
        return ({}, reason) if not turned else (reason, {})

    def no_constant(name):
        raise ValueError(name)

    try:
        given = json.loads(text, parse_constant=no_constant if constants else None)
    except ValueError:
        return refuse("json")
    if not isinstance(given, dict):
        return refuse("object")
    if nulls:
        given = {name: value for name, value in given.items() if value is not None}
    known = parameters["properties"]
    if unknown and any(name not in known for name in given):
        return refuse("unknown")
    arguments = {}
    for name, told in known.items():
        if over and "default" in told:
            arguments[name] = told["default"]
            continue
        if name not in given:
            if name in parameters["required"] and required:
                return refuse("missing")
            if "default" in told and defaults:
                arguments[name] = told["default"]
            elif filled:
                arguments[name] = None
            continue
        value = given[name]
        if coerce and isinstance(value, str) and told["type"] != "string":
            try:
                value = float(value) if told["type"] == "number" else int(value)
            except ValueError:
                return refuse("type")
        kinds = {"string": str, "number": (int, float), "integer": int}
        right = isinstance(value, kinds[told["type"]])
        if told["type"] == "integer" and not whole:
            right = isinstance(value, (int, float))
        if isinstance(value, bool) and not booleans:
            right = False
        if not right:
            return refuse("type")
        if choices and "enum" in told and value not in told["enum"]:
            return refuse("range")
        if bounds and told["type"] != "string":
            low, high = told.get("minimum", -math.inf), told.get("maximum", math.inf)
            inside = low < value < high if strict else low <= value <= high
            if not inside and not (nan_passes and value != value):
                return refuse("range")
        arguments[name] = value
    return arguments, ""


def _guard(**how):
    def wrong(parameters, text):
        return _checked(parameters, text, **how)

    return wrong


SPREADS = {
    "type": "object",
    "properties": {
        "first_day": {"type": "string", "description": "first day of the period"},
        "horizon_s": {"type": "number", "description": "how long after a trade (s)",
                      "minimum": 0.1, "maximum": 3600, "default": 10.0},
        "side": {"type": "string", "description": "which trades", "enum": ["both", "buy", "sell"],
                 "default": "both"},
    },
    "required": ["first_day"],
    "additionalProperties": False,
}


def _schema(rng):
    """Arguments of a tool that no lesson has."""
    names = [rng.choice(["bins", "count", "levels"]), rng.choice(["window_s", "lag_s", "span_s"])]
    low, high = int(rng.integers(1, 4)), int(rng.integers(8, 40))
    properties = {
        "day": {"type": "string", "description": "the day"},
        str(names[0]): {"type": "integer", "description": "how many", "minimum": low,
                        "maximum": high, "default": int(rng.integers(low, high))},
        str(names[1]): {"type": "number", "description": "how long (s)", "minimum": 0.5,
                        "maximum": float(rng.integers(60, 900))},
        "kind": {"type": "string", "description": "which", "enum": ["limit", "market", "cancel"],
                 "default": "limit"},
        "owner": {"type": "string", "description": "whose; left out: everybody's"},
    }
    keys = list(properties)
    order = [keys[k] for k in rng.permutation(len(keys))]
    return {"type": "object", "properties": {key: properties[key] for key in order},
            "required": ["day", str(names[1])], "additionalProperties": False}


def _names(schema):
    kinds = {told["type"]: name for name, told in schema["properties"].items()
             if "enum" not in told and name != "owner"}
    return kinds["string"], kinds["integer"], kinds["number"]


def _good(rng, schema):
    day, whole, number = _names(schema)
    told = schema["properties"]
    return {day: f"2025-01-{int(rng.integers(10, 28))}",
            whole: int(rng.integers(told[whole]["minimum"], told[whole]["maximum"] + 1)),
            number: round(float(rng.uniform(1, told[number]["maximum"] - 2)), 1),
            "kind": str(rng.choice(told["kind"]["enum"]))}


def _call(schema, given, note=""):
    return Case({"parameters": schema, "text": given if isinstance(given, str)
                 else json.dumps(given)}, note)


def good_calls(rng):
    schema = _schema(rng)
    given = _good(rng, schema)
    day, whole, number = _names(schema)
    told = schema["properties"]
    edge = given | {whole: told[whole]["maximum"], number: told[number]["minimum"]}
    return [_call(schema, given | {"owner": "desk"}, "everything is given"),
            _call(schema, {day: given[day], number: given[number]}, "only what is required"),
            _call(schema, edge, "at the border of what is allowed"),
            _call(schema, given | {number: int(given[number]) + 1}, "a whole number of seconds")]


def refused_calls(rng):
    schema = _schema(rng)
    given = _good(rng, schema)
    day, whole, number = _names(schema)
    told = schema["properties"]
    left_out = {name: value for name, value in given.items() if name != number}
    return [_call(schema, given | {"minutes": 5}, "an argument that the tool does not have"),
            _call(schema, left_out, "a required argument is left out"),
            _call(schema, given | {whole: told[whole]["maximum"] + 1}, "above what is allowed"),
            _call(schema, given | {number: told[number]["minimum"] / 2}, "below what is allowed"),
            _call(schema, given | {"kind": "iceberg"}, "none of the choices"),
            _call(schema, given | {number: str(given[number])}, "a number in quotes")]


def traps(rng):
    schema = _schema(rng)
    given = _good(rng, schema)
    day, whole, number = _names(schema)
    text = json.dumps(given)
    return [_call(schema, json.dumps([given]), "a list"),
            _call(schema, given | {whole: True}, "true is no number"),
            _call(schema, given | {"owner": None}, "null is no text"),
            _call(schema, given | {whole: given[whole] + 0.5}, "half of one"),
            _call(schema, text.replace(str(given[number]), "NaN"), "NaN is no JSON"),
            _call(schema, given | {number: "ten", "minutes": 5}, "two things are wrong")]


CHECKED_CALL = Check(
    name="checked_call",
    title="A call that may be refused",
    reference=reference_checked_call,
    tolerance=EXACT,
    reread='"What a model is told of a tool", and the order of the five questions',
    parts=[
        Part("calls of the tool above", 1.0,
             [_call(SPREADS, {"first_day": "2025-01-17"}, "only what is required"),
              _call(SPREADS, {"first_day": "2025-01-17", "horizon_s": 7200}, "two hours"),
              _call(SPREADS, {"first_day": "2025-01-17", "horizon_minutes": 5}, "minutes"),
              _call(SPREADS, '{"first_day": "2025-', "cut off")],
             category="worked example"),
        Part("calls that are right", 1.0, good_calls, False, category="other numbers"),
        Part("calls that are wrong", 1.5, refused_calls, False, category="other numbers",
             partial=True),
        Part("what is no JSON, no number, or wrong twice", 1.5, traps, False,
             category="edge cases", partial=True),
    ],
    mistakes=[
        Mistake("turned", _guard(turned=True), "the arguments first, the reason second"),
        Mistake("unknown_ignored", _guard(unknown=False),
                "an argument that the tool does not have must be refused: the model meant "
                "something by it, and would not learn that it was dropped"),
        Mistake("required_ignored", _guard(required=False), "what is required must be there"),
        Mistake("no_bounds", _guard(bounds=False), "minimum and maximum bind"),
        Mistake("strict", _guard(strict=True), "minimum and maximum themselves are allowed"),
        Mistake("no_defaults", _guard(defaults=False),
                "what is left out and has a default gets it"),
        Mistake("nulls", _guard(nulls=True),
                "null is a value of the wrong type; it is not the same as left out"),
        Mistake("filled", _guard(filled=True),
                "an argument that is left out and has no default stays out"),
        Mistake("defaults_win", _guard(over=True), "a default is for what was left out, only"),
        Mistake("coerced", _guard(coerce=True),
                'a number in quotes is a text: "30" for 30 is refused, so that "30 minutes" is, '
                "too"),
        Mistake("no_choices", _guard(choices=False), "an enum lists all that is allowed"),
        Mistake("booleans", _guard(booleans=True),
                "in Python True is an int; in JSON true is no number"),
        Mistake("halves", _guard(whole=False), "an integer has no fraction"),
        Mistake("nan", _guard(constants=False),
                "Python reads NaN in a JSON text, though it is no JSON: see json.loads' argument "
                "parse_constant"),
        Mistake("nan_accepted", _guard(constants=False, nan_passes=True),
                "Python reads NaN in a JSON text, though it is no JSON, and NaN is in no range: "
                "see json.loads' argument parse_constant"),
        Mistake("stopped", None, "a text that is no JSON is answered, not an error to stop at",
                error="JSONDecodeError"),
    ],
)  # fmt: skip

CHECKS = [UNSOURCED, CHECKED_CALL]
