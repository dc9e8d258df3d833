"""Answers kept for whoever asks the same again: people page back, reload, and follow each other's links."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class AnswerCache(Generic[T]):
    """The answers asked for last, at most `size` of them, by their questions. Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._answers: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: Hashable) -> T | None:
        """Gives the answer to a question, None where it is not known."""
        with self._lock:
            if question in self._answers:
                self._answers.move_to_end(question)
            return self._answers.get(question)

    def put(self, question: Hashable, answer: T) -> None:
        """Keeps an answer, and forgets the one asked for longest ago where there are too many."""
        with self._lock:
            self._answers[question] = answer
            self._answers.move_to_end(question)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)

    def recall(self, question: Hashable, answer: Callable[[], T]) -> T:
        """Gives the answer to a question, made by `answer` where it is not known."""
        known = self.get(question)
        if known is not None:
            return known
        made = answer()  # outside of the lock: two who ask at once both make it, and nobody else waits
        self.put(question, made)
        return made
