"""Text with numbers in it: ``{{expression}}`` is worked out when the text is shown.

So no number of a model answer is written by hand: it is computed from the question's own numbers,
from the library (`lobsim.course.drill.numbers`), or looked up among published ones with a source.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Any

from lobsim.course.drill import numbers
from lobsim.course.drill.question import BankError

__all__ = ["emphasised", "fill", "flowing", "names_in", "sources_in"]

_HOLE = re.compile(r"\{\{(.+?)\}\}", flags=re.DOTALL)
_MATHS = {name: getattr(math, name) for name in (
    "sqrt", "exp", "log", "log2", "cosh", "sinh", "tanh", "pi", "ceil", "floor")}
_MATHS |= {"min": min, "max": max, "abs": abs, "sum": sum, "len": len, "round": round}


def _parts(hole: str) -> tuple[str, str]:
    expression, bar, form = hole.rpartition("|")
    return (expression.strip(), form.strip()) if bar else (hole.strip(), "")


def names_in(text: str) -> set[str]:
    """Names that the expressions of a text use, less those of mathematics.

    Examples
    --------
    >>> sorted(names_in("{{sqrt(size / volume) | .2f}} of {{size}}"))
    ['size', 'volume']
    """
    found: set[str] = set()
    for hole in _HOLE.findall(text):
        tree = ast.parse(_parts(hole)[0], mode="eval")
        bound = {node.id for node in ast.walk(tree)
                 if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound
    return found - set(_MATHS)


def fill(text: str, values: Mapping[str, Any] | None = None) -> str:
    """Put the worked-out numbers into a text.

    Parameters
    ----------
    text : str
        May hold ``{{expression}}`` or ``{{expression | format}}``, the format as in Python's
        ``format``; without one, up to four significant digits.
    values : mapping, optional
        Names beside those of `lobsim.course.drill.numbers`: a question's own numbers.

    Raises
    ------
    BankError
        An expression cannot be worked out.

    Examples
    --------
    >>> fill("{{size}} shares at {{price | .2f}}: {{size * price | ,.0f}} dollars",
    ...      {"size": 300, "price": 10.5})
    '300 shares at 10.50: 3,150 dollars'
    """
    known = values or {}

    def replaced(found: re.Match) -> str:
        expression, form = _parts(found.group(1))
        try:
            # the bank is our own packaged text; still nothing but arithmetic is within reach
            scope = {"__builtins__": {}, **_MATHS}
            for name in names_in(found.group(0)):
                scope[name] = known[name] if name in known else numbers.value(name)
            return _shown(eval(expression, scope), form)  # noqa: S307
        except Exception as error:
            raise BankError(f"{{{{{found.group(1)}}}}} cannot be worked out: "
                            f"{type(error).__name__}: {error}") from error

    return _HOLE.sub(replaced, text)


def _shown(value: Any, form: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item, form) for item in value)
    if form:
        number = float(value) if form[-1] in "fe%" else value
        return format(number, form).replace("%", " %")
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:.4g}"
    return f"{value:,.0f}" if "e+" in text else text


def flowing(text: str) -> str:
    """Paragraphs without the line breaks of the file; lists and code keep theirs.

    Examples
    --------
    >>> flowing("One\\nparagraph.\\n\\n- a\\n  point\\n- another")
    'One paragraph.\\n\\n- a point\\n- another'
    """
    parts = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    for place in range(0, len(parts), 2):
        parts[place] = re.sub(r"(?<!\n)(?<!^)\n(?!\n|- |\d+\. |$) *", " ", parts[place])
    return "".join(parts)


def emphasised(text: str, before: str, after: str) -> str:
    """``**words**`` between two marks of another language.

    Examples
    --------
    >>> emphasised("It is **2 bps**.", "<b>", "</b>")
    'It is <b>2 bps</b>.'
    """
    return re.sub(r"\*\*(\S.*?)\*\*", rf"{before}\1{after}", text)


def sources_in(text: str) -> list[str]:
    """Sources of the published numbers that a text uses, in alphabetical order."""
    return sorted({numbers.PUBLISHED[name][1] for name in names_in(text)
                   if name in numbers.PUBLISHED})
