"""Take the pictures of the page that README.md and docs/page.md show, from a service of the starter catalogue.

EVOKE_HOME=FOLDER evoke index && EVOKE_HOME=FOLDER evoke serve
python -m benchmarks.page_pictures [--url URL] [-o FOLDER]
python -m benchmarks.page_pictures --all -o FOLDER

With --all, every view is taken on a phone and on a screen, in light and dark colours, to be looked at.
"""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from benchmarks.chromium import open_chromium, set_screen

PATIENCE_SECONDS = 60
N_COLOURS = 128
"""A picture of flat colours needs no more; the covers' gradients are dithered."""
PHONE, SCREEN = (390, 844), (1280, 900)
LIKED = {"id": "starter:interstellar-2014", "title": "Interstellar", "kind": "movie", "year": 2014}
QUESTION = "/?q=inspiring,+like+Interstelar+but+not+too+sad,+under+two+hours"
VIEWS = {
    "home": "/?weight=E2:1&weight=E4:-0.8&kind=movie",
    "answer": QUESTION,
    "like": "/?like=starter:interstellar-2014",
    "empty": "/?q=hope&kind=book&language=is&year_from=2015&genre=Horror",
    "work": "/?q=hope&work=starter:interstellar-2014",
    "missing": "/?work=starter:nothing",
    "list": "/?list=saved",
    "for-you": "/?for=me",
    "plain": "/plain?q=hope",
}

SETTLED = """
const { view } = document.documentElement.dataset;
return document.fonts.status === "loaded" && !document.querySelector("[aria-busy=true], .ghost")
  && (view !== "answer" || document.querySelector("#filters .chip"))
  && performance.getEntriesByType("resource").every(({ responseEnd }) => performance.now() - responseEnd > 700);
"""
"""Whether a view has all that it asks for."""


class Picture(NamedTuple):
    """A view of the page on a screen of some size."""

    name: str
    path: str
    size: tuple[int, int]
    theme: str


SHOWN = (
    Picture("answer-light", VIEWS["answer"], SCREEN, "light"),
    Picture("answer-phone-dark", VIEWS["answer"], PHONE, "dark"),
    Picture("home-phone", VIEWS["home"], PHONE, "light"),
    Picture("work-phone", VIEWS["work"], PHONE, "light"),
    Picture("for-you-dark", VIEWS["for-you"], SCREEN, "dark"),
    Picture("for-you-phone", VIEWS["for-you"], PHONE, "light"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent.parent / "docs/images")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with open_chromium("--hide-scrollbars") as driver:
        for picture in every_view() if options.all else SHOWN:
            take(driver, options.url, picture, options.output / f"{picture.name}.png")


def every_view() -> Iterator[Picture]:
    """Yield each view on a phone and on a screen, in both colours."""
    for name, path in VIEWS.items():
        for device, size in (("phone", PHONE), ("screen", SCREEN)):
            for theme in ("light", "dark"):
                yield Picture(f"{name}-{device}-{theme}", path, size, theme)


def take(driver: webdriver.Chrome, url: str, picture: Picture, output: Path) -> None:
    """Open a view as a person who likes one work, and save what is seen of it."""
    set_screen(driver, *picture.size)
    features = [{"name": "prefers-color-scheme", "value": picture.theme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get(f"{url}/healthz")
    saved = [{**LIKED, "at": "2026-01-01T00:00:00Z"}]
    memory = {"version": 1, "lists": {"saved": saved, "seen": [], "refused": []}, "profile": {"values": {"E2": 1}}}
    memory["profile"]["loved"] = [LIKED]
    driver.execute_script("localStorage.setItem('evoke', arguments[0])", json.dumps(memory))
    for _ in range(2):  # the second answer is one of a service that is warm
        driver.get(url + picture.path)
        WebDriverWait(driver, PATIENCE_SECONDS, 0.1).until(lambda d: d.execute_script(SETTLED))
    shot = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])
    Image.open(BytesIO(shot)).convert("RGB").quantize(N_COLOURS).save(output, optimize=True)


if __name__ == "__main__":
    main()
