"""Read a book's series and its place there from a title as Goodreads writes it: "Hyperion (Hyperion Cantos, #1)"."""

from __future__ import annotations

import re

from crawler.records import Series

_IN_BRACKETS = r"(?:[^#()]|\([^()]*\))"
_SUFFIX = re.compile(rf"\s*\((?P<name>{_IN_BRACKETS}+)#\s*(?P<place>[0-9.½](?:#|{_IN_BRACKETS})*)\)\s*$")
_POSITION = re.compile(r"(?P<whole>[0-9]{0,4})(?P<rest>\.[0-9]{1,2}|½)?(?P<further>\s*[-\u2013&,+/]\s*[0-9])?")


def plain_title(title: str) -> str:
    """Return a title without its series: "Hyperion" for "Hyperion (Hyperion Cantos, #1)"."""
    return _SUFFIX.sub("", title).strip() or title.strip()


def read_series(title: str) -> Series | None:
    """Return the series in the brackets at the end of a title; the first if there are several."""
    match = _SUFFIX.search(title)
    return make_series(match["name"], match["place"]) if match and match.start() else None


def make_series(name: str, place: str = "") -> Series | None:
    """Return a series by its name and what a source writes for the place: "1", "#0.5", "2½"; None without a name.

    A place that covers several volumes ("1-3"), or that is not a number, is left out.
    """
    name = " ".join(name.split()).strip(" ,:;")
    match = _POSITION.match(place.strip().lstrip("#").strip())
    if not name:
        return None
    if not match or match["further"] or not (match["whole"] or match["rest"]):
        return Series(name=name)
    rest = {"½": ".5", None: ""}.get(match["rest"], match["rest"])
    return Series(name=name, position=float(f"{match['whole'] or 0}{rest}"))
