"""The verifier: every number in a report's prose must be that of a cited call, at its rounding.

What it can tell: a number that no cited tool gave, a unit or a sign that the tool's number does
not have, a citation of a call that was not made. What it cannot: that a sentence names the right
one of two numbers of the same call with the same unit and rounding; hence the list of all numbers
at the end of each report.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lobsim.orderflow_ai.toolbox import TOOLS, Result

__all__ = ["Checked", "check_prose", "problems_of", "sentences"]

_CITE = re.compile(r"\[(t\d+(?:\s*[,;]\s*t\d+)*)\]")
_NUMBER = re.compile(
    r"(?P<lead>[-+])?(?P<dollar>\$\s?)?(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)(?P<power>[eE][-+]?\d+)?"
    r"(?P<scale>(?:k|K|M|bn)\b|\s(?:thousand|million|billion)\b)?")
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "bn": 1e9, "thousand": 1e3, "million": 1e6,
           "billion": 1e9}
_UNITS = (
    (r"(?:bps?\b|basis points?)", "bps"), (r"(?:%|per ?cent\b|percent\b)", "%"),
    (r"(?:s|sec|secs|seconds?)\b", "s"), (r"(?:min|mins|minutes?)\b", "minutes"),
    (r"shares?\b", "shares"), (r"(?:\$|dollars?\b|USD\b)", "$"), (r"(?:times\b|x\b)", "times"),
)
_SMALL = ("two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
          "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
          "ninety hundred thousand million half").split()
_WORDS = "|".join(_SMALL)
_SPELLED = re.compile(rf"\b(?:one|{_WORDS})\b(?:[- ](?:and|a|{_WORDS}|point|one)\b)*"
                      r"[- ]+(?:bps?|basis|per ?cent|percent|%|seconds?|minutes?|shares?|"
                      r"dollars?|times|orders?|fills?|trades?|days?)", re.IGNORECASE)
_RATIOS = ((r"\b(?:doubled?|doubles|doubling|twice|twofold)\b", 2.0),
           (r"\b(?:tripled?|triples|tripling|thrice|threefold)\b", 3.0),
           (r"\b(?:quadrupled?|fourfold)\b", 4.0), (r"\b(?:halved?|halves|halving)\b", 0.5))
_DOWN = re.compile(r"\b(?:fell|fall|falls|fallen|down|lower\w*|less|below|under|gain\w*|earn\w*|"
                   r"sav\w+|negative|cheap\w*|decreas\w+|reduc\w+|drop\w*|better|lost|lose\w*|"
                   r"loss\w*|against|minus|revert\w*|improv\w+)\b", re.IGNORECASE)
_LIST = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*+]|#{1,6})\s+")
_RISKY = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|https?://\S+")


@dataclass(frozen=True)
class Checked:
    """Prose after the check: what may stand, and what was struck and why."""

    kept: tuple[str, ...]
    struck: tuple[tuple[str, str], ...]


def check_prose(text: str, results: Mapping[str, Result], names: Iterable[str] = ()) -> Checked:
    """Keep the sentences whose numbers all have a source; strike the others.

    Parameters
    ----------
    text : str
        A model's or a planner's prose, with citations as [t1].
    results : mapping of str to Result
        The calls that were made, by id.
    names : iterable of str
        Further names that may stand though they hold digits, such as the days of the data.

    Returns
    -------
    Checked
        Links, images and HTML are taken out of what is kept, so that showing a report loads
        nothing.
    """
    kept, struck = [], []
    for sentence in sentences(_RISKY.sub(lambda m: m.group(1) or "", text)):
        found = problems_of(sentence, results, names)
        if found:
            struck.append((sentence, "; ".join(found)))
        else:
            kept.append(sentence)
    return Checked(tuple(kept), tuple(struck))


def sentences(text: str) -> list[str]:
    """Sentences of a text, each with the citations that follow it; lines are kept apart."""
    out = []
    for line in text.splitlines():
        line = re.sub(r"([.!?])\s*((?:\[t\d[^\]]*\]\s*)+)", r" \2\1 ", line).strip()
        line = re.sub(r"\s+([.!?])", r"\1", line)
        out += [part.strip() for part in re.split(r"(?<=[.!?])\s+(?=\S)", line) if part.strip()]
    return out


def problems_of(sentence: str, results: Mapping[str, Result], names: Iterable[str] = ()
                ) -> list[str]:
    """What is wrong with the numbers of one sentence; empty when every number has its source."""
    text = unicodedata.normalize("NFKC", sentence)
    text = re.sub(r"[\u2212\u2010-\u2013]", "-", text)
    cited = [one.strip() for group in _CITE.findall(text) for one in re.split("[,;]", group)]
    problems = [f"it cites {one}, a call that was not made" for one in cited if one not in results]
    sources = [results[one] for one in dict.fromkeys(cited) if one in results]
    text = _LIST.sub("", _CITE.sub(" ", text))
    labels = {*names, *(label for result in sources for label in result.labels)}
    for label in sorted((one for one in labels if re.search(r"\d", one)), key=len, reverse=True):
        text = re.sub(rf"(?<![\w.]){re.escape(label)}(?![\w])", " ", text)
    for name in {key for result in sources for key in (*result.values, result.tool)}:
        if re.search(r"\d", name):
            text = re.sub(rf"\b{re.escape(name)}\b", " ", text)
    down = bool(_DOWN.search(text))
    for match in _NUMBER.finditer(text):
        if not _has_source(match, text, sources, down):
            problems.append(f"{match.group().strip()} is no number of a cited call")
    odd = [c for c in sentence if c.isnumeric() and not c.isdecimal()]  # fractions, Roman letters
    if odd or any(character.isnumeric() for character in _NUMBER.sub(" ", text)):
        problems.append("it holds a number in a form that cannot be checked")
    if _SPELLED.search(text):
        problems.append(f"{_SPELLED.search(text).group()!r} spells a number out")
    for pattern, ratio in _RATIOS:
        if re.search(pattern, text, re.IGNORECASE) and not re.search(r"\b(?:not|n't|no)\b", text):
            near = [v.value for r in sources for v in r.values.values() if v.unit == "times"]
            if not any(0.75 * ratio <= value <= 1.25 * ratio for value in near):
                problems.append("it names a ratio that no cited call gave")
    return problems


def _has_source(match: re.Match, text: str, sources: list[Result], down: bool) -> bool:
    digits = match["digits"].replace(",", "")
    scale = _SCALES[match["scale"].strip()] if match["scale"] else 1.0
    power = match["power"] or ""
    if len(power) > 4 or len(digits) > 18:
        return False
    shown = float(digits + power) * scale
    decimals = len(digits.partition(".")[2])
    half = 0.5 * 10.0 ** (-decimals + (int(power[1:]) if power else 0)) * scale
    before = text[match.start() - 1] if match.start() else " "
    if before.isalnum() or before in "_.":
        return False  # a piece of a longer word or number
    rest = text[match.end():].lstrip()
    unit = "$" if match["dollar"] else next(
        (name for pattern, name in _UNITS if re.match(pattern, rest, re.IGNORECASE)), "")
    minus = match["lead"] == "-" and not before.isalnum()
    for value, held in _candidates(sources):
        if unit == "%":
            if held not in ("share", "%"):
                continue
            value = 100 * value if held == "share" else value
        elif unit and held != unit and not (unit == "$" and held == "$ in words"):
            continue
        if abs(abs(value) - shown) > half * (1 + 1e-9) + 1e-12 * shown:
            continue
        if (minus and value > 0) or (match["lead"] == "+" and value < 0):
            continue
        if value < 0 and not minus and not down and shown > 0:
            continue
        return True
    return False


def _candidates(sources: list[Result]):
    """Numbers of the cited calls with their units, and the numbers they were called with."""
    for result in sources:
        for value in result.values.values():
            yield value.value, value.unit
        for name, given in result.arguments.items():
            if isinstance(given, int | float):
                arg = TOOLS[result.tool].arguments.get(name)
                yield given, (arg[2].unit if arg else "") or "share"
