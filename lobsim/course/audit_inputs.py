"""More inputs like those that an author declared, to tell whether two functions ever differ.

`Habits` learns from the declared cases what holds of every one of them (lengths, signs, order, no
ties, which array lies below which). `variations` changes declared cases: fewer rows, another
order, ties, boundary values, arguments of other cases. Each variation says whether it keeps the
habits: if so a learner's function must be right on it, else the task's text has to say.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Inputs = dict[str, Any]


def numeric(value: Any) -> bool:
    """Whether a value is a one-dimensional array of numbers."""
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iuf"


def _is_table(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "iloc")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def columns(inputs: Inputs) -> dict[str, np.ndarray]:
    """All arrays of numbers in the inputs, those in tables as ``table.column``."""
    found = {}
    for name, value in inputs.items():
        if numeric(value):
            found[name] = value
        elif _is_table(value):
            for column in value.columns:
                array = value[column].to_numpy()
                if numeric(array):
                    found[f"{name}.{column}"] = array
    return found


@dataclass
class Habits:
    """What holds of every declared case.  ``broken`` lists what a set of inputs breaks."""

    facts: set[tuple] | None = None
    shortest: dict[str, int] = field(default_factory=dict)
    words: dict[str, set] = field(default_factory=dict)

    def learn(self, inputs: Inputs) -> None:
        """Keep only what holds of these inputs as well."""
        facts = _facts(inputs)  # an empty array breaks no habit
        self.facts = facts if self.facts is None else self.facts & facts
        for name, length in _lengths(inputs).items():
            self.shortest[name] = min(length, self.shortest.get(name, length))
        for name, value in inputs.items():
            if isinstance(value, (str, bool)) or value is None:
                self.words.setdefault(name, set()).add(value)

    def kept(self, inputs: Inputs) -> bool:
        """Whether inputs are like all declared ones."""
        if (self.facts or set()) - _facts(inputs):
            return False
        if any(length < self.shortest.get(name, 0) for name, length in _lengths(inputs).items()):
            return False
        return all(inputs[name] in seen for name, seen in self.words.items()
                   if name in inputs and isinstance(inputs[name], (str, bool, type(None))))


def _lengths(inputs: Inputs) -> dict[str, int]:
    return {name: len(value) for name, value in inputs.items() if hasattr(value, "__len__")
            and not isinstance(value, str)}


def _facts(inputs: Inputs) -> set[tuple]:
    """Facts that hold of the inputs; a comparison with nothing to compare holds."""
    arrays = columns(inputs)
    scalars = {name: value for name, value in inputs.items() if _is_number(value)}
    facts: set[tuple] = set()
    for name, value in [*arrays.items(), *((n, np.array([v])) for n, v in scalars.items())]:
        known = value[~np.isnan(value)] if value.dtype.kind == "f" else value
        tests = {"no NaN": len(known) == len(value), "> 0": (known > 0).all(),
                 ">= 0": (known >= 0).all(), "whole": (known == np.rint(known)).all(),
                 "rises": (np.diff(known) >= 0).all(),
                 "no ties": len(np.unique(known)) == len(known)}
        facts |= {(name, fact) for fact, holds in tests.items() if holds}
    for (a, first), (b, second) in itertools.permutations(arrays.items(), 2):
        if len(first) == len(second):
            with np.errstate(invalid="ignore"):
                facts |= {(a, "below", b)} if not (first >= second).any() else set()
                facts |= {(a, "not above", b)} if not (first > second).any() else set()
            facts.add((a, "as long as", b))
    for (a, number), (b, array) in itertools.product(scalars.items(), arrays.items()):
        if not number < array.sum():
            facts.add((a, "covers", b))
    return facts


def habits_of(cases: list[Inputs]) -> Habits:
    """What all of the cases have in common."""
    habits = Habits()
    for inputs in cases:
        habits.learn(inputs)
    return habits


# -------------------------------------------------------------------------------------- variations


def variations(cases: list[Inputs], rng: np.random.Generator, count: int) -> Iterator[Inputs]:
    """Changed copies of declared cases: first small changes, then several at once.

    Parameters
    ----------
    cases : list of dict
        Declared inputs; they are not changed.
    rng : numpy.random.Generator
    count : int
        How many to make.
    """
    for number in range(count):
        base = cases[int(rng.integers(len(cases)))]
        inputs = {name: _copied(value) for name, value in base.items()}
        for _ in range(1 + number % 3):
            step = _STEPS[int(rng.integers(len(_STEPS)))]
            step(inputs, cases, rng)
        yield inputs


def _copied(value: Any) -> Any:
    return value.copy() if hasattr(value, "copy") else value


def _fewer_rows(inputs: Inputs, cases: list[Inputs], rng: np.random.Generator) -> None:
    group = _row_group(inputs, rng)
    if not group:
        return
    n = len(inputs[group[0]])
    keep = np.sort(rng.permutation(n)[: int(rng.integers(0, n + 1))])
    _take(inputs, group, keep)


def _other_order(inputs: Inputs, cases: list[Inputs], rng: np.random.Generator) -> None:
    group = _row_group(inputs, rng)
    if group:
        n = len(inputs[group[0]])
        _take(inputs, group, rng.permutation(n) if rng.random() < 0.5 else np.arange(n)[::-1])


def _row_group(inputs: Inputs, rng: np.random.Generator) -> list[str]:
    """Names of arrays and tables that share one length: rows of one thing."""
    lengths = {name: len(value) for name, value in inputs.items()
               if isinstance(value, np.ndarray) or _is_table(value)}
    filled = [name for name, length in lengths.items() if length]
    if not filled:
        return []
    chosen = lengths[filled[int(rng.integers(len(filled)))]]
    return [name for name, length in lengths.items() if length == chosen]


def _take(inputs: Inputs, group: list[str], rows: np.ndarray) -> None:
    for name in group:
        value = inputs[name]
        inputs[name] = value.iloc[rows].reset_index(drop=True) if _is_table(value) else value[rows]


def _one_value(inputs: Inputs, cases: list[Inputs], rng: np.random.Generator) -> None:
    """A tie, a neighbour, or a boundary in one place of one array."""
    arrays = {name: array for name, array in columns(inputs).items() if len(array)}
    if not arrays:
        return
    name = list(arrays)[int(rng.integers(len(arrays)))]
    array = arrays[name].copy()
    place = int(rng.integers(len(array)))
    others = [a for a in arrays.values()]
    donor = others[int(rng.integers(len(others)))]
    step = 1 if array.dtype.kind in "iu" else _smallest_step(array)
    choices = [array[int(rng.integers(len(array)))], donor[int(rng.integers(len(donor)))],
               array[place] + step, array[place] - step, 0, -array[place]]
    if array.dtype.kind == "f":
        choices.append(np.nan)
    value = choices[int(rng.integers(len(choices)))]
    if array.dtype.kind in "iu" and not np.isfinite(float(value)):
        return
    array[place] = value
    _set_column(inputs, name, array)


def _smallest_step(array: np.ndarray) -> float:
    gaps = np.diff(np.unique(array[np.isfinite(array)]))
    return float(gaps.min()) if len(gaps) else 0.01


def _set_column(inputs: Inputs, name: str, array: np.ndarray) -> None:
    if name in inputs:
        inputs[name] = array
    else:
        table, _, column = name.partition(".")
        inputs[table] = inputs[table].assign(**{column: array})


def _one_argument(inputs: Inputs, cases: list[Inputs], rng: np.random.Generator) -> None:
    """A number, text or list of another case, or a boundary value in its place."""
    single = [n for n, v in inputs.items() if not isinstance(v, np.ndarray) and not _is_table(v)]
    if not single:
        return
    name = single[int(rng.integers(len(single)))]
    value = inputs[name]
    if isinstance(value, list):
        cut = int(rng.integers(0, len(value) + 1))
        inputs[name] = value[:cut]
        return
    choices = [case[name] for case in cases if name in case]
    if _is_number(value):
        choices = [choices[int(rng.integers(len(choices)))], value + 1, value - 1, 0, -value]
        if isinstance(value, int):
            for array in columns(inputs).values():
                if len(array) and array.dtype.kind in "iu":
                    choices += [int(array[int(rng.integers(len(array)))]), int(array.sum())]
    inputs[name] = choices[int(rng.integers(len(choices)))]


_STEPS = (_fewer_rows, _other_order, _one_value, _one_value, _one_argument, _one_argument)
