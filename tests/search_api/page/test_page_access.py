"""The page for everybody: by keyboard, by voice and ear, by thumb, and on paper."""

import json

import pytest
from browsing import Browser
from selenium.webdriver.common.keys import Keys
from service_fakes import FakeSearch

from search_api.errors import IndexMissing

VIEWS = {
    "/": "#feelings .feeling",
    "/?q=inspiring but not too sad, like Interstellar": ".card .level",
    "/?q=nothing": ".notice",
    "/?like=movie:contact": ".card .level",
    "/?work=movie:interstellar": ".similar .card",
    "/?work=movie:gone": "#work-view .trouble",
    "/?list=saved": "#import-file",
    "/?for=me": "#profile-choices .feeling",
}


def profile_of(*ids: str, **values: float) -> str:
    """Return what the browser keeps of a person who loves these works and wants these values."""
    loved = [{"id": work_id, "title": work_id} for work_id in ids]
    lists: dict[str, list[str]] = {"saved": [], "seen": [], "refused": []}
    return json.dumps({"version": 1, "lists": lists, "profile": {"values": values, "loved": loved}})


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", VIEWS)
def test_axe_finds_nothing(page: Browser, path: str, width: int) -> None:
    page.resize(width)
    page.open(path)
    page.one(VIEWS[path])
    page.wait(lambda: page.one("#attributions").get_attribute("textContent"))
    assert page.violations() == []
    headings = [each.is_displayed() for each in page.all("h1")]
    assert headings.count(True) == 1


@pytest.mark.browser
@pytest.mark.parametrize("path", VIEWS)
def test_no_text_is_cut(page: Browser, path: str) -> None:
    page.run("localStorage.setItem('evoke', arguments[0])", profile_of("movie:interstellar"))
    for width in (320, 390, 1280):
        page.resize(width)
        page.open(path)
        page.one(VIEWS[path])
        page.wait(lambda: page.one("#attributions").get_attribute("textContent"))
        page.wait(lambda: page.all("#recommended .card") or path != "/?for=me")
        assert (width, page.cut_texts()) == (width, [])


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("path", VIEWS)
def test_the_colours_are_switched_at_the_head_of_every_view(page: Browser, path: str, width: int) -> None:
    features = [{"name": "prefers-color-scheme", "value": "light"}]
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.resize(width)
    page.open(path)
    switch = page.one("#theme")
    assert switch.rect["y"] + switch.rect["height"] < 90
    assert 0 < switch.rect["x"] <= width - switch.rect["width"]
    page.wait(lambda: switch.get_attribute("title") == "Dark colours")
    switch.click()
    assert switch.get_attribute("title") == switch.get_attribute("textContent") == "Light colours"
    assert page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 23)"


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_open_parts(page: Browser, theme: str) -> None:
    page.resize(390)
    page.run("localStorage.setItem('theme', arguments[0])", theme)
    page.open("/?q=inspiring but not too sad")
    page.wait(page.titles)
    page.one("#adjust summary").click()
    page.wait(page.sliders)
    page.one(".card .unfold").click()
    page.one(".card [data-list=saved]").click()
    assert page.violations() == []
    page.wait(lambda: page.all("#filters .chip"))
    page.one("#filters-toggle").click()
    assert page.violations() == []


@pytest.mark.browser
def test_at_most_twelve_stops_lie_before_the_first_work(page: Browser) -> None:
    page.open("/?q=inspiring but not too sad, under two hours")
    page.wait(page.titles)
    page.wait(lambda: page.all("#filters .chip"))
    for _ in range(12 + 1):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        if page.run("return document.activeElement.closest('.card') !== null"):
            break
    assert page.run("return document.activeElement.textContent") == "October Sky"


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/", "/?q=inspiring", "/?work=movie:contact", "/?list=saved", "/?for=me"])
def test_every_view_begins_with_a_link_to_its_content(page: Browser, path: str) -> None:
    page.open(path)
    page.one(VIEWS.get(path, ".card, #import-file, #profile-choices .feeling"))
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    skip = page.driver.switch_to.active_element
    assert skip.text == "Skip to the content"
    skip.send_keys(Keys.ENTER)
    page.wait(lambda: page.run("return document.activeElement.id") == "main")


@pytest.mark.browser
def test_a_slider_says_what_changed(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(page.titles)
    page.one("#adjust summary").click()
    page.wait(page.sliders)[0].send_keys(Keys.HOME)
    page.wait(lambda: page.parameters().get("weight") == ["E5:-1"])
    said = "much less inspiration: 27 works, best first"
    page.wait(lambda: page.one("#announce").get_attribute("textContent").startswith(said))


@pytest.mark.browser
def test_dialogs_close_with_escape_and_give_the_focus_back(page: Browser) -> None:
    page.resize(390)
    page.open("/?like=movie:contact")
    page.wait(page.titles)
    page.wait(lambda: page.all("#filters .chip"))
    page.one("#filters-toggle").send_keys(Keys.ENTER)
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.wait(lambda: page.driver.switch_to.active_element == page.one("#filters-toggle"))
    page.one("#liked .add").send_keys(Keys.ENTER)
    page.wait(lambda: page.all("dialog.choosing[open]"))
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)  # the first empties the box of the title
    page.wait(lambda: page.all("dialog.choosing") == [])
    assert page.parameters() == {"like": ["movie:contact"]}


@pytest.mark.browser
@pytest.mark.parametrize(
    "path", ["/", "/?q=inspiring but not too sad", "/?work=movie:interstellar", "/?list=saved", "/?for=me"]
)
def test_a_thumb_meets_targets_of_44_pixels(page: Browser, path: str) -> None:
    page.resize(390)
    page.open(path)
    page.one(VIEWS.get(path, ".card"))
    page.wait(lambda: page.one("#attributions").get_attribute("textContent"))
    small = """
      const inText = (each) => each.closest('p, .description, .facts, footer, .taxonomy, .examples') !== null;
      const touched = 'main button, main select, main summary, header a, header button, .actions a';
      return [...document.querySelectorAll(touched)]
        .filter((each) => each.checkVisibility() && !inText(each) && each.getBoundingClientRect().height < 43.5)
        .map((each) => `${each.className} ${each.textContent.slice(0, 30)} ${each.getBoundingClientRect().height}`)
    """
    assert page.run(small) == []


@pytest.mark.browser
def test_paper_shows_bars_and_marks_and_no_controls(page: Browser) -> None:
    page.open("/?q=inspiring")
    page.wait(page.titles)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert page.one(".card mark").is_displayed()
        assert page.one(".card .values .fill").rect["width"] > 0
        for part in ("#ask", ".beside", ".actions", "#adjust", "#order", ".plus", "header nav"):
            assert not page.one(part).is_displayed(), part
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.browser
def test_a_failed_answer_keeps_its_heading(page: Browser, search: FakeSearch) -> None:
    page.wait(lambda: page.all("#examples a"))
    search.failure = IndexMissing("no index was built yet")
    page.open("/?q=inspiring")
    page.wait(lambda: page.seen(".trouble"))
    assert page.one("#answer-title").text == "Works for “inspiring”"
    assert page.violations() == []
