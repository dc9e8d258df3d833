"""The key of a Qdrant server is not sent across a public network in silence."""

from __future__ import annotations

import warnings
from contextlib import closing

import pytest

from indexer.engine import open_engine
from indexer.engine.clear_text import is_private


def test_a_key_for_a_public_address_over_http_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with closing(open_engine("http://qdrant.example.org:6333", api_key="k")):  # connects at the first request
            pass
    (line,) = (record.getMessage() for record in caplog.records if "EVOKE" in record.getMessage())
    assert line.startswith("EVOKE_QDRANT_API_KEY is sent to qdrant.example.org in clear text: use an https:// address")


@pytest.mark.parametrize("url", ["http://qdrant:6333", "http://127.0.0.1:6333", "https://qdrant.example.org:6333"])
def test_a_key_for_a_private_network_or_over_https_is_not(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings(record=True) as warned, closing(open_engine(url, api_key="k")):
        pass
    assert (warned, caplog.records) == ([], [])


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("10.0.4.7", True),
        ("fd00::1", True),
        ("qdrant.evoke.internal", True),
        ("8.8.8.8", False),
        ("cloud.qdrant.io", False),
    ],
)
def test_a_private_host_is_known_by_its_address_or_name(host: str, private: bool) -> None:
    assert is_private(host) is private
