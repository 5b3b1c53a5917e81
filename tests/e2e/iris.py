"""Iris in a browser, as a listener uses it: clicks, keys, and what the page shows.

It calls nothing of Iris and knows of its pages only what is seen: texts by the
class of their element, because Iris has no other names for them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.e2e.stage import until

#: Mopidy's configuration: Iris, without what it would ask other hosts for.
CONFIG = {"iris": {"enabled": "true", "snapcast_enabled": "false"}}

#: The texts of all elements at once: React replaces elements at any moment.
_TEXTS = """
return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())
"""
_ROWS = """
const text = (row, part) =>
    row.querySelector(".list__item__column__item--" + part)?.innerText.trim() ?? "";
return [...document.querySelectorAll(".list__item--track")].map(row =>
    [text(row, "name"), text(row, "duration"), row.matches(".list__item--playing")]);
"""
#: What a page throws and does not catch is kept until it is asked for.
_KEEP_ERRORS = """
addEventListener("error", event => {
    sessionStorage.errors = (sessionStorage.errors ?? "") + event.message + "\\n";
});
"""
_TAKE_ERRORS = """
const errors = sessionStorage.errors ?? "";
delete sessionStorage.errors;
return errors;
"""
#: Thumbnails are backgrounds; an image that is no image has no width.
_WIDTHS = """
const [selector, answer] = arguments;
const shown = [...document.querySelectorAll(selector)].map(async e => {
    const image = new Image();
    image.src = getComputedStyle(e).backgroundImage.replace(/^url\\("(.*)"\\)$/, "$1");
    await image.decode().catch(() => null);
    return image.naturalWidth;
});
Promise.all(shown).then(answer);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A track in a list; ``length`` as it is shown, ``-`` for none."""

    name: str
    length: str
    plays: bool


class Iris:
    """One browser window; ``pictures`` is where `picture` leaves files, if anywhere."""

    def __init__(self, browser: Chrome, mopidy: str, pictures: Path | None) -> None:
        self._browser = browser
        self._url = f"{mopidy}/iris/"
        self._pictures = pictures
        browser.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": _KEEP_ERRORS}
        )

    # --- getting around

    def set_up(self) -> None:
        """Answer what Iris asks on the first visit."""
        self._browser.get(self._url)
        self.click(".modal--initial-setup label")  # reports nothing to anybody
        self.click(".modal--initial-setup .button--primary")
        until(lambda: not self.texts(".modal"))

    def open(self, *path: str) -> None:
        """Reload the page, then go through the sidebar and tiles of that name."""
        self._browser.get(self._url)
        until(lambda: self.texts(".sidebar"))
        until(lambda: not self.texts(".sidebar .status"))  # not connected yet
        for number, name in enumerate(path):
            if number == 0:
                self.click_text(".sidebar .sidebar__menu__item", name)
            else:
                self.click_text(".grid__item", name)

    def reload(self) -> None:
        """Reload the current page."""
        self._browser.refresh()

    def click(self, selector: str) -> None:
        """Click the first such element, as soon as it can be clicked."""
        until(lambda: self._clicked(By.CSS_SELECTOR, selector))

    def click_text(self, selector: str, text: str) -> None:
        """Click the element that shows ``text``, as soon as it does."""

        def clicked() -> bool:
            shown = [text in t.splitlines() for t in self.texts(selector)]
            return True in shown and self._clicked(
                By.CSS_SELECTOR, selector, shown.index(True)
            )

        until(clicked)

    def type(self, selector: str, text: str, *, enter: bool = False) -> None:
        until(lambda: self.texts(selector))
        field = self._browser.find_element(By.CSS_SELECTOR, selector)
        field.send_keys(text, *([Keys.ENTER] if enter else []))

    def _clicked(self, by: str, selector: str, number: int = 0) -> bool:
        try:
            self._browser.find_elements(by, selector)[number].click()
        except (IndexError, WebDriverException):  # not there, or not yet on top
            return False
        return True

    # --- what it shows

    def texts(self, selector: str) -> list[str]:
        return list(self._run(_TEXTS, selector))

    @property
    def errors(self) -> list[str]:
        """What its pages threw and did not catch, since this was asked last."""
        return str(self._run(_TAKE_ERRORS)).splitlines()

    @property
    def rows(self) -> list[Row]:
        return [Row(*row) for row in self._run(_ROWS)]

    def widths(self, selector: str) -> list[int]:
        """The natural widths in pixels of the pictures in such elements; 0: none."""
        return list(self._browser.execute_async_script(_WIDTHS, selector))

    # --- the player at the bottom

    @property
    def title(self) -> str:
        return self.texts(".current-track .title")[0]

    @property
    def times_s(self) -> tuple[int, int]:
        """Position and length in seconds; 0 where nothing is shown."""
        current, total = self.texts(".playback-controls .progress .time")
        return _seconds(current), _seconds(total)

    def seek(self, part: float) -> None:
        """Click at that part of the progress bar."""
        bar = self._browser.find_element(
            By.CSS_SELECTOR, ".playback-controls .progress input"
        )
        aside = int(bar.size["width"] * (part - 0.5))
        ActionChains(self._browser).move_to_element_with_offset(
            bar, aside, 0
        ).click().perform()

    # --- pictures

    def picture(self, name: str) -> None:
        """Keep what is seen now, when pictures were asked for.

        In 256 colours, which makes files of less than half the size.
        """
        if self._pictures is None:
            return
        self._pictures.mkdir(parents=True, exist_ok=True)
        with Image.open(io.BytesIO(self._browser.get_screenshot_as_png())) as seen:
            few = seen.convert("RGB").quantize(256)
            few.save(self._pictures / f"{name}.png", optimize=True)

    def _run(self, script: str, *arguments: object) -> Any:
        return self._browser.execute_script(script, *arguments)


def _seconds(shown: str) -> int:
    minutes, colon, seconds = shown.rpartition(":")
    return int(minutes or 0) * 60 + int(seconds) if colon else 0
