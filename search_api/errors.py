"""What can go wrong between a request and its answer.

SearchError
├── RequestRefused       a field of the request cannot be used; the error names it
├── WorkNotFound         no work has this id
├── QueryAdapterInvalid  the query adapter cannot be read
├── ReaderInvalid        the reader, which labels the words of a request, cannot be read
├── TuningInvalid        a tuning file cannot be read, or was not written by `evoke tune`
├── IndexUnavailable     there is no index that this code can read
│   ├── IndexMissing         no index was built yet
│   └── IndexIncompatible    the index was built with another model, schema or taxonomy
└── ServiceUnavailable   the service cannot answer this request now
    ├── TooManyRequests      as many requests as the service takes at once are in progress
    ├── TookTooLong          the answer was not ready by the deadline
    ├── SearchProcessFailed  a search process cannot start
    ├── SearchProcessEnded   the search process ended before it had answered
    └── FeedbackNotKept      the file of feedback cannot be written

Errors travel from the search processes of the service to its front process, so each can be pickled.
"""

from __future__ import annotations


class SearchError(Exception):
    """An error of this stage. Its message is one line for a person."""


class RequestRefused(SearchError):
    """A field of the request cannot be used. `field` is its path in the request: `filters.values.E99`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self._message = message

    def __reduce__(self) -> tuple[type[RequestRefused], tuple[str, str]]:
        return type(self), (self.field, self._message)


class WorkNotFound(SearchError):
    """No work has this id."""

    def __init__(self, work_id: str) -> None:
        super().__init__(f"no work has the id {work_id!r}")
        self.work_id = work_id

    def __reduce__(self) -> tuple[type[WorkNotFound], tuple[str]]:
        return type(self), (self.work_id,)


class QueryAdapterInvalid(SearchError):
    """The query adapter cannot be read."""


class ReaderInvalid(SearchError):
    """The reader, which labels the words of a request, cannot be read."""


class TuningInvalid(SearchError):
    """A tuning file cannot be read, or was not written by `evoke tune`."""


class IndexUnavailable(SearchError):
    """There is no index that this code can read."""


class IndexMissing(IndexUnavailable):
    """No index was built yet."""


class IndexIncompatible(IndexUnavailable):
    """The index was built with another model, schema or taxonomy."""


class ServiceUnavailable(SearchError):
    """The service cannot answer this request now."""


class TooManyRequests(ServiceUnavailable):
    """As many requests as the service takes at once are in progress."""


class TookTooLong(ServiceUnavailable):
    """The answer was not ready by the deadline."""


class SearchProcessFailed(ServiceUnavailable):
    """A search process cannot start."""


class SearchProcessEnded(ServiceUnavailable):
    """The search process ended before it had answered."""


class FeedbackNotKept(ServiceUnavailable):
    """The file of feedback cannot be written."""
