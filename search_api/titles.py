"""Choose the works that a person names by title, and say where that is not plain. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from indexer.name_keys import name_key, straight_title
from search_api.plain_words import describe_reference
from search_api.records import Suggestion, WorkReference

MOST_OTHERS = MOST_SUGGESTED = 3


class Found(NamedTuple):
    """The ids of works that were found, and notes on names that were not, or that several works have."""

    ids: tuple[str, ...]
    notes: tuple[str, ...]


def choose_titles(
    titles: Iterable[str],
    find: Callable[[str], Sequence[WorkReference]],
    suggest: Callable[[str, int], Sequence[Suggestion]],
) -> Found:
    """Return the work that each title means, the best-known one, with a note where that is not plain.

    Args:
        titles: Titles or ids, as a person wrote them.
        find: Returns the works that a title may mean, best known first.
        suggest: Returns at most so many works whose title resembles a text.
    """
    ids: list[str] = []
    notes: list[str] = []
    for title in titles:
        works = find(title)
        if not works:
            near = ", ".join(map(name_with_id, suggest(title, MOST_SUGGESTED)))
            notes.append(f"“{title}” is no title in this catalogue{f' (similar: {near})' if near else ''}")
            continue
        work, *others = works
        ids.append(work.id)
        if others:
            listed = ", ".join(map(name_with_id, others[:MOST_OTHERS]))
            more = ", ..." if len(others) > MOST_OTHERS else ""
            notes.append(f"“{title}” was taken for {name_with_id(work)}; others: {listed}{more}; an id names one")
        elif title != work.id and not _is_title(title, work):
            notes.append(f"“{title}” was taken for {name_with_id(work)}")
    return Found(tuple(dict.fromkeys(ids)), tuple(notes))


def _is_title(text: str, work: WorkReference) -> bool:
    """Return whether a text is the title of a work, perhaps with its year: case, accents and articles do not matter."""
    key = name_key(straight_title(work.title))
    return name_key(straight_title(text)) in (key, f"{key}{work.year}")


def name_with_id(work: WorkReference | Suggestion) -> str:
    """Return a work's title, kind, year and id: "Heat (film, 1995) mine:heat"."""
    return f"{describe_reference(work)} {work.id}"
