"""A headless Chromium that reaches loopback addresses and nothing else.

Debian's browser and driver, which always fit each other. Its profile is a folder of
its own and goes with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

SIZE = (1200, 760)  # pixels of the page

_FLAGS = (
    "headless=new",
    "no-proxy-server",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "no-first-run",
    "no-default-browser-check",
    "no-sandbox",  # Chromium's needs another user than root
    "disable-dev-shm-usage",
    "disable-gpu",
    "force-color-profile=srgb",
    "lang=en",
    f"window-size={SIZE[0]},{SIZE[1]}",
)


@contextmanager
def browser(profile: Path, *, names: Sequence[str] = ()) -> Iterator[Chrome]:
    """A running browser; FileNotFoundError where Debian's driver is missing.

    To it the hosts of these ``names`` are this machine.
    """
    driver = shutil.which("chromedriver")
    if driver is None:
        raise FileNotFoundError("chromedriver: see scripts/packages/browser.txt")
    options = ChromeOptions()
    hosts = [f"MAP {name} 127.0.0.1" for name in names]
    rules = ", ".join([*hosts, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"])
    flags = f"host-resolver-rules={rules}", f"user-data-dir={profile}"
    for flag in (*_FLAGS, *flags):
        options.add_argument(f"--{flag}")
    options.add_experimental_option("excludeSwitches", ["enable-logging"])
    running = Chrome(options=options, service=Service(driver))
    try:
        # A window has a frame, even where nobody sees it.
        frame = running.execute_script("return outerHeight - innerHeight")
        running.set_window_size(SIZE[0], SIZE[1] + frame)
        yield running
    finally:
        running.quit()
