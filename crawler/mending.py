"""Read the fields of a line of a catalogue as what they mean, where people and programs often write them otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crawler.mojibake import is_garbled

GARBLED = "letters that were decoded wrongly (Ã© for é)"
NO_LENGTH = "a length of 0, which is unknown"
TEXT_FOR_LIST = "a text where a list should be"
NULL = "null where a text or a list should be"
NUMBER_FOR_ID = "a number where an id should be"

_LENGTHS = ("runtime_minutes", "page_count")
_LISTS = ("creators", "genres", "keywords", "countries", "reviews")
_NEVER_NULL = (*_LISTS, "description", "certificates", "ids")
_LISTED = ("genres", "keywords")
_BETWEEN = re.compile(r"\s*[,;|]\s*")


def mend_fields(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of a record as they are meant, and what was wrong with them.

    Garbled texts are named only, since every record cleans its texts. What is not known here is passed on, so that the
    record's own validation reports it.
    """
    mended = dict(fields)
    problems: list[str] = []
    for name in _LENGTHS:
        if mended.get(name) in (0, "0") and mended[name] is not False:
            del mended[name]
            problems.append(NO_LENGTH)
    for name in _NEVER_NULL:
        if name in mended and mended[name] is None:
            del mended[name]
            problems.append(NULL)
    for name in _LISTS:
        if name in mended:
            mended[name] = _mend_list(name, mended[name], problems)
    if _is_number(own := mended.get("source_id")):
        mended["source_id"] = str(own)
        problems.append(NUMBER_FOR_ID)
    if isinstance(ids := mended.get("ids"), dict):
        mended["ids"] = _mend_ids(ids, problems)
    if any(map(is_garbled, _texts(mended))):
        problems.append(GARBLED)
    return mended, list(dict.fromkeys(problems))


def _mend_list(name: str, values: Any, problems: list[str]) -> Any:
    if isinstance(values, str):
        problems.append(TEXT_FOR_LIST)
        values = list(filter(None, _BETWEEN.split(values) if name in _LISTED else [values.strip()]))
    if not isinstance(values, list):
        return values
    if None in values:
        problems.append(NULL)
    known = [value for value in values if value is not None]
    return [{"name": each} if isinstance(each, str) else each for each in known] if name == "creators" else known


def _mend_ids(ids: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    if None in ids.values():
        problems.append(NULL)
    if any(map(_is_number, ids.values())):
        problems.append(NUMBER_FOR_ID)
    return {name: str(own) if _is_number(own) else own for name, own in ids.items() if own is not None}


def describe_mended(mended: Mapping[str, int]) -> str:
    """Return what was wrong with how many records, the most frequent first."""
    ordered = sorted(mended.items(), key=lambda count: (-count[1], count[0]))
    return "; ".join(f"{n:,} with {what}" for what, n in ordered)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that people read."""
    for name in ("title", "original_title", "description", "genres", "keywords", "creators"):
        value = fields.get(name)
        values: Iterable[Any] = value if isinstance(value, list) else [value]
        for each in values:
            text = each.get("name") if isinstance(each, dict) else each
            if isinstance(text, str):
                yield text
