"""Hide an optional module from a library that would import it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import Any


@contextmanager
def hide_module(module: str) -> Iterator[None]:
    """Make a module look missing to the imports of this thread inside the `with` block."""
    hidden = _Hidden(module, threading.get_ident())
    sys.meta_path.insert(0, hidden)
    try:
        yield
    finally:
        sys.meta_path.remove(hidden)


class _Hidden(MetaPathFinder):
    """A finder that reports one module as missing to one thread; other threads can import it."""

    def __init__(self, module: str, thread: int) -> None:
        self._module = module
        self._thread = thread

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: ARG002 - the signature of MetaPathFinder
        """Refuse the hidden module; leave every other module to the next finders.

        Raises:
            ModuleNotFoundError: The hidden module is imported by the thread it is hidden from.
        """
        if fullname == self._module and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is hidden here", name=fullname)
