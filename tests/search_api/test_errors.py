"""The errors of search."""

import pickle
from collections.abc import Iterator

import pytest

from search_api.errors import RequestRefused, SearchError, WorkNotFound


def kinds(kind: type[SearchError] = SearchError) -> Iterator[type[SearchError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == "search_api.errors":
            yield from kinds(child)


ERRORS = [
    RequestRefused("filters.values.E99", "no value has this id"),
    WorkNotFound("movie:none"),
    *(kind("one line") for kind in kinds() if kind not in {RequestRefused, WorkNotFound}),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_between_two_processes(error: SearchError) -> None:
    received = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(received) is type(error)
    assert str(received) == str(error)
    assert vars(received) == vars(error)
