"""Reads a Python package with `ast`: its modules, their imports and attributes.

Imports and runs nothing. Imports inside functions and under TYPE_CHECKING count like
all others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeGuard


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name, from one of our modules or somebody else's."""

    line: int
    name: str  # dotted; ends with the name that is imported from the module


@dataclass(frozen=True, slots=True)
class Write:
    """One write to an attribute of something other than `self`."""

    line: int
    target: str  # as the code has it
    attribute: str


@dataclass(frozen=True)
class Module:
    name: str  # dotted, without the package's name; "" is the package itself
    path: str  # below the root, for messages
    tree: ast.Module

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree))

    @cached_property
    def calls(self) -> tuple[tuple[int, str], ...]:
        """The simple names that are called, with their lines."""
        calls = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return tuple(
            (call.lineno, call.func.id)
            for call in calls
            if isinstance(call.func, ast.Name)
        )

    @cached_property
    def writes(self) -> tuple[Write, ...]:
        return tuple(
            Write(node.lineno, ast.unparse(node), node.attr)
            for node in ast.walk(self.tree)
            if _is_written(node) and not _is_self(node.value)
        )

    @cached_property
    def owned(self) -> frozenset[str]:
        """The attributes of the classes of this module."""
        return frozenset(_attributes(self.tree))

    @property
    def layer(self) -> str:
        return self.name.partition(".")[0] or "__init__"


def read(folder: Path) -> Mapping[str, Module]:
    """The modules of the package in *folder*, by name."""
    modules = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        place = path.relative_to(folder.parent).as_posix()
        modules[name] = Module(name, place, ast.parse(path.read_text(), place))
    return modules


def edges(
    package: str, modules: Mapping[str, Module]
) -> Iterator[tuple[Module, Import, Module]]:
    """Every import of one of our modules by another one."""
    for module in modules.values():
        for imported in module.imports:
            target = _ours(package, modules, imported.name)
            if target is not None and target is not module:
                yield module, imported, target


def _ours(package: str, modules: Mapping[str, Module], name: str) -> Module | None:
    """The module that *name* is, or is imported from; None if it is not ours."""
    first, _, rest = name.partition(".")
    if first != package:
        return None
    while rest not in modules:
        rest = rest.rpartition(".")[0]
    return modules[rest]


def _imports(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(node.lineno, f"{node.module or ''}.{alias.name}")


def _attributes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        elif _is_written(node) and _is_self(node.value):
            yield node.attr


def _of_class(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign):
            yield ast.unparse(statement.target)
        elif isinstance(statement, ast.Assign):
            yield from map(ast.unparse, statement.targets)


def _is_written(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")
