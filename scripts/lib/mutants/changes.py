"""Small faults that a module may have: each is one node of its syntax tree changed.

Comparisons are reversed, `and` and `or` are exchanged, `not` is doubled, numbers grow
by one, True becomes False, `+` becomes `-`, and functions return None. Types,
docstrings and other texts stay as they are, because no test could notice.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_TURNED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
_TYPES = {"annotation", "returns", "type_comment", "type_params"}


@dataclass(frozen=True, slots=True)
class Change:
    """One fault: the module that has it, and a description for people."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  ->  {self.after}"


def changes(source: str) -> Iterator[Change]:
    """All changes to a module with this text, in the order of the text."""
    tree = ast.parse(source)
    for node, replace in _places(tree):
        line, before = getattr(node, "lineno", 0), ast.unparse(node)
        undo = replace()
        after = ast.unparse(node)
        yield Change(line, before, after, ast.unparse(tree))
        undo()


Undo = Callable[[], None]


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, Callable[[], Undo]]]:
    """The nodes that can be changed, each with a function that changes it."""
    for node in _code(tree):
        if isinstance(node, ast.Compare):
            yield from _turned(node, "ops", node.ops[0])
        elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign):
            yield from _turned(node, "op", node.op)
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            value = node.value
            other = not value if isinstance(value, bool) else value + 1
            yield node, _set(node, "value", other)
        elif isinstance(node, ast.Return) and not _is_none(node.value):
            yield node, _set(node, "value", ast.Constant(None))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, _set(node, "operand", ast.UnaryOp(ast.Not(), node.operand))


def _turned(
    node: ast.AST, field: str, operator: ast.AST
) -> Iterator[tuple[ast.AST, Callable[[], Undo]]]:
    other = _TURNED.get(type(operator))
    if other is not None:
        now = getattr(node, field)
        new = [other(), *now[1:]] if isinstance(now, list) else other()
        yield node, _set(node, field, new)


def _set(node: ast.AST, field: str, value: object) -> Callable[[], Undo]:
    def change() -> Undo:
        before = getattr(node, field)
        setattr(node, field, value)
        return lambda: setattr(node, field, before)

    return change


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run, in order: no types, and nothing only for type checkers."""
    yield node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    for name, value in ast.iter_fields(node):
        if name in _TYPES:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _code(child)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
