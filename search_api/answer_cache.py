"""Keep answers, because requests are repeated: people page back, reload, and follow each other's links."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from search_api.account import note

T = TypeVar("T")


class AnswerCache(Generic[T]):
    """The answers that were used last, by their keys. Thread-safe.

    Args:
        size: The most answers that are kept.
        most_bytes: The most bytes that they take together.
        bytes_of: Returns the bytes of an answer; None: they do not count.
        name: The name under which the account of a call counts what was found and missed; None: it does not.
    """

    def __init__(
        self,
        size: int,
        most_bytes: float = math.inf,
        bytes_of: Callable[[T], int] | None = None,
        name: str | None = None,
    ) -> None:
        self._name = name
        self._size = size
        self._most_bytes = most_bytes
        self._bytes_of = bytes_of
        self._n_bytes = 0
        self._answers: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Return the answer for a key; None when it is not kept."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            known = self._answers.get(key)
        if self._name:
            note(f"{self._name}_{'missed' if known is None else 'found'}")
        return known

    def put(self, key: Hashable, answer: T) -> None:
        """Keep an answer; when they are too many, forget those that were used longest ago."""
        with self._lock:
            if key in self._answers:
                self._n_bytes -= self._measure(self._answers.pop(key))
            self._answers[key] = answer
            self._n_bytes += self._measure(answer)
            while len(self._answers) > self._size or self._n_bytes > self._most_bytes:
                _, forgotten = self._answers.popitem(last=False)
                self._n_bytes -= self._measure(forgotten)

    def _measure(self, answer: T) -> int:
        return self._bytes_of(answer) if self._bytes_of else 0

    def get_or_make(self, key: Hashable, answer: Callable[[], T]) -> T:
        """Return the answer for a key; if it is not kept, make it with `answer` and keep it."""
        known = self.get(key)
        if known is not None:
            return known
        made = answer()  # outside the lock: two equal requests at once both make it, and no other request waits
        self.put(key, made)
        return made
