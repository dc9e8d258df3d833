"""A Chromium without a window, for measurements, pictures and tests of the page."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from shutil import which
from typing import Any

from selenium import webdriver

BINARY, DRIVER = "/usr/bin/chromium", which("chromedriver") or "/usr/bin/chromedriver"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_chromium(*flags: str, capabilities: Mapping[str, Any] | None = None) -> Iterator[webdriver.Chrome]:
    """Open a Chromium with an empty profile.

    Args:
        flags: Options of its command line, besides those that every use needs.
        capabilities: What WebDriver is asked for, by name.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = BINARY
        for flag in (*FLAGS, *flags, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        for name, value in (capabilities or {}).items():
            options.set_capability(name, value)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            yield driver
        finally:
            driver.quit()


def set_screen(driver: webdriver.Chrome, width: int, height: int, *, pixels: float = 1) -> None:
    """Set the size of the page in CSS pixels, and how many of the device's pixels one has; narrow ones are phones."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": pixels, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
