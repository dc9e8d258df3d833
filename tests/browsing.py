"""A Chromium on the page, and the actions of a person in it."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from pydantic import SecretStr
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from benchmarks.chromium import BINARY, DRIVER, open_chromium, set_screen
from search_api.service.app import create_app
from search_api.settings import SearchSettings

PATIENCE_SECONDS = float(os.environ.get("EVOKE_TEST_PATIENCE", "40"))
"""How long a test waits for the page before it fails."""
CUT_TEXTS = """
const hides = (each) => each.matches('.unseen, .number, [aria-hidden="true"], select, noscript, script');
const cuts = (box, { overflowX, overflowY }, rect) =>
  (overflowX !== 'visible' && (rect.left < box.left - 1 || rect.right > box.right + 1))
  || (['hidden', 'clip'].includes(overflowY) && (rect.top < box.top - 1 || rect.bottom > box.bottom + 1));
const cut = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text = walker.nextNode(); text; text = walker.nextNode()) {
  const around = [];
  for (let each = text.parentElement; each !== document.body; each = each.parentElement) around.push(each);
  if (!text.textContent.trim() || !text.parentElement.checkVisibility() || around.some(hides)) continue;
  const range = document.createRange();
  range.selectNodeContents(text);
  const isCut = [...range.getClientRects()].some((rect) => rect.right > innerWidth + 1
    || around.some((each) => cuts(each.getBoundingClientRect(), getComputedStyle(each), rect)));
  if (isCut) cut.push(text.textContent.trim());
}
return cut;
"""
"""A script that returns the texts of which a person sees only a part."""
AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
T = TypeVar("T")


def lack(what: str) -> None:
    """Skip a test that lacks a program, but fail it in continuous integration, where nothing may be lacking."""
    if os.environ.get("CI"):
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}")


@contextmanager
def serving(search: Any, key: SecretStr | None = None, settings: SearchSettings | None = None) -> Iterator[str]:
    """Serve in a thread; yield the address."""
    app = create_app(settings or SearchSettings(api_key=key), search)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Open a headless Chromium that keeps what pages log and ask for."""
    if not all(Path(program).exists() for program in (BINARY, DRIVER)):
        lack(f"{BINARY} and {DRIVER} (Debian: chromium, chromium-driver)")
    with open_chromium(capabilities={"goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}) as driver:
        yield driver


class Browser:
    """A Chromium on the page, and the actions of a person."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, path: str = "/") -> None:
        self.driver.get(self.address + path)

    def ask(self, question: str) -> None:
        box = self.one("#q")
        box.clear()
        box.send_keys(question, Keys.ENTER)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.wait(lambda: next(iter(self.all(selector)), None), selector)

    def seen(self, selector: str) -> WebElement:
        """Return the first element that a person sees."""
        return self.wait(lambda: next((each for each in self.all(selector) if each.is_displayed()), None), selector)

    def button(self, text: str) -> WebElement:
        path = f"//button[starts-with(normalize-space(), '{text}') and not(@hidden)]"
        return self.wait(lambda: next(iter(self.driver.find_elements(By.XPATH, path)), None), text)

    def chip(self, text: str) -> WebElement:
        """Return the chip of a filter."""
        path = f"//*[@id='filters']//button[starts-with(normalize-space(), '{text}')]"
        return self.wait(lambda: next(iter(self.driver.find_elements(By.XPATH, path)), None), text)

    def titles(self, place: str = "#results") -> list[str]:
        script = (
            "const place = document.querySelector(arguments[0]); if (!place || place.ariaBusy === 'true') return [];"
        )
        script += "return [...place.querySelectorAll('.card h2 a')].map((title) => title.textContent)"
        return list(self.driver.execute_script(script, place))

    def chips(self, kind: str = ".chip") -> list[str]:
        script = "return [...document.querySelectorAll(`#understood ${arguments[0]}`)].map((chip) => chip.firstChild)"
        script += ".map((part) => (part.firstChild ?? part).textContent)"
        return list(self.driver.execute_script(script, kind))

    def sliders(self) -> list[WebElement]:
        return self.all("#adjust [type=range]")

    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.driver.current_url).query)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def resize(self, width: int, height: int = 800) -> None:
        set_screen(self.driver, width, height)

    @contextmanager
    def before_scripts(self, source: str) -> Iterator[None]:
        """Run a script before those of each page that is opened."""
        added = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def cut_texts(self) -> list[str]:
        return list(self.run(CUT_TEXTS))

    def violations(self) -> list[str]:
        """Return what axe finds against WCAG 2.2 AA, as the rule and the elements."""
        if not AXE.exists():
            lack("axe-core: npm ci")
        self.driver.execute_script(_axe())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        script = """
            const [tags, done] = arguments;
            const describe = ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`;
            axe.run(document, { runOnly: tags }).then(({ violations }) => done(violations.map(describe)));
        """
        return list(self.driver.execute_async_script(script, tags))

    def wait(self, condition: Callable[[], T], what: str = "") -> T:
        # If the page replaces an element meanwhile, the condition is tried again.
        waiting = WebDriverWait(
            self.driver, PATIENCE_SECONDS, 0.02, ignored_exceptions=[StaleElementReferenceException]
        )
        return waiting.until(lambda _: condition(), what)


@functools.cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")
