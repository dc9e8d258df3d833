"""Read the genres that a query asks for and against, by the catalogue's own names; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping
from functools import lru_cache

from search_api.records import Choice
from search_api.understanding.phrases import BOOK_NOUNS, MOVIE_NOUNS, NOUNS, word_set
from search_api.understanding.query import PhraseMatch, Query, Span, find_phrases

# --- words ---


def _with_nouns(*words: str) -> tuple[str, ...]:
    """Return each word before each noun for a work: "war" alone is a theme, "a war film" asks for the genre."""
    return tuple(f"{word} {noun}" for word in words for noun in (*MOVIE_NOUNS, *BOOK_NOUNS))


Names = tuple[str, ...]
GENRES: tuple[tuple[Names, tuple[Names, ...]], ...] = (
    ((*_with_nouns("action"), "action thriller", "action thrillers", "action comedy"), (("action",),)),
    (_with_nouns("adventure"), (("adventure",),)),
    (("animation", "animations", "cartoon", "cartoons", *_with_nouns("animated", "animation")), (("animation",),)),
    (("biography", "biographies"), (("biography",),)),
    (("comedy", "comedies"), (("comedy", "humor", "humour"),)),
    ((*_with_nouns("crime"), "crime drama", "crime thriller", "crime fiction"), (("crime",),)),
    (("documentary", "documentaries"), (("documentary",),)),
    (("drama", "dramas"), (("drama",),)),
    (("family film", "family films", "family movie", "family movies"), (("family",),)),
    (("fantasy", "fantasies"), (("fantasy",),)),
    (("graphic novel", "graphic novels"), (("graphic novels", "comics"),)),
    (("history book", "history books"), (("history",),)),
    (("horror", "horrors"), (("horror",),)),
    (("memoir", "memoirs"), (("memoir",),)),
    (("musical", "musicals"), (("music", "musical"),)),
    (("mystery", "mysteries", "whodunit", "whodunits"), (("mystery",),)),
    (("nonfiction", "non fiction"), (("non fiction", "nonfiction"),)),
    (("poetry", "poems"), (("poetry",),)),
    (("romance", "romances"), (("romance",),)),
    (("rom com", "rom coms", "romcom", "romcoms", "romantic comedy", "romantic comedies"), (("romance",), ("comedy",))),
    (("sci fi", "scifi", "science fiction"), (("science fiction", "sci fi"),)),
    (("short stories", "short story collection"), (("short stories",),)),
    (("thriller", "thrillers"), (("thriller",),)),
    (_with_nouns("war"), (("war",),)),
    (("western", "westerns"), (("western",),)),
    (("ya", *_with_nouns("ya")), (("young adult",),)),
)
"""People's words for a genre, and the names of catalogues. With two groups of names, a work needs one of each group."""

MAY_FOLLOW_GENRE = word_set(
    "about and at based but by directed for from in involving is like made no not or over please set similar starring "
    "that this to under unlike we where which who with without written"
)
"""Words that may follow a genre that is asked for. Punctuation and nouns for works may follow too.

So neither "western civilisation" nor "a mystery man" asks for a genre.
"""

# --- reading ---


@lru_cache(maxsize=8)
def _genre_phrases(genres: frozenset[str]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Return `GENRES` by people's words, with the names that the catalogue has; genres that it lacks are left out."""
    named: dict[str, list[str]] = {}
    # Filters ignore case, so one of the names that differ only in case is enough.
    for name in sorted({name.casefold(): name for name in sorted(genres, reverse=True)}.values()):
        named.setdefault(" ".join(re.split(r"[\s_-]+", name.casefold())).strip(), []).append(name)
    groups_by_phrase: dict[str, tuple[tuple[str, ...], ...]] = {
        spoken: (tuple(names),) for spoken, names in named.items() if " " in spoken
    }
    for spoken, groups in GENRES:
        catalogue = tuple(tuple(name for key in group for name in named.get(key, ())) for group in groups)
        if all(catalogue):
            groups_by_phrase |= dict.fromkeys(spoken, catalogue)
    return groups_by_phrase


def read_genres(query: Query, genres: Collection[str]) -> tuple[Choice | None, list[Span]]:
    """Return the genres asked for and against, by the catalogue's names, and the spans of the unwanted ones."""
    known = _genre_phrases(frozenset(genres))
    asked: list[PhraseMatch] = []
    unwanted: list[str] = []
    spans = []
    for phrase in find_phrases(query, known):
        if phrase.weight <= -1 and query.part(query.tokens[phrase.start].start) == "request":
            unwanted += [name for names in known[phrase.words] for name in names]
            spans.append(query.span(phrase.start, phrase.last))
        elif phrase.weight > 0 and _is_genre_request(query, phrase, known):
            asked.append(phrase)
    if not asked and not unwanted:
        return None, []
    wanted = list(dict.fromkeys(names for phrase in asked for names in known[phrase.words]))
    if len(wanted) == 1 or (len(asked) > 1 and re.search(r"\bor\b|/", query.text, re.IGNORECASE)):
        return Choice(any=tuple(name for names in wanted for name in names), none=tuple(unwanted)), spans
    # A Choice has one list of alternatives (`any`), so a second genre with several names stays in the text.
    several = [names for names in wanted if len(names) > 1]
    one_each = tuple(names[0] for names in wanted if len(names) == 1)
    return Choice(any=several[0] if several else (), all=one_each, none=tuple(unwanted)), spans


def _is_genre_request(query: Query, phrase: PhraseMatch, known: Container[str]) -> bool:
    """Return whether the name of a genre asks for works of that genre."""
    if not query.precedes_complements(query.tokens[phrase.first].start):
        return False
    if query.word(phrase.first - 1) in ("of", "the", "by", "anti"):  # "the mystery of", "anti-war"
        return False
    if not query.joined(phrase.last):
        return True
    following = query.word(phrase.last + 1)
    return following in MAY_FOLLOW_GENRE or following in NOUNS or following in known
