"""Typed tools: JSON schema from the signature, checked arguments, numbers with unit and source."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from lobsim.orderflow_ai.desk import Desk

__all__ = ["TOOLS", "Arg", "Found", "Result", "Tool", "ToolError", "Value", "call", "tool"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MODULES = ("tools_costs", "tools_orders", "tools_compare", "tools_market", "tools_signal",
            "tools_fills")


class ToolError(ValueError):
    """A tool was called in a way that it does not allow; says what was given and what is allowed.
    """


class Arg(NamedTuple):
    """What stands in ``Annotated[type, Arg(...)]``: the text, unit and range of an argument."""

    text: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    is_day: bool = False


class Value(NamedTuple):
    """One number of a tool: plain value and unit ("bps", "$", "s", "share", "count", ...)."""

    value: float
    unit: str


@dataclass(frozen=True)
class Found:
    """What a tool's function returns.

    Attributes
    ----------
    values : dict of str to (number, unit)
        Aggregates; NaN and infinities are left out of the result as unknown.
    labels : tuple of str
        Names that the report may use: order ids, times of day, days.
    notes : tuple of str
        What a reader must know of the method; they hold no numbers.
    series : dict
        For figures only; it never leaves the machine.
    """

    values: dict[str, tuple[float, str]]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    series: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A call of a tool with its source: ``id`` is what a report cites, as [t1]."""

    id: str
    tool: str
    arguments: dict[str, Any]
    values: dict[str, Value]
    labels: tuple[str, ...]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]
    series: dict[str, Any]

    def __getitem__(self, name: str) -> float:
        return self.values[name].value

    def as_message(self) -> dict[str, Any]:
        """What may leave the machine: aggregates, labels and notes, never a row of data."""
        return {
            "id": self.id, "tool": self.tool, "arguments": self.arguments,
            "values": {name: {"value": _short(v.value), "unit": v.unit}
                       for name, v in self.values.items()},
            "labels": list(self.labels), "notes": list(self.notes), "unknown": list(self.unknown),
        }

    def call_text(self) -> str:
        """The call as a line: ``shortfall(first_day='2025-01-17')``."""
        told = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.tool}({told})"


@dataclass(frozen=True)
class Tool:
    """A function of a desk, with what a model or a planner must know to call it."""

    name: str
    summary: str
    function: Callable[..., Found]
    arguments: dict[str, tuple[type, tuple, Arg, Any]]  # type, choices, Arg, default

    def schema(self) -> dict[str, Any]:
        """The tool in the form of OpenAI's chat completions."""
        properties, required = {}, []
        for name, (kind, choices, arg, default) in self.arguments.items():
            one: dict[str, Any] = {
                "type": {str: "string", int: "integer", float: "number"}[kind],
                "description": arg.text + (f" ({arg.unit})" if arg.unit else "")}
            if choices:
                one["enum"] = list(choices)
            if arg.is_day:
                one["pattern"] = r"^\d{4}-\d{2}-\d{2}$"
            if arg.low is not None:
                one["minimum"] = arg.low
            if arg.high is not None:
                one["maximum"] = arg.high
            if default is inspect.Parameter.empty:
                required.append(name)
            elif default is not None:
                one["default"] = default
            properties[name] = one
        return {"type": "function", "function": {
            "name": self.name, "description": self.summary, "parameters": {
                "type": "object", "properties": properties, "required": required,
                "additionalProperties": False}}}

    def checked(self, given: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call; a ToolError says which one is wrong and what is allowed."""
        if not isinstance(given, dict):
            raise ToolError(f"{self.name}: the arguments must be an object, "
                            f"not {type(given).__name__}")
        odd = [name for name in given if name not in self.arguments]
        if odd:
            raise ToolError(f"{self.name} has no argument {str(odd[0])[:40]!r}; it has "
                            f"{', '.join(self.arguments) or 'none'}")
        checked = {}
        for name, (kind, choices, arg, default) in self.arguments.items():
            if given.get(name) is None:
                if default is inspect.Parameter.empty:
                    raise ToolError(f"{self.name} needs the argument {name}: {arg.text}")
                if default is not None:
                    checked[name] = default
                continue
            checked[name] = _value(f"{self.name}: {name}", given[name], kind, choices, arg)
        return checked


TOOLS: dict[str, Tool] = {}
"""All tools by name; filled when `load` is first called."""


def tool(function: Callable[..., Found]) -> Callable[..., Found]:
    """Register a function ``(desk, *, arguments) -> Found`` as a tool under its own name."""
    hints = get_type_hints(function, include_extras=True)
    arguments = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        hint = hints[name]
        if get_origin(hint) is not Annotated:
            raise TypeError(f"{function.__name__}: {name} needs Annotated[type, Arg(...)]")
        bare, arg = get_args(hint)[:2]
        choices = get_args(bare) if get_origin(bare) is Literal else ()
        arguments[name] = (type(choices[0]) if choices else bare, choices, arg, parameter.default)
    summary = " ".join(inspect.getdoc(function).split("\n\n")[0].split())
    TOOLS[function.__name__] = Tool(function.__name__, summary, function, arguments)
    return function


def load() -> dict[str, Tool]:
    """Import the modules that hold the tools; returns all of them."""
    for module in _MODULES:
        import_module(f"lobsim.orderflow_ai.{module}")
    return TOOLS


def call(desk: Desk, name: str, arguments: dict[str, Any], result_id: str) -> Result:
    """Run a tool on the desk's data.

    Parameters
    ----------
    desk : Desk
    name : str
        One of `TOOLS`.
    arguments : dict
        As the tool's schema says; left out or None means the default.
    result_id : str
        What reports cite, as "t1".

    Raises
    ------
    ToolError
        There is no such tool, or an argument is wrong.
    DeskError
        The data lack what the tool needs.
    """
    if name not in load():
        raise ToolError(f"there is no tool {str(name)[:40]!r}; tools are {', '.join(TOOLS)}")
    checked = TOOLS[name].checked(arguments)
    found = TOOLS[name].function(desk, **checked)
    values, unknown = {}, []
    for key, (value, unit) in found.values.items():
        if math.isfinite(value):
            values[key] = Value(int(value) if unit == "count" else float(value), unit)
        else:
            unknown.append(key)
    return Result(result_id, name, checked, values, tuple(found.labels), tuple(found.notes),
                  tuple(unknown), dict(found.series))


def _value(what: str, given: Any, kind: type, choices: tuple, arg: Arg) -> Any:
    if kind is str:
        if not isinstance(given, str):
            raise ToolError(f"{what} is {given!r}; a text is needed")
        if choices and given not in choices:
            raise ToolError(f"{what} is {given[:40]!r}; allowed are {', '.join(choices)}")
        if arg.is_day and not _DAY.match(given):
            raise ToolError(f"{what} is {given[:40]!r}; a day as 2025-01-15 is needed")
        return given
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise ToolError(f"{what} is {str(given)[:40]!r}; a number is needed")
    if kind is int and given != int(given):
        raise ToolError(f"{what} is {given}; a whole number is needed")
    low, high = arg.low, arg.high
    if (low is not None and given < low) or (high is not None and given > high):
        raise ToolError(f"{what} is {given}; allowed is {low:g} to {high:g} {arg.unit}".rstrip())
    return kind(given)


def _short(value: float) -> float:
    """Six significant digits, and large amounts to a hundredth: more would only be copied.

    What is told must itself be the value at its rounding, or the verifier would strike a true copy.
    """
    if isinstance(value, int):
        return value
    return round(value, 2) if abs(value) >= 1e5 else float(f"{value:.6g}")
