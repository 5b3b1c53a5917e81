"""Modules that import each other, directly or through others."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set


def circles(edges: Iterable[tuple[str, str]]) -> Iterator[list[str]]:
    """Yield circles that share no edge, the shortest first, until none is left.

    It yields nothing only if there is no circle, and names no edge twice.
    """
    graph: dict[str, set[str]] = {}
    for start, end in edges:
        graph.setdefault(start, set()).add(end)
    while circle := min(_through_each(graph), key=len, default=None):
        yield circle
        for start, end in zip(circle, circle[1:] + circle[:1], strict=True):
            graph[start].discard(end)


def _through_each(graph: Mapping[str, Set[str]]) -> Iterator[list[str]]:
    return filter(None, (_shortest_through(graph, node) for node in sorted(graph)))


def _shortest_through(graph: Mapping[str, Set[str]], start: str) -> list[str]:
    """The shortest circle through *start*; empty if there is none."""
    before: dict[str, str] = {}
    queue = deque([start])
    while queue and start not in before:
        node = queue.popleft()
        for following in sorted(graph.get(node, ())):
            if following not in before:
                before[following] = node
                queue.append(following)
    return _back(before, start) if start in before else []


def _back(before: Mapping[str, str], start: str) -> list[str]:
    circle = [start]
    while (node := before[circle[0]]) != start:
        circle.insert(0, node)
    return circle[-1:] + circle[:-1]
