"""The keys by which a taste file and a table of ratings name works: external ids, then title and year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from indexer.name_keys import name_key


def work_keys(kind: str, ids: Mapping[str, str], titles: Iterable[str], year: int | None) -> Iterator[str]:
    """Yield the keys of a work, surest first: `imdb:tt0133093`, then `movie:matrix:1999`.

    Args:
        kind: "movie" or "book".
        ids: External ids by name, as a work has them.
        titles: Its title, then other titles that it has.
        year: Its year; without one it has no key of title and year.
    """
    for name in sorted(ids):
        yield f"{name}:{ids[name]}"
    if year is not None:
        for key in dict.fromkeys(map(name_key, titles)):
            if key:
                yield f"{kind}:{key}:{year}"
