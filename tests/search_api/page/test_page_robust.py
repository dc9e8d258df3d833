"""What the page does when parts of the service or of the browser fail."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browsing import Browser, serving
from service_fakes import FakeSearch

from search_api.errors import IndexMissing, TooManyRequests
from search_api.records import Facets, Page, SearchRequest, ValueView

SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value)))
  .observe({ type: 'layout-shift', buffered: true });
"""
NO_STORAGE = """
for (const name of ['localStorage', 'sessionStorage']) {
  Object.defineProperty(window, name, { get() { throw new DOMException('forbidden', 'SecurityError'); } });
}
"""
FULL_STORAGE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
IMPATIENT = """
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => timeout(ms / 50);
"""


class PartlyFailing(FakeSearch):
    """A search of which parts fail, or are late."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[str] = set()
        self.late_seconds = 0.0
        self.late_values_seconds = 0.0

    def _fail(self, part: str) -> None:
        if part in self.failing:
            raise IndexMissing("no index was built yet")

    def search(self, request: SearchRequest) -> Page:
        time.sleep(self.late_seconds)
        if "busy" in self.failing:
            self.failing.remove("busy")
            raise TooManyRequests("all search processes have work for the next second")
        return super().search(request)

    def facets(self, *args: Any, **options: Any) -> Facets:
        self._fail("facets")
        return super().facets(*args, **options)

    def values(self) -> list[ValueView]:
        self._fail("values")
        time.sleep(self.late_values_seconds)
        return super().values()

    def attributions(self) -> tuple[str, ...]:
        self._fail("attributions")
        return super().attributions()


@contextmanager
def failing_page(page: Browser, *parts: str) -> Iterator[tuple[Browser, PartlyFailing]]:
    search = PartlyFailing()
    search.failing = set(parts)
    with serving(search) as address:
        yield Browser(page.driver, address), search


@pytest.mark.browser
def test_the_answer_needs_neither_counts_nor_values_nor_notices(page: Browser) -> None:
    with failing_page(page, "facets", "values", "attributions") as (asked, search):
        asked.open("/?q=inspiring")
        asked.wait(lambda: asked.titles()[:1] == ["October Sky"])
        asked.wait(lambda: asked.chips() == ["inspiration"])
        asked.wait(lambda: "could not be counted" in asked.one("#filters").text)
        asked.wait(lambda: "notices of the sources could not be read" in asked.one("footer").text)
        assert asked.all(".trouble") == []
        search.failing = set()
        asked.one("#filters .trouble-line button").click()
        asked.wait(lambda: asked.chip("Books"))
        asked.one("footer .trouble-line button").click()
        asked.wait(lambda: "made-up catalogue" in asked.one("footer").text)
        asked.chip("Books").click()
        asked.wait(lambda: asked.titles()[:1] == ["The Martian"])
        asked.one("#adjust summary").click()
        asked.wait(lambda: len(asked.sliders()) == 1)  # the values were asked for again
        page.driver.get_log("browser")


@pytest.mark.browser
def test_a_late_answer_is_given_up_and_asked_for_again(page: Browser) -> None:
    with page.before_scripts(IMPATIENT), failing_page(page) as (asked, search):
        search.late_seconds = 2
        asked.open("/?q=inspiring")
        asked.wait(lambda: asked.seen(".trouble").text.startswith("This takes too long"))
        assert asked.one("h1#answer-title").text == "Works for “inspiring”"
        search.late_seconds = 0
        asked.button("Try again").click()
        asked.wait(lambda: asked.titles()[:1] == ["October Sky"])


@pytest.mark.browser
def test_late_values_recolour_the_cards_and_keep_the_levels_of_the_liked_work(page: Browser) -> None:
    with failing_page(page) as (asked, search):
        adventure = next(value for value in search.taxonomy if value.id == "SC3")
        others = [value for value in search.taxonomy if value.id != "SC3"]
        search.taxonomy = [*others, adventure.model_copy(update={"facet": "learning"})]  # its id looks like a theme
        search.late_values_seconds = 1
        asked.open("/?q=like Interstellar")
        asked.wait(lambda: asked.all(".card .level") and asked.all(".bar[data-value=SC3][data-facet=theme]"))
        asked.wait(lambda: asked.all(".bar[data-value=SC3][data-facet=learning]"))
        asked.wait(lambda: asked.all(".card .level"))


@pytest.mark.browser
def test_a_busy_service_is_asked_again_by_itself(page: Browser) -> None:
    with failing_page(page, "busy") as (asked, search):
        asked.open("/?q=inspiring")
        asked.wait(lambda: asked.titles()[:1] == ["October Sky"])
        assert search.failing == set()


@pytest.mark.browser
@pytest.mark.parametrize("storage", [NO_STORAGE, FULL_STORAGE])
def test_without_storage_the_page_answers_and_says_what_it_cannot_keep(page: Browser, storage: str) -> None:
    with page.before_scripts(storage):
        page.open("/?q=inspiring")
        page.wait(lambda: page.titles()[:1] == ["October Sky"])
        page.one("[data-list=saved]").click()
        page.wait(lambda: page.one("#list-link").text == "Your list (1)")
        assert "Export them before you close this tab" in page.one("#storage-trouble").text
        page.one("#list-link").click()
        page.wait(lambda: page.one(".listed h2").text == "October Sky")


@pytest.mark.browser
def test_a_damaged_store_is_set_aside_and_said(page: Browser) -> None:
    page.run("localStorage.setItem('evoke', '{\"version\": 1, \"lists\":')")
    page.open("/?list=saved")
    page.wait(lambda: "could not be read" in page.one("#list-view [role=alert]").text)
    assert page.run("return localStorage.getItem('evoke-damaged')") == '{"version": 1, "lists":'
    assert page.run("return document.querySelectorAll('.listed li').length") == 0


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "path", ["/?q=inspiring like Interstellar", "/?like=movie:contact", "/?work=movie:contact", "/"]
)
def test_nothing_jumps_while_the_page_loads(page: Browser, path: str, width: int) -> None:
    page.resize(width)
    with page.before_scripts(SHIFTS):
        page.open(path)
        page.wait(lambda: page.titles() or page.all(".similar .card, #examples a"))
        page.wait(lambda: page.one("#attributions").get_attribute("textContent"))
        assert sum(page.run("return shifts")) < 0.1  # "good", by web.dev/cls


@pytest.mark.browser
def test_the_search_is_asked_first_and_alone(page: Browser) -> None:
    page.open("/?q=inspiring like Interstellar")
    page.wait(lambda: page.all("#filters .chip"))
    page.wait(lambda: page.one("#attributions").get_attribute("textContent"))
    script = "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/v1/'))"
    script += ".map(({ name, startTime, responseEnd }) => [new URL(name).pathname, startTime, responseEnd])"
    first, *others = sorted(page.run(script), key=lambda entry: entry[1])
    assert first[0] == "/v1/search"
    assert "/v1/search" not in [name for name, *_ in others]
    assert {name for name, *_ in others} >= {"/v1/facets", "/v1/values", "/v1/attributions"}
    assert min(start for _, start, _ in others) >= first[2]


@pytest.mark.browser
def test_the_answer_of_a_link_is_asked_for_before_the_page_has_its_script(page: Browser) -> None:
    with failing_page(page) as (asked, search):
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/web/page.js"]})
        asked.open("/?q=inspiring&kind=movie")
        asked.wait(lambda: search.requests)
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        page.driver.get_log("browser")  # the script did not come
        asked.open("/?q=inspiring&kind=movie")
        asked.wait(asked.titles)
        assert len(search.requests) == 2  # the page took what was asked for
        asked.open("/?q=inspiring&hide=seen&shown=20&utm_source=mail")  # with the page's own parameters, and others'
        asked.wait(lambda: len(asked.titles()) == 20)
        assert len(search.requests) == 3


@pytest.mark.browser
def test_reload_and_back_return_to_the_same_place(page: Browser) -> None:
    page.open("/?q=inspiring&shown=20")
    page.wait(lambda: len(page.titles()) == 20)
    page.run("scrollTo(0, 1500)")
    page.driver.refresh()
    page.wait(lambda: len(page.titles()) == 20 and page.run("return scrollY") == 1500)
    page.run("document.querySelectorAll('.card h2 a')[9].click()")
    page.wait(lambda: page.one("#work-title").is_displayed() and page.run("return scrollY") == 0)
    page.driver.back()
    page.wait(lambda: len(page.titles()) == 20 and page.run("return scrollY") == 1500)


@pytest.mark.browser
def test_without_scripts_the_page_leads_to_the_plain_one(page: Browser) -> None:
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open("/?q=hope")
        assert "needs JavaScript" in page.one("noscript").get_attribute("textContent")
        assert page.one("#plain-q").rect["height"] >= 44
        for dead in ("#ask", "#theme", "header nav", "main"):
            assert not page.one(dead).is_displayed(), dead
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.browser
def test_an_old_browser_is_said_to_be_old(page: Browser) -> None:
    assert not page.one(".too-old").is_displayed()
    with page.before_scripts("delete Map.groupBy;"):
        page.open("/")
        assert "Firefox 132" in page.one(".too-old").text
    page.driver.get_log("browser")  # its scripts fail, as they must
