"""Keep answers, because requests are repeated: people page back, reload, and follow each other's links."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class AnswerCache(Generic[T]):
    """The `size` answers that were used last, by their keys. Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._answers: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Return the answer for a key; None when it is not kept."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: Hashable, answer: T) -> None:
        """Keep an answer; when there are too many, forget the one that was used longest ago."""
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)

    def get_or_make(self, key: Hashable, answer: Callable[[], T]) -> T:
        """Return the answer for a key; if it is not kept, make it with `answer` and keep it."""
        known = self.get(key)
        if known is not None:
            return known
        made = answer()  # outside the lock: two equal requests at once both make it, and no other request waits
        self.put(key, made)
        return made
