"""A language model as the reader of requests: an OpenAI-compatible chat endpoint, asked once for each text.

The built-in reader answers where the endpoint fails, is late, or answers something else than a reading.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import date
from threading import Thread
from typing import Any, TypeVar

import httpx
from pydantic_core import from_json

from indexer.values.taxonomy import Taxonomy
from search_api.account import note
from search_api.answer_cache import AnswerCache
from search_api.records import Intent
from search_api.settings import SearchSettings
from search_api.understanding.intent import MOST_READ_CHARACTERS
from search_api.understanding.merging import KnownHere, merge_reading, needs_model
from search_api.understanding.reading import Reading, hold_to_schema, reading_schema, write_instructions

MOST_BYTES = 256 * 1024
"""The most bytes of an answer. A reading has about 1 kB."""

MOST_FAILURES, PAUSE_SECONDS = 3, 30.0
"""After so many failures in a row the endpoint is left alone for so long: each text would wait for it in vain. Then one
text tries again."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class NotRead(Exception):
    """The endpoint did not read a request. The message says why, and has no part of the request or the address."""


class LeftAlone(NotRead):
    """The endpoint was not asked, since it failed several times in a row."""


class ModelReader:
    """Reads requests by a chat endpoint. Thread-safe."""

    def __init__(self, settings: SearchSettings, taxonomy: Taxonomy, n_cached: int) -> None:
        """Set up a reader.

        Args:
            settings: The endpoint, and how long it may take.
            taxonomy: The values and tags that can be asked for.
            n_cached: The most readings that are kept.
        """
        self._url = f"{(settings.reader_url or '').rstrip('/')}/chat/completions"
        self._model = settings.reader_model
        self._seconds = settings.reader_seconds
        self._taxonomy = taxonomy
        self._schema = reading_schema(taxonomy)
        self._readings: AnswerCache[tuple[Reading, list[str]]] = AnswerCache(n_cached, name="readings")
        key = settings.reader_api_key
        # An answer that is not compressed cannot grow when it is read.
        headers = {"Accept-Encoding": "identity"} | (
            {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        )
        self._client = httpx.Client(headers=headers, timeout=self._seconds)
        self._n_failures = 0
        self._left_alone_until = float("-inf")

    def close(self) -> None:
        """Close the connections to the endpoint."""
        self._client.close()

    def complete(self, own: Intent, text: str, today: date, here: KnownHere) -> Intent:
        """Return the intent of a text, read by the model too; if that fails, the built-in reader's, with a note.

        Args:
            own: What the built-in reader read.
            text: The request.
            today: The day from which "the past ten years" is counted.
            here: What the model's reading is resolved against.
        """
        if not needs_model(text, own, self._taxonomy, here.names):
            return own
        asked = text[:MOST_READ_CHARACTERS]
        try:
            reading, misfits = self._readings.get_or_make((asked, today), lambda: self._try(asked, today))
        except NotRead as error:
            level = logging.DEBUG if isinstance(error, LeftAlone) else logging.WARNING
            logger.log(level, "the built-in reader answers, since the language model %s", error)
            note("model_failed")
            return own.model_copy(update={"reader_notes": (f"read by rules, since the language model {error}",)})
        return merge_reading(own, reading, text, here, misfits)

    def _try(self, text: str, today: date) -> tuple[Reading, list[str]]:
        """Return the model's reading of a text, as `_read` does, unless the endpoint is left alone.

        Raises:
            NotRead: As for `_read`; `LeftAlone` if it was not asked.
        """
        if time.monotonic() < self._left_alone_until:
            raise LeftAlone(f"is left alone for {PAUSE_SECONDS:g} s after {self._n_failures} failures in a row")
        try:
            read = self._read(text, today)
        except NotRead:
            self._n_failures += 1
            if self._n_failures >= MOST_FAILURES:
                self._left_alone_until = time.monotonic() + PAUSE_SECONDS
                logger.warning(
                    "the language model is left alone for %g s: it failed %s times in a row",
                    PAUSE_SECONDS,
                    self._n_failures,
                )
            raise
        self._n_failures = 0
        return read

    def _read(self, text: str, today: date) -> tuple[Reading, list[str]]:
        """Return the model's reading of a text, and the parts of its answer that do not fit one.

        Raises:
            NotRead: The endpoint fails, is late, or answers something else.
        """
        request = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": write_instructions(self._taxonomy, today)},
                {"role": "user", "content": text},
            ],
            "temperature": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "reading", "strict": True, "schema": self._schema},
            },
        }
        try:
            # The timeouts of an HTTP client are for each read, so an endpoint that sends byte by byte would keep us.
            body = within(self._seconds, lambda: self._post(request))
        except (TimeoutError, httpx.TimeoutException):
            raise NotRead(f"did not answer within {self._seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise NotRead("cannot be reached") from None
        reading, misfits = hold_to_schema(_read_document(body))
        if misfits and reading == Reading():
            raise NotRead("answered something that is not a reading")
        return reading, misfits

    def _post(self, request: Mapping[str, Any]) -> bytes:
        ends = time.monotonic() + self._seconds
        body = bytearray()
        with self._client.stream("POST", self._url, json=request) as response:
            if response.status_code != httpx.codes.OK:
                raise NotRead(f"answered with the HTTP status {response.status_code}")
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise NotRead(f"answered with more than {MOST_BYTES // 1024} kB")
                if time.monotonic() > ends:
                    raise TimeoutError
        return bytes(body)


def within(seconds: float, make: Callable[[], T]) -> T:
    """Return what `make` returns; it runs in a thread of its own, which is left behind if it takes too long.

    Raises:
        TimeoutError: It takes longer.
    """
    made: Future[T] = Future()
    Thread(target=_settle, args=(made, make), daemon=True).start()
    return made.result(timeout=seconds)


def _settle(made: Future[T], make: Callable[[], T]) -> None:
    try:
        made.set_result(make())
    except Exception as error:  # noqa: BLE001 - the one who waits gets it
        made.set_exception(error)


def _read_document(body: bytes) -> dict[str, Any]:
    """Return the JSON object in the message of an answer.

    Raises:
        NotRead: There is none.
    """
    try:
        content = from_json(body)["choices"][0]["message"]["content"]
        # Endpoints that ignore the schema may put words or a fence around the object.
        document = from_json(content[content.index("{") : content.rindex("}") + 1])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        document = None
    if not isinstance(document, dict):
        raise NotRead("answered something that is not a reading")
    return document
