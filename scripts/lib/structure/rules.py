"""The rules for the structure of the code. Each yields what breaks it."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scripts.lib.structure.circles import circles
from scripts.lib.structure.package import Module, edges

#: What pure code may import besides lower layers: the parts of the standard library
#: that use neither the machine nor the clock.
PURE = frozenset(
    """
    __future__ abc base64 binascii bisect collections contextlib copy dataclasses
    enum fractions functools hashlib heapq ipaddress itertools math operator re string
    struct types typing unicodedata urllib.parse pathlib.PurePath pathlib.PurePosixPath
    """.split()
)
PURE_LAYERS = ("planning", "torrent")
IMPURE_CALLS = frozenset({"open", "print", "input"})
#: Names that several folders may use, with the noun that they share.
SAME_NOUN = {
    "library": "commands/library.py has the commands about what library/ shows",
    "streaming": "commands/streaming.py has the eight commands of streaming/",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """One place that breaks a rule."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"

    @property
    def known_as(self) -> str:
        """The name for an exception, without line numbers, so it survives edits."""
        return f"{self.path}: {self.text}"


@dataclass(frozen=True, slots=True)
class House:
    """A package, and the order of its layers from the top down."""

    package: str
    modules: Mapping[str, Module]
    order: Sequence[str]

    def floor(self, layer: str) -> int:
        return self.order.index(layer)


def every_layer_has_its_place(house: House) -> Iterator[Broken]:
    for module in house.modules.values():
        if module.layer not in house.order:
            yield Broken(module.path, 1, f"{module.layer} is not in the layout")
    for layer in house.order:
        if not any(module.layer == layer for module in house.modules.values()):
            yield Broken("docs/architecture.rst", 1, f"there is no {layer}")


def no_import_runs_up(house: House) -> Iterator[Broken]:
    for module, imported, target in edges(house.package, house.modules):
        if module.layer not in house.order or target.layer not in house.order:
            continue
        if house.floor(target.layer) < house.floor(module.layer):
            text = f"{module.layer} imports {imported.name}, which stands above it"
            yield Broken(module.path, imported.line, text)


def no_import_circle(house: House) -> Iterator[Broken]:
    pairs = edges(house.package, house.modules)
    for circle in circles((module.path, target.path) for module, _, target in pairs):
        text = " -> ".join([*circle, circle[0]])
        yield Broken(circle[0], 1, f"imports itself: {text}")


def libtorrent_stays_in_the_engine(house: House) -> Iterator[Broken]:
    for module in house.modules.values():
        for imported in module.imports:
            if _root(imported.name) == "libtorrent" and module.layer != "engine":
                yield Broken(module.path, imported.line, "imports libtorrent")


def pure_layers_are_pure(house: House) -> Iterator[Broken]:
    for module in house.modules.values():
        if module.layer not in PURE_LAYERS:
            continue
        for imported in module.imports:
            if _root(imported.name) != house.package and not _is_pure(imported.name):
                text = f"{module.layer} is pure, and imports {imported.name}"
                yield Broken(module.path, imported.line, text)
        for line, name in module.calls:
            if name in IMPURE_CALLS:
                text = f"{module.layer} is pure, and calls {name}"
                yield Broken(module.path, line, text)


def one_name_is_one_module(house: House) -> Iterator[Broken]:
    """A folder may have a module of its own name: that is its main noun."""
    places = defaultdict(list)
    for module in house.modules.values():
        above, _, name = module.name.rpartition(".")
        if name and name != above.rpartition(".")[2]:
            places[name].append(module)
    for name, modules in places.items():
        if len(modules) > 1 and name not in SAME_NOUN:
            first, *others = modules
            also = " and ".join(other.path for other in others)
            yield Broken(first.path, 1, f"{also} has the same name")


def attributes_are_written_at_home(house: House) -> Iterator[Broken]:
    """Applies to streaming/, and to its attributes in modules that import it."""
    streaming = [m for m in house.modules.values() if m.layer == "streaming"]
    state = frozenset().union(*(module.owned for module in streaming))
    pairs = edges(house.package, house.modules)
    users = {module.name for module, _, target in pairs if target in streaming}
    for module in house.modules.values():
        foreign = [one for one in module.writes if one.attribute not in module.owned]
        for write in foreign:
            is_state = module.name in users and write.attribute in state
            if module in streaming or is_state:
                text = f"writes {write.target}, which another module owns"
                yield Broken(module.path, write.line, text)


Rule = Callable[[House], Iterator[Broken]]
RULES: tuple[Rule, ...] = (
    every_layer_has_its_place,
    no_import_runs_up,
    no_import_circle,
    libtorrent_stays_in_the_engine,
    pure_layers_are_pure,
    one_name_is_one_module,
    attributes_are_written_at_home,
)


def _root(name: str) -> str:
    return name.partition(".")[0]


def _is_pure(name: str) -> bool:
    module, _, member = name.rpartition(".")
    return not PURE.isdisjoint((name, module, _root(name))) and member != "*"


assert all(_root(name) in sys.stdlib_module_names for name in PURE)
