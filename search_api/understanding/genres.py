"""Read the genres that a query asks for and against, by the catalogue's own names; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crawler.records import Kind
from indexer.name_keys import common_words
from search_api.records import Choice
from search_api.understanding.phrase_table import PhraseHit, PhraseTable
from search_api.understanding.phrases import BOOK_NOUNS, MOVIE_NOUNS, NOUNS, any_case, word_set
from search_api.understanding.query import Query, Span
from search_api.understanding.scope import Polarity, Scope, list_polarity
from search_api.understanding.token_labels import TokenLabels

# --- words ---


def _with_nouns(*words: str) -> tuple[str, ...]:
    """Return each word before each noun for a work: "war" alone is a theme, "a war film" asks for the genre."""
    return tuple(f"{word} {noun}" for word in words for noun in (*MOVIE_NOUNS, *BOOK_NOUNS))


def _with_movie_nouns(*words: str) -> tuple[str, ...]:
    return tuple(f"{word} {noun}" for word in words for noun in MOVIE_NOUNS)


def _with_book_nouns(*words: str) -> tuple[str, ...]:
    return tuple(f"{word} {noun}" for word in words for noun in BOOK_NOUNS)


Names: TypeAlias = tuple[str, ...]
CatalogueGenres: TypeAlias = Collection[str] | Mapping[Kind, Collection[str]]
"""The names of genres in a catalogue, for all works or for each kind."""


LEAST_LETTERS_OF_SLIP = 6
"""A shorter name of a genre with a slip is too often another word: "dram" may be "drama"."""


class Genre(NamedTuple):
    """People's words for a genre, and the names of catalogues.

    With two groups of names, a work needs one of each group. A genre of one `kind` says the kind of work too: only
    films are documentaries.
    """

    spoken: tuple[str, ...]
    groups: tuple[Names, ...]
    kind: Kind | None = None


_SCIENCE_FICTION = ("science fiction", "sci fi", "scifi")
_COMEDY = ("comedy", "humor", "humour")
GENRES: tuple[Genre, ...] = (
    Genre((*_with_nouns("action"), "action thriller", "action thrillers", "action comedy"), (("action",),)),
    Genre(("action",), (("action",),)),
    Genre(_with_nouns("adventure"), (("adventure",),)),
    Genre(("adventure",), (("adventure",),)),
    Genre(("crime",), (("crime",),)),
    Genre(
        (
            *("animation", "animations", "cartoon", "cartoons", "cartoony", "anime", "animes", "animated"),
            *_with_nouns("animated", "animation", "cartoon", "anime"),
        ),
        (("animation", "animated"),),
        "movie",
    ),
    Genre(("biography", "biographies"), (("biography",),)),
    Genre(("business book", "business books"), (("business",),), "book"),
    Genre(("biopic", "biopics", *_with_movie_nouns("biographical")), (("biography",),), "movie"),
    Genre(("comedy", "comedies"), (_COMEDY,)),
    Genre((*_with_nouns("crime"), "crime drama", "crime thriller", "crime fiction", "crime stories"), (("crime",),)),
    Genre(_with_movie_nouns("disaster"), (("disaster",),), "movie"),
    Genre(
        (
            "documentary",
            "documentaries",
            "docu",
            "docus",
            "docs",
            "doc",
            "docuseries",
            *_with_movie_nouns("documentary"),
        ),
        (("documentary",),),
        "movie",
    ),
    Genre(("drama", "dramas"), (("drama",),)),
    Genre(("family film", "family films", "family movie", "family movies"), (("family",),)),
    Genre(("fantasy", "fantasies"), (("fantasy",),)),
    Genre(("film noir", "films noirs", "film noirs"), (("noir", "film noir"),), "movie"),
    Genre(("graphic novel", "graphic novels", "comics", "manga"), (("graphic novels", "comics"),), "book"),
    Genre(("history book", "history books"), (("history",),), "book"),
    Genre(("historical fiction",), (("historical fiction", "historical"),), "book"),
    Genre(("fiction", "novels", "novel"), (("fiction",),)),
    Genre(_with_movie_nouns("historical", "history"), (("historical", "history"),), "movie"),
    Genre(_with_book_nouns("historical"), (("historical fiction", "historical"),), "book"),
    Genre(("horror", "horrors"), (("horror",),)),
    Genre(("horror comedy", "comedy horror", "horror comedies"), (("horror",), _COMEDY)),
    Genre(("kung fu", "martial arts", *_with_movie_nouns("kung fu", "martial arts", "karate")), (("martial arts",),)),
    Genre(("memoir", "memoirs", "autobiography", "autobiographies"), (("memoir",),), "book"),
    Genre(("musical", "musicals"), (("musical", "music"),), "movie"),
    Genre(("mystery", "mysteries", "whodunit", "whodunits", "whodunnit", "whodunnits"), (("mystery",),)),
    Genre(("nonfiction", "non fiction"), (("non fiction", "nonfiction"),), "book"),
    Genre(("noir", "noirs", *_with_nouns("noir")), (("noir", "film noir"),)),
    Genre(("philosophy book", "philosophy books"), (("philosophy",),), "book"),
    Genre(("poetry", "poems", "book of poems"), (("poetry",),), "book"),
    Genre(
        (
            "popular science",
            "pop science",
            "pop sci",
            "popular science book",
            "popular science books",
            "science book",
            "science books",
            "pop science book",
            "pop science books",
        ),
        (("science",),),
        "book",
    ),
    Genre(("psychology book", "psychology books"), (("psychology",),), "book"),
    Genre(("romance", "romances"), (("romance",),)),
    Genre(
        ("rom com", "rom coms", "romcom", "romcoms", "romantic comedy", "romantic comedies", "rom-coms"),
        (("romance",), _COMEDY),
    ),
    Genre(
        ("sci fi", "scifi", "science fiction", "sf", "sci fy", "scify", "si fi", *_with_nouns("sci fi", "sf")),
        (_SCIENCE_FICTION,),
    ),
    Genre(("short stories", "short story collection", "short story collections"), (("short stories",),), "book"),
    Genre(("silent film", "silent films", "silent movie", "silent movies", "silents"), (("silent",),), "movie"),
    Genre(("slasher", "slashers"), (("slasher",),)),
    Genre((*_with_movie_nouns("sports", "sport"), "sports drama", "sports dramas"), (("sports", "sport"),), "movie"),
    Genre(
        (*_with_nouns("spy"), "spy thriller", "spy thrillers", "spy story", "spy stories", "espionage thriller"),
        (("spy",),),
    ),
    Genre(("superhero", "superheroes", *_with_nouns("superhero", "super hero")), (("superhero",),)),
    Genre(("thriller", "thrillers"), (("thriller",),)),
    Genre((*_with_nouns("war"), "war picture", "war pictures", "war drama", "war dramas"), (("war",),)),
    Genre(("western", "westerns", "spaghetti western", "spaghetti westerns"), (("western",),)),
    Genre(("ya", *_with_nouns("ya", "young adult")), (("young adult",),), "book"),
)

_NOT_SPOKEN = frozenset(
    (
        "coming of age",
        "tv movie",
        "live action",
        "general fiction",
        "adult fiction",
        "science fiction fantasy",
        "new adult",
    )
)
"""Names of catalogues that say something else in a request, or nothing."""
_ONLY_REFUSED = word_set("superhero superheroes animated cartoony fiction novel novels")
"""Words that refuse a genre ("nothing animated", "no fiction"), but alone do not ask for it."""
_BARE = word_set("action adventure crime")
"""Genres that are themes as well: asked for only where they stand alone ("comedy or action, please")."""
_BARE_BEFORE = any_case(r"(?:^|[.;:!?(/]|\b(?:or|good|some|an?)|\d0s,?)\s*$")
_BARE_AFTER = any_case(r"\s*(?:$|[.;:!?)/,]|or\b|please\b|pls\b|from\b)")
_RESTRICTS = word_set("about from with where that which set by like whose who")
"""Words after a refused genre that refuse a part of it only: "no westerns about gold"."""
ANIME = frozenset(("anime", "animes"))
"""Animation of Japan. Who wants no anime may still want a cartoon, so a refusal says nothing of the genre."""
NOVELS = word_set("novel novels novella novellas fiction")
_NON_FICTION = ("non fiction", "nonfiction")

MAY_FOLLOW_GENRE = word_set(
    "about and anthology anyone at based collection collections epic only saga series shows show but by directed "
    "ever exist for from going i if in instead involving is like made no not on ones or over plenty please pls "
    "plz rec recs recommendation recommendations set similar since starring suggestion suggestions thanks that "
    "this to tonight too under unlike we where which who with without written you fan fans night question cinema "
    "ideas"
)
"""Words that may follow a genre that is asked for. Punctuation and nouns for works may follow too.

So neither "western civilisation" nor "a mystery man" asks for a genre.
"""
_OF_A_TIME = any_case(
    r" of (?:all time|the (?:past|last|\d|'?\d)|\d|(?:that|this|the) (?:kind|sort|type|era"
    r"|period)\b)"
)
_NOT_BEFORE = word_set("of the by anti my his her their our your its")
"""Words before a genre that make it part of something else: "the mystery of", "anti-war", "my drama"."""

_MAY_PRECEDE_OF = word_set("volume book books collection kind sort type piece bit mix lot lots")

# --- the names of a catalogue ---


class _Known(NamedTuple):
    """One way to say a genre that a catalogue has: its names for works of any kind, and of each kind."""

    words: str
    groups: Mapping[Kind | None, tuple[Names, ...]]
    kind: Kind | None


_KINDS: tuple[Kind, ...] = ("movie", "book")


def _names_by_words(genres: Collection[str]) -> dict[str, list[str]]:
    """Return the catalogue's names by their words. Filters ignore case, so one of those that differ only in case."""
    named: dict[str, list[str]] = {}
    for name in sorted({name.casefold(): name for name in sorted(genres, reverse=True)}.values()):
        named.setdefault(" ".join(re.split(r"[\s_-]+", name.casefold())).strip(), []).append(name)
    return named


@lru_cache(maxsize=8)
def _genre_table(genres: frozenset[tuple[Kind | None, str]]) -> PhraseTable[_Known]:
    """Return `GENRES` by people's words, with the names that the catalogue has; genres that it lacks are left out.

    Args:
        genres: The kind of work and the name of each genre; the kind is None for a genre of either.
    """
    by_kind = {kind: _names_by_words([name for of, name in genres if of in (None, kind)]) for kind in (None, *_KINDS)}
    by_kind[None] = _names_by_words([name for _, name in genres])
    table: dict[str, _Known] = {}
    for words in by_kind[None]:
        if " " in words and words not in _NOT_SPOKEN:
            known = _Known(words, {kind: (tuple(names.get(words, ())),) for kind, names in by_kind.items()}, None)
            table |= dict.fromkeys((words, f"{words}s", words.removesuffix("s")), known)
    for genre in GENRES:
        groups = {
            kind: tuple(tuple(name for key in group for name in names.get(key, ())) for group in genre.groups)
            for kind, names in by_kind.items()
        }
        if all(groups[None]):
            table |= {words: _Known(words, groups, genre.kind) for words in genre.spoken}
    return PhraseTable(table)


def _flatten(genres: CatalogueGenres) -> frozenset[tuple[Kind | None, str]]:
    if isinstance(genres, Mapping):
        return frozenset((kind, name) for kind, names in genres.items() for name in names)
    return frozenset((None, name) for name in genres)


# --- reading ---

SURE_OF_CONTRARY = 0.5
"""The probability of a label from which it overrules the words around the name of a genre."""
SURE_OF_TALK = 0.9
"""The probability of "other" from which the name of a genre asks for nothing, unless it is a noun for works, such as
"documentary"."""


class Genres(NamedTuple):
    """The genres asked for and against, and the spans of the unwanted ones.

    `kind` is the kind of work that a wanted genre says ("documentary"); `is_anime` that one is the animation of Japan.
    """

    choice: Choice | None
    denied_spans: list[Span]
    kind: Kind | None = None
    is_anime: bool = False


def read_genres(
    query: Query,
    genres: CatalogueGenres,
    kind: Kind | None = None,
    scope: Scope | None = None,
    labels: TokenLabels | None = None,
) -> Genres:
    """Return the genres asked for and against, by the catalogue's names.

    A genre is asked for by the names that works of the asked kind have; where no kind is asked for, it needs a name
    for films and one for books, else the filter would leave out one of them.

    Args:
        query: The query.
        genres: The catalogue's names.
        kind: The kind of work that the query asks for, if any.
        scope: The scope of the query, if the caller has one.
        labels: What each word is there for, if something read it.
    """
    scope = scope or Scope(query)
    asked: list[tuple[PhraseHit[_Known], tuple[Names, ...]]] = []
    unwanted: dict[str, int] = {}
    spans: list[Span] = []
    implied: list[tuple[Kind, int, Names]] = []
    previous: tuple[int, Polarity] | None = None
    for hit in _genre_table(_flatten(genres)).find(_straightened(query)):
        polarity = _by_labels(_polarity(query, scope, hit, previous), hit, labels)
        previous = hit.end, polarity
        if polarity == "denied" and scope.part(hit.start) == "request" and scope.role(hit.start) == "asks":
            spans.append(_with_negation(scope, hit))
            unwanted |= dict.fromkeys(_unwanted_names(hit.value, kind), hit.start)
        elif polarity == "wanted" and _is_genre_request(query, scope, hit):
            if groups := _wanted_names(hit.value, kind or hit.value.kind, is_plain=_is_article(query, hit)):
                asked.append((hit, groups))
            if hit.value.kind:
                implied.append((hit.value.kind, hit.start, _unwanted_names(hit.value, hit.value.kind)))
    # Of a genre that is asked for and refused, the later mention counts.
    wanted = {name: hit.start for hit, groups in asked for names in groups for name in names}
    asked = [
        (hit, groups)
        for hit, groups in asked
        if not any(unwanted.get(name, -1) > hit.start for names in groups for name in names)
    ]
    refused = [name for name, start in unwanted.items() if wanted.get(name, -1) < start]
    if kind == "book" and not refused and not asked:
        refused = _non_fiction_of_novels(query, scope, genres)
    choice = _choose(query, asked, refused) if asked or refused else None
    is_anime = any(hit.value.words in ANIME for hit, _ in asked)
    kinds = {of for of, start, names in implied if not any(unwanted.get(name, -1) > start for name in names)}
    return Genres(choice, spans, kinds.pop() if len(kinds) == 1 else None, is_anime)


_ARTICLES = word_set("a an any some another good great best decent classic")
"""Words before the name of a genre that asks for it plainly."""
_SPELLED = tuple(
    sorted({word for genre in GENRES for word in genre.spoken if word.isalpha() and len(word) >= LEAST_LETTERS_OF_SLIP})
)


def _straightened(query: Query) -> Query:
    """Return a query with one slip of the hand in the names of genres put right: "documantary"; places stay."""
    common = common_words()
    tokens = tuple(
        token
        if len(token.word) < LEAST_LETTERS_OF_SLIP - 1 or token.word in common or token.word in _SPELLED
        else token._replace(word=_spelled(token.word))
        for token in query.tokens
    )
    straightened = copy(query)
    straightened.tokens = tokens
    return straightened


@lru_cache(maxsize=4096)
def _spelled(word: str) -> str:
    near = process.extractOne(word, _SPELLED, scorer=OSA.distance, score_cutoff=1)
    return near[0] if near and near[0][0] == word[0] else word


def _unwanted_names(known: _Known, kind: Kind | None) -> Names:
    """Return the names to leave out; none for a genre of two: "no rom-coms" refuses neither romance nor comedy."""
    groups = known.groups[kind] if kind and all(known.groups[kind]) else known.groups[None]
    return groups[0] if len(groups) == 1 and known.words not in ANIME else ()


def _is_article(query: Query, hit: PhraseHit[_Known]) -> bool:
    return query.word(hit.first - 1) in _ARTICLES or hit.first == 0


def _wanted_names(known: _Known, kind: Kind | None, *, is_plain: bool) -> tuple[Names, ...]:
    """Return the names to ask for, in groups; none where works of the asked kind, or of either, have no such genre.

    "A western" asks for it plainly, though of films and books only films have it.
    """
    kinds = (kind,) if kind else _KINDS
    has_names = all(known.groups[kind]) if is_plain else all(all(known.groups[of]) for of in kinds)
    return known.groups[kind] if has_names else ()


def _choose(query: Query, asked: list[tuple[PhraseHit[_Known], tuple[Names, ...]]], unwanted: Iterable[str]) -> Choice:
    """Return the choice: one of the genres asked for, or all of them where they stand side by side ("a sci-fi horror").

    A `Choice` has one list of alternatives (`any`), so of two genres with several names each the second is asked for by
    its first name.
    """
    none = tuple(unwanted)
    if not asked:
        return Choice(none=none)
    runs: list[list[Names]] = []
    end_of_last = -1
    for hit, groups in asked:
        if runs and not query.text[end_of_last : hit.start].strip(" -"):
            runs[-1] += groups
        else:
            runs.append(list(groups))
        end_of_last = hit.end
    wanted = [list(dict.fromkeys(run)) for run in runs]
    if len(wanted) > 1 or len(wanted[0]) == 1:
        return Choice(any=tuple(dict.fromkeys(name for run in wanted for names in run for name in names)), none=none)
    several = [names for names in wanted[0] if len(names) > 1]
    one_each = tuple(names[0] for names in wanted[0] if len(names) == 1 or names is not several[0])
    return Choice(any=several[0] if several else (), all=one_each, none=none)


def _non_fiction_of_novels(query: Query, scope: Scope, genres: CatalogueGenres) -> list[str]:
    """Return the catalogue's names of non-fiction if the query asks for a novel."""
    if not isinstance(genres, Mapping):
        return []
    is_novel = any(token.word in NOVELS and scope.asks(token.start) for token in query.tokens)
    named = _names_by_words(genres.get("book", ())) if is_novel else {}
    return [name for words in _NON_FICTION for name in named.get(words, ())]


def _polarity(query: Query, scope: Scope, hit: PhraseHit[_Known], previous: tuple[int, Polarity] | None) -> Polarity:
    """Return how a genre is meant: by the words before it, or by the list that it stands in."""
    if query.word(hit.last + 1) == "free" and query.text[hit.end : hit.end + 1] == "-":
        return "denied"
    polarity = scope.polarity(hit.start, hit.end)
    if polarity == "denied" and query.joined(hit.last) and query.word(hit.last + 1) in _RESTRICTS:
        return "unsure"
    if polarity in ("wanted", "unsure") and previous and previous[1] != "wanted":
        return list_polarity(query.text, previous[0], hit.start, previous[1]) or polarity
    return polarity


def _by_labels(polarity: Polarity, hit: PhraseHit[_Known], labels: TokenLabels | None) -> Polarity:
    """Return a polarity unless the labels say the contrary: then what seems wanted is refused, and a refusal unsure."""
    shares = labels.share(hit.start, hit.end) if labels else {}
    if polarity == "wanted" and shares.get("dislike", 0) >= SURE_OF_CONTRARY:
        return "denied"
    if polarity == "wanted" and shares.get("other", 0) >= SURE_OF_TALK and not hit.value.kind:
        return "unsure"
    return "unsure" if polarity == "denied" and shares.get("wish", 0) >= SURE_OF_CONTRARY else polarity


def _with_negation(scope: Scope, hit: PhraseHit[_Known]) -> Span:
    negation = scope.negation(hit.start)
    return (negation.start() if negation and negation["denied"] else hit.start), hit.end


def _is_genre_request(query: Query, scope: Scope, hit: PhraseHit[_Known]) -> bool:
    """Return whether the name of a genre asks for works of that genre."""
    before = query.word(hit.first - 1)
    is_of = before == "of" and query.word(hit.first - 2) in _MAY_PRECEDE_OF  # "a volume of poetry"
    if not scope.asks(hit.start) or (before in _NOT_BEFORE and not is_of):
        return False
    if hit.value.words in _ONLY_REFUSED or (before in ("a", "an") and query.word(hit.first - 2) in ("like", "as")):
        return False  # "a history book that reads like a thriller"
    if hit.value.words in _BARE:
        is_bare = _BARE_BEFORE.search(query.text, max(0, hit.start - 20), hit.start)
        return bool(is_bare and _BARE_AFTER.match(query.text, hit.end))
    if not query.joined(hit.last):
        return True
    following = query.word(hit.last + 1)
    if following == "of":
        return bool(_OF_A_TIME.match(query.text, hit.end))
    return following[:1].isdigit() or following in MAY_FOLLOW_GENRE or following in NOUNS or following in _FIRST_WORDS


_FIRST_WORDS = frozenset(words.split()[0] for genre in GENRES for words in genre.spoken)
