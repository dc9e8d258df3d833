"""Measure how long a person waits for the first work of a link, on a slow network and a slow phone.

python -m benchmarks.first_card [URL ...] [--rounds N] [--query WORDS]

The services must run. Of several, each round asks one after the other, and ratios are to the first. The network is that
of a phone on 4G (9 Mbit/s down, 1.5 up, 170 ms), and the processor is slowed four times. Nothing is cached, but
connections may be kept from the round before: Chromium's emulation adds its delay to requests, not to connections.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any
from urllib.parse import urlencode

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from benchmarks.chromium import open_chromium, set_screen

NETWORK = {
    "offline": False,
    "latency": 170,
    "downloadThroughput": 9e6 / 8,
    "uploadThroughput": 1.5e6 / 8,
}
SLOWED = 4
PATIENCE_SECONDS = 30
SETTLED_SECONDS = 2
"""How long after the first work what moves is counted: counts and values come after it."""
WATCH = """
window.watched = { card: null, shift: 0, paint: null };
new MutationObserver((_, watching) => {
  if (!document.querySelector("#results .card h2")) return;
  watching.disconnect();
  requestAnimationFrame(() => { watched.card = performance.now(); });
}).observe(document, { childList: true, subtree: true });
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) watched.shift += value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const { name, startTime } of list.getEntries()) if (name === "first-contentful-paint") watched.paint = startTime;
}).observe({ type: "paint", buffered: true });
"""
COUNT = """
const before = performance.getEntriesByType("resource").filter(({ responseEnd }) => responseEnd <= watched.card);
const kilobytes = before.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1000;
return { ...watched, requests: before.length + 1, kilobytes };
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="*", default=["http://127.0.0.1:8000"], metavar="URL")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--query", default="inspiring but not too sad")
    options = parser.parse_args()
    links = [f"{url.rstrip('/')}/?{urlencode({'q': options.query})}" for url in options.urls]
    measured: dict[str, list[dict[str, Any]]] = {link: [] for link in links}
    with open_chromium("--hide-scrollbars") as driver:
        set_screen(driver, 390, 844)
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        for link in links:  # the service answers for the first time
            measure(driver, link)
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        driver.execute_cdp_cmd("Network.emulateNetworkConditions", NETWORK)
        driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        for _ in range(options.rounds):
            for link in links:
                measured[link].append(measure(driver, link))
    print("| service | first work ms (least to most) | first paint ms | requests before it | kB before it | moved |")
    print("|---|--:|--:|--:|--:|--:|")
    for url, link in zip(options.urls, links, strict=True):
        print(row(url, measured[link], measured[links[0]]))


def measure(driver: webdriver.Chrome, link: str) -> dict[str, Any]:
    """Open a link, and return what was seen until it settled."""
    driver.get("about:blank")
    driver.get(link)
    WebDriverWait(driver, PATIENCE_SECONDS, 0.05).until(lambda d: d.execute_script("return watched.card"))
    driver.execute_async_script("setTimeout(arguments[1], arguments[0] * 1000)", SETTLED_SECONDS)
    seen: dict[str, Any] = driver.execute_script(COUNT)
    return seen


def row(url: str, rounds: list[dict[str, Any]], first: list[dict[str, Any]]) -> str:
    """Return a line of the table: medians, and of the time the median ratio of the rounds too."""
    cards = [each["card"] for each in rounds]
    ratio = statistics.median(each["card"] / other["card"] for each, other in zip(rounds, first, strict=True))
    medians = {name: statistics.median(each[name] for each in rounds) for name in ("paint", "requests", "kilobytes")}
    return (
        f"| {url} | {statistics.median(cards):,.0f} ({min(cards):,.0f} to {max(cards):,.0f}), {ratio:.2f}x "
        f"| {medians['paint']:,.0f} | {medians['requests']:.0f} | {medians['kilobytes']:.0f} "
        f"| {max(each['shift'] for each in rounds):.3f} |"
    )


if __name__ == "__main__":
    main()
