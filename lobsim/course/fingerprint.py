"""Fingerprints of code and prose that survive renaming, comments, layout and moved cells.

Code is parsed and brought into one form: names that the student chose become one sign, names of
libraries stay; comments, docstrings, annotations, brackets and layout go; ``a > b`` becomes
``b < a``, ``x += y`` becomes ``x = x + y``, 10000 and 1e4 are one number.  Runs of tokens are
hashed and thinned out by winnowing: of every few neighbouring hashes the smallest is kept, so that
a long enough agreement always leaves a common hash (S. Schleimer, D. S. Wilkerson, A. Aiken,
"Winnowing: local algorithms for document fingerprinting", SIGMOD 2003).
"""

from __future__ import annotations

import ast
import hashlib
import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence

TOKENS = 7  # length of a run of code tokens
WORDS = 5  # length of a run of words
WINDOW = 4  # of so many neighbouring hashes one is kept; agreements of 10 tokens are always seen

Token = tuple[str, int]  # text, line in the source (from 1)
Print = tuple[int, int, int]  # hash, first and last line in the source

_CODE_TOKEN = re.compile(
    r"""[rbfuRBFU]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\d[\w.]*|\.?\w+|[<>=!*/]{1,2}|\S""")
_LIGHT = frozenset("(),:;")  # nearly every line has them, so they tell nothing
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)
_OWN = "v"


def code_prints(source: str, own_names: Iterable[str] = (), *, every: bool = False) -> list[Print]:
    """Winnowed fingerprints of one cell of code.

    Parameters
    ----------
    source : str
        Python, or nearly: what cannot be parsed is compared by its plain tokens.
    own_names : iterable of str
        All names that the student's cells define (see `names_bound`); by default those that this
        cell does.
    every : bool
        Keep all runs and thin nothing out: for what submissions are compared against.

    Returns
    -------
    list of (hash, first line, last line)

    Examples
    --------
    >>> a = code_prints("def mid(bid, ask):\\n    return (bid + ask) / 2  # half way")
    >>> b = code_prints("def mitte(b, a): return ((b + a) / 2)")
    >>> [p[0] for p in a] == [p[0] for p in b]
    True
    """
    return winnow(code_tokens(source, own_names), TOKENS, 1 if every else WINDOW)


def prose_prints(text: str) -> list[Print]:
    """Fingerprints of a written answer: all runs of five words, whatever case and punctuation."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    words = [(match.group(), plain.count("\n", 0, match.start()) + 1)
             for match in re.finditer(r"[^\W_]+", plain)]
    return winnow(words, WORDS, window=1)


def winnow(tokens: Sequence[Token], length: int, window: int = WINDOW) -> list[Print]:
    """Hash every run of `length` tokens and keep the smallest of every `window` neighbours."""
    texts = [text.encode("utf-8", "replace") for text, _ in tokens]
    lines = [line for _, line in tokens]
    hashes = []
    for start in range(len(tokens) - length + 1):
        end = start + length
        digest = hashlib.blake2b(b"\x1f".join(texts[start:end]), digest_size=8).digest()
        hashes.append((int.from_bytes(digest, "big"), min(lines[start:end]),
                       max(lines[start:end])))
    if window == 1:
        return hashes
    if len(hashes) <= window:
        return [min(hashes)] if hashes else []
    values = [value for value, _, _ in hashes]
    kept: dict[int, None] = {}
    for end in range(window, len(values) + 1):
        # the rightmost smallest, as in the paper: one choice serves as many windows as it can
        part = values[end - window:end][::-1]
        kept[end - 1 - part.index(min(part))] = None
    return [hashes[i] for i in kept]


def code_tokens(source: str, own_names: Iterable[str] = ()) -> list[Token]:
    """The cell's tokens in their one form, each with its line."""
    source = _MAGIC.sub("pass", source)
    tree = _parse(source)
    if tree is None:
        return list(_rough_tokens(source))
    form = _OneForm(set(own_names) or _bound(tree), _imported(tree))
    return list(_statements(tree.body, form))


def names_bound(source: str) -> set[str]:
    """Names that a cell assigns, defines or takes as arguments; none where it is not Python."""
    tree = _parse(_MAGIC.sub("pass", source))
    return _bound(tree) if tree is not None else set()


def _parse(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange escapes in a student's strings
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _bound(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


def _imported(tree: ast.AST) -> dict[str, str]:
    """Name here -> the library's own name for it."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update({alias.asname: alias.name for alias in node.names if alias.asname})
    return names


class _OneForm(ast.NodeTransformer):
    """Brings what means the same into one form."""

    def __init__(self, own: set[str], imported: dict[str, str]):
        self.own = own
        self.imported = imported

    def visit_Name(self, node: ast.Name) -> ast.Name:
        name = self.imported.get(node.id, _OWN if node.id in self.own else node.id)
        return ast.Name(name, node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(_OWN)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return ast.Constant(float(value))
            except OverflowError:
                return node
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Gt | ast.GtE):
            turned = ast.Lt() if isinstance(node.ops[0], ast.Gt) else ast.LtE()
            return ast.Compare(node.comparators[0], [turned], [node.left])
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.Assign([node.target], ast.BinOp(node.target, node.op, node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.Assign([node.target], node.value) if node.value else ast.Pass()


def _statements(body: list[ast.stmt], form: _OneForm) -> Iterator[Token]:
    """Tokens of every statement's own head, then of what it holds."""
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or _docstring(statement):
            continue
        blocks = _blocks(statement)
        yield from _head(statement, form)
        for block in blocks:
            yield from _statements(block, form)


def _docstring(statement: ast.stmt) -> bool:
    return (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str))


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """Takes the blocks out of a compound statement and returns them."""
    blocks = []
    for field in ("body", "orelse", "finalbody"):
        block = getattr(statement, field, None)
        if isinstance(block, list) and block:
            blocks.append(block)
            setattr(statement, field, [ast.Pass()] if field == "body" else [])
    for part in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        blocks.append(part.body)
        part.body = [ast.Pass()]
        if getattr(part, "name", None):
            part.name = _OWN
    if isinstance(statement, ast.Try | getattr(ast, "TryStar", ast.Try)) \
            and not statement.handlers:
        statement.finalbody = [ast.Pass()]
    return blocks


def _head(statement: ast.stmt, form: _OneForm) -> Iterator[Token]:
    line = statement.lineno
    last = statement.end_lineno or line
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        statement.name = _OWN
        statement.returns = None  # type: ignore[union-attr]
    lines = _lines_of_names(statement) if last > line else []
    try:
        text = ast.unparse(ast.fix_missing_locations(form.visit(statement)))
    except (RecursionError, ValueError):
        return
    # the token's own line inside a long statement, as near as its position tells
    tokens = [t for t in _CODE_TOKEN.findall(text) if t not in _LIGHT and t != "pass"]
    spread = lines or [line, last]
    for position, token in enumerate(tokens):
        yield token, spread[min(position * len(spread) // max(len(tokens), 1), len(spread) - 1)]


def _lines_of_names(statement: ast.stmt) -> list[int]:
    return sorted(node.lineno for node in ast.walk(statement)
                  if isinstance(node, ast.Name | ast.Constant | ast.arg | ast.Attribute)
                  and hasattr(node, "lineno"))


def _rough_tokens(source: str) -> Iterator[Token]:
    """Plain tokens of something that is not Python."""
    import keyword

    for number, line in enumerate(source.splitlines(), 1):
        for token in _CODE_TOKEN.findall(line.partition("#")[0]):
            if token not in _LIGHT:
                is_name = token.isidentifier() and not keyword.iskeyword(token)
                yield (_OWN if is_name else token), number
