"""Cursors: where the next page of an answer begins, in a form that a caller passes back unread. Pure.

An answer ranks its first MAX_WINDOW works. The works behind them come in the order of their points' ids: to rank them
too would cost more with each page, and nobody reads so far.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import NamedTuple

from search_api.errors import RequestRefused

MAX_WINDOW = 1_000
"""How many works of an answer are ranked, and can be asked for by offset and limit."""


class Cursor(NamedTuple):
    """The place of a page: how many works come before it, and beyond the window the point that it begins with."""

    offset: int
    point: int | None = None


def write_cursor(cursor: Cursor) -> str:
    """Return a cursor as text for a URL."""
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """Return the cursor that a text has.

    Raises:
        RequestRefused: It is not one that `write_cursor` wrote.
    """
    try:
        offset, point = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        is_read = type(offset) is int and 0 <= offset < 2**63 and (type(point) is int or point is None)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        is_read = False
    if not is_read or (point is None and offset >= MAX_WINDOW) or (point is not None and not 0 <= point < 2**64):
        raise RequestRefused("cursor", "is not the cursor of a page; leave it out to begin with the first page")
    return Cursor(offset, point)
