"""The page in headless Chromium, against the service with a made-up catalogue."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from browsing import Browser, chromium, serving
from selenium import webdriver
from service_fakes import FakeSearch


@pytest.fixture(scope="session")
def driver() -> Iterator[webdriver.Chrome]:
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="module")
def search() -> FakeSearch:
    return FakeSearch()


@pytest.fixture(scope="module")
def address(search: FakeSearch) -> Iterator[str]:
    with serving(search) as address:
        yield address


@pytest.fixture
def page(driver: webdriver.Chrome, address: str, search: FakeSearch) -> Iterator[Browser]:
    browser = Browser(driver, address)
    browser.resize(1280)
    browser.open("/healthz")
    browser.run("localStorage.clear(); sessionStorage.clear()")
    browser.open()
    yield browser
    search.failure = None
    # A refusal of the service is a line in the console too, and so is a question to a server that a test has ended;
    # anything else there is a fault of the page.
    lines = [line["message"] for line in driver.get_log("browser")]
    refused = [line for line in lines if "ERR_CONNECTION_REFUSED" in line and address not in line]
    assert [line for line in lines if "the server responded with a status" not in line and line not in refused] == []
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert asked
    local = ("data:", "blob:", "chrome:")
    assert {urlsplit(url).hostname for url in asked if not url.startswith(local)} == {"127.0.0.1"}
