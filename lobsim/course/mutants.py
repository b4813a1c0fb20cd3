"""Plausible wrong versions of a solution, made by changing one place of its syntax tree.

Each operator imitates a slip that people make: a sign, a comparison, an index, a factor or a
unit, a mean for a median, two arguments swapped, a special case forgotten. `mutants` applies every
operator at every place where it fits, one at a time.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARE = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}
_ARITHMETIC = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,), ast.Mod: (ast.FloorDiv,),
    ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,),
}
# a name (of a function, method or attribute) -> what people write instead
_NAMES = {
    "min": ("max",), "max": ("min",), "argmin": ("argmax",), "argmax": ("argmin",),
    "minimum": ("maximum",), "maximum": ("minimum",), "nanmin": ("nanmax",),
    "nanmax": ("nanmin",), "mean": ("median", "sum"), "nanmean": ("nanmedian", "nansum"),
    "median": ("mean",), "sum": ("mean",), "nansum": ("nanmean",), "std": ("var",),
    "var": ("std",), "any": ("all",), "all": ("any",), "floor": ("ceil", "rint"),
    "ceil": ("floor", "rint"), "rint": ("floor", "ceil"), "cumsum": ("cumprod",),
    "cummax": ("cummin",), "cummin": ("cummax",), "ffill": ("bfill",), "bfill": ("ffill",),
    "log": ("log1p",), "log1p": ("log",), "exp": ("expm1",), "append": ("insert",),
}
_WORDS = {
    "left": "right", "right": "left", "buy": "sell", "sell": "buy", "bid": "ask", "ask": "bid",
    "bids": "asks", "asks": "bids", "maker": "taker", "taker": "maker", "first": "last",
    "last": "first", "bid_size": "ask_size", "ask_size": "bid_size",
}
# calls that people forget around their argument
_WRAPPERS = {"abs", "fabs", "sqrt", "round", "rint", "floor", "ceil", "cumsum", "diff", "sorted",
             "reversed", "log", "exp", "nan_to_num"}
_ANY_ORDER = {"min", "max", "minimum", "maximum"}  # arguments in any order give the same


@dataclass(frozen=True)
class Mutant:
    """One wrong version.

    Attributes
    ----------
    source : str
        Source of the whole cell with the change.
    line : int
        Line of the cell, from 1, where it was changed.
    change : str
        ``before -> after`` of the changed expression or statement, on one line.
    kind : str
        Name of the slip ("comparison", "unit or factor", ...).
    """

    source: str
    line: int
    change: str
    kind: str


def mutants(source: str, function: str) -> list[Mutant]:
    """All one-place changes of a function, in the order of its source, each source once.

    Parameters
    ----------
    source : str
        Source of an exercise cell.  Other functions of the cell are changed as well: they are part
        of the answer.
    function : str
        Name of the function that the check calls; its arguments decide which whole answers
        ("return the first argument") are tried.

    Raises
    ------
    ValueError
        ``source`` defines no such function.

    Examples
    --------
    >>> [m.change for m in mutants("def f(x):\\n    return x < 2", "f")][:2]
    ['x < 2 -> x <= 2', 'x < 2 -> x > 2']
    """
    tree = ast.parse(source)
    mains = [node for node in ast.walk(tree)
             if isinstance(node, ast.FunctionDef) and node.name == function]
    if not mains:
        raise ValueError(f"no function {function!r} is defined in the cell")
    found: dict[str, Mutant] = {}
    unchanged = ast.unparse(tree)
    for path, node in _places(tree):
        for kind, replacement in _changes(node):
            changed = copy.deepcopy(tree)
            _put(changed, path, replacement)
            ast.fix_missing_locations(changed)
            text = _written(changed)
            if text and text != unchanged and text not in found:
                found[text] = Mutant(text, node.lineno, _told(node, replacement), kind)
    return list(found.values())


def trivial_answers(source: str, function: str) -> list[Mutant]:
    """Answers that take no thought: nothing, zero, an empty list, an argument as it came."""
    tree = ast.parse(source)
    node = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function)
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    bodies = ["return None", "return 0", "return True", "return []", "return {}", "return ''"]
    bodies += [f"return {name}" for name in names]
    bodies += [f"return [0] * len({name})" for name in names]
    bodies += [f"return [False] * len({name})" for name in names]
    found = []
    for body in bodies:
        other = copy.deepcopy(node)
        other.body = ast.parse(body).body
        other.decorator_list = []
        found.append(Mutant(ast.unparse(ast.fix_missing_locations(other)), node.lineno, body,
                            "no thought"))
    return found


# ----------------------------------------------------------------------------------------- places

_Path = tuple[tuple[str, int | None], ...]


def _places(tree: ast.AST) -> Iterator[tuple[_Path, ast.AST]]:
    """Every expression and statement inside functions, with the way to it, in source order."""
    found: list[tuple[_Path, ast.AST]] = []

    def walk(node: ast.AST, path: _Path, inside: bool) -> None:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_params"):
                continue
            if isinstance(node, ast.FunctionDef) and name == "body" and ast.get_docstring(node):
                first = 1
            else:
                first = 0
            items = enumerate(value) if isinstance(value, list) else [(None, value)]
            for index, item in items:
                if not isinstance(item, ast.AST) or (index is not None and index < first):
                    continue
                way = (*path, (name, index))
                deeper = inside or isinstance(node, ast.FunctionDef)
                if deeper and isinstance(item, (ast.expr, ast.stmt)):
                    found.append((way, item))
                walk(item, way, deeper)

    walk(tree, (), False)
    # in the order of the source; of two that begin together the smaller one first
    found.sort(key=lambda f: (f[1].lineno, f[1].col_offset, -len(f[0])))
    yield from found


def _put(tree: ast.AST, path: _Path, replacement: ast.AST) -> None:
    node = tree
    for name, index in path[:-1]:
        value = getattr(node, name)
        node = value if index is None else value[index]
    name, index = path[-1]
    if index is None:
        setattr(node, name, replacement)
    else:
        getattr(node, name)[index] = replacement


def _written(tree: ast.AST) -> str:
    try:
        text = ast.unparse(tree)
        compile(text, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return ""
    return text


def _told(before: ast.AST, after: ast.AST) -> str:
    old, new = (_one_line(node) for node in (before, after))
    return f"{old} -> {new}"


def _one_line(node: ast.AST) -> str:
    if isinstance(node, ast.Pass):
        return "(nothing)"
    text = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return text if len(text) <= 90 else text[:87] + "..."


# ------------------------------------------------------------------------------------------ slips


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for kinds, make in _OPERATORS:
        if isinstance(node, kinds):
            for kind, replacement in make(node):
                yield kind, ast.copy_location(replacement, node)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.deepcopy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _comparison(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    for i, op in enumerate(node.ops):
        for other in _COMPARE.get(type(op), ()):
            yield "comparison", _with(node, ops=[*node.ops[:i], other(), *node.ops[i + 1:]])


def _arithmetic(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    for other in _ARITHMETIC.get(type(node.op), ()):
        yield "sign or operator", _with(node, op=other())
    yield "dropped factor or term", node.left
    if isinstance(node.op, (ast.Mult, ast.Add, ast.BitAnd, ast.BitOr)):
        yield "dropped factor or term", node.right
    if isinstance(node.op, (ast.Sub, ast.Div)):
        yield "swapped operands", _with(node, left=node.right, right=node.left)


def _augmented(node: ast.AugAssign) -> Iterator[tuple[str, ast.AST]]:
    for other in _ARITHMETIC.get(type(node.op), ()):
        yield "sign or operator", _with(node, op=other())
    yield "no running total", ast.Assign([node.target], node.value)


def _unary(node: ast.UnaryOp) -> Iterator[tuple[str, ast.AST]]:
    kind = "sign or operator" if isinstance(node.op, ast.USub) else "condition"
    yield kind, node.operand


def _logic(node: ast.BoolOp) -> Iterator[tuple[str, ast.AST]]:
    yield "condition", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for i in range(len(node.values)):
        rest = [*node.values[:i], *node.values[i + 1:]]
        yield "condition", rest[0] if len(rest) == 1 else _with(node, values=rest)


def _choice(node: ast.If | ast.IfExp) -> Iterator[tuple[str, ast.AST]]:
    for always in (True, False):
        yield "special case ignored", _with(node, test=ast.Constant(always))


def _constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    if isinstance(value, bool):
        yield "condition", ast.Constant(not value)
    elif isinstance(value, str):
        if value in _WORDS:
            yield "side or word", ast.Constant(_WORDS[value])
    elif isinstance(value, int):
        for other in {value + 1, value - 1}:
            yield "off by one", ast.Constant(other)
    elif isinstance(value, float):
        if abs(value) >= 100 or 0 < abs(value) <= 0.01:
            yield "unit or factor", ast.Constant(1.0)
        elif value == 0.0:
            yield "start value", ast.Constant(1.0)
        else:
            yield "unit or factor", ast.Constant(value * 2)
    elif value is None:
        yield "0 for None", ast.Constant(0)


def _slice(node: ast.Slice) -> Iterator[tuple[str, ast.AST]]:
    if node.lower is None:
        yield "off by one", _with(node, lower=ast.Constant(1))
    if node.upper is None:
        yield "off by one", _with(node, upper=ast.Constant(-1))
    if node.step is not None:
        yield "order", _with(node, step=None)


def _call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    plain = [i for i, a in enumerate(node.args) if not isinstance(a, ast.Starred)]
    for i, j in zip(plain, plain[1:]) if name not in _ANY_ORDER else ():
        args = list(node.args)
        args[i], args[j] = args[j], args[i]
        yield "swapped arguments", _with(node, args=args)
    for i, keyword in enumerate(node.keywords):
        if keyword.arg not in ("dtype", None):
            yield "forgotten option", _with(
                node, keywords=[*node.keywords[:i], *node.keywords[i + 1:]])
    if name in _WRAPPERS and node.args:
        yield "forgotten step", node.args[0]
    if name in ("std", "var") and not any(k.arg == "ddof" for k in node.keywords):
        yield "forgotten option", _with(
            node, keywords=[*node.keywords, ast.keyword("ddof", ast.Constant(1))])
    if name == "where" and len(node.args) == 3:
        yield "special case ignored", node.args[1]
        yield "special case ignored", node.args[2]


def _attribute(node: ast.Attribute) -> Iterator[tuple[str, ast.AST]]:
    for other in (*_NAMES.get(node.attr, ()), *_word(node.attr)):
        yield "another function or column", _with(node, attr=other)


def _name(node: ast.Name) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.ctx, ast.Load):
        for other in _NAMES.get(node.id, ()):
            yield "another function or column", _with(node, id=other)


def _word(name: str) -> tuple[str, ...]:
    return (_WORDS[name],) if name in ("bid", "ask") else ()


def _returned(node: ast.Return) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    if value is None or isinstance(value, ast.Constant):
        return
    if isinstance(value, ast.Tuple):
        for i, item in enumerate(value.elts):
            yield "sign or operator", ast.Return(_with(
                value, elts=[*value.elts[:i], ast.UnaryOp(ast.USub(), item),
                             *value.elts[i + 1:]]))
        if len(value.elts) > 1:
            for i in range(len(value.elts) - 1):
                elts = list(value.elts)
                elts[i], elts[i + 1] = elts[i + 1], elts[i]
                yield "order", ast.Return(_with(value, elts=elts))
    elif not isinstance(value, (ast.Dict, ast.DictComp, ast.List, ast.ListComp)):
        yield "sign or operator", ast.Return(ast.UnaryOp(ast.USub(), value))


def _dict(node: ast.Dict) -> Iterator[tuple[str, ast.AST]]:
    for i in range(len(node.values) - 1):
        values = list(node.values)
        values[i], values[i + 1] = values[i + 1], values[i]
        yield "order", _with(node, values=values)


def _statement(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    yield "forgotten step", ast.Pass()


def _loop_control(node: ast.Break | ast.Continue) -> Iterator[tuple[str, ast.AST]]:
    yield "forgotten step", ast.Pass()
    yield "loop", ast.Continue() if isinstance(node, ast.Break) else ast.Break()


_OPERATORS: list[tuple[tuple[type, ...], Callable]] = [
    ((ast.Compare,), _comparison), ((ast.BinOp,), _arithmetic), ((ast.AugAssign,), _augmented),
    ((ast.UnaryOp,), _unary), ((ast.BoolOp,), _logic), ((ast.If, ast.IfExp), _choice),
    ((ast.Constant,), _constant), ((ast.Slice,), _slice), ((ast.Call,), _call),
    ((ast.Attribute,), _attribute), ((ast.Name,), _name), ((ast.Return,), _returned),
    ((ast.Dict,), _dict),
    ((ast.Assign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.While), _statement),
    ((ast.Break, ast.Continue), _loop_control),
]
