"""Wishes: which torrent a listener's text asks for, by magnet link or URL. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.magnet_links import MagnetLink, read_link
from mopidy_vozduxan.torrent.uris import AddUri, AnyUri, MagnetUri, parse


@dataclass(frozen=True, slots=True)
class Added:
    """A torrent somebody added: ``known`` once its files are in the catalog.

    ``infohash`` is ``None`` until the URL is read. ``files`` are the indexes of the
    files that were asked for, ``None`` for all. ``size`` is the size of the whole
    torrent according to the magnet link, in bytes.
    """

    infohash: str | None
    name: str
    known: bool
    files: tuple[int, ...] | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A magnet link or a URL that a text asks for."""

    text: str
    link: MagnetLink | None
    url: str

    @property
    def key(self) -> str:
        """The infohash, if it is known, else the URL."""
        return self.link.source.infohash if self.link else self.url

    @property
    def files(self) -> tuple[int, ...] | None:
        """The indexes of the files that are asked for, ``None`` for all."""
        return self.link.files if self.link else None

    @property
    def unresolved(self) -> Added:
        """What the text alone says, while nothing else is known."""
        if self.link is None:
            return Added(None, _name_of_url(self.url), known=False)
        source = self.link.source
        name = source.display_name or source.infohash
        return Added(source.infohash, name, False, self.link.files, self.link.size)


def wish_of(text: str) -> Wish:
    """Return the wish in a text. Raises :class:`BadInput`."""
    plain = text.partition(":")[0].lower() in ("http", "https")
    return wish_in(text, parse(str(AddUri(text)) if plain else text))


def wish_in(text: str, uri: AnyUri) -> Wish:
    """Return what ``text`` asks for, which is parsed already. Raises as above."""
    match uri:
        case MagnetUri():
            return Wish(text, read_link(text), "")
        case AddUri(url) if url.lower().startswith("magnet:"):
            return Wish(text, read_link(url), "")
        case AddUri(url):
            return Wish(text, None, url)
    raise BadInput(f"This names no torrent to add: {text[:200]!r}.")


def _name_of_url(url: str) -> str:
    parts = urlsplit(url)
    name = unquote(parts.path.rsplit("/", 1)[-1])
    return name.removesuffix(".torrent") or parts.hostname or url
