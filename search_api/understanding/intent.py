"""Text -> Intent: what a person asks for, read by rules; pure.

Precision before recall: a false filter hides the right answer, so an unsure reading stays in the text. A query has a
head, which says what is asked for ("a French comedy, under two hours"), and complements, which tell what happens in the
work ("about a boy who ..."); facts are read in the head. Every reader gives what it read and the spans it used up; what
no reader used up is the text that the text legs search for.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import NamedTuple, TypeAlias

from indexer.values.taxonomy import Taxonomy
from search_api.records import Intent
from search_api.understanding import phrases
from search_api.understanding.facts import read_facts
from search_api.understanding.named_works import FindWork, is_title, read_works
from search_api.understanding.query import (
    REQUEST_WORD,
    TAKEN,
    WORD,
    Phrase,
    Query,
    Span,
    blank,
    find_phrases,
    straighten,
)
from search_api.understanding.remembered_years import read_remembered_years

MAX_REQUEST_WORDS, MAX_REQUEST_CHARACTERS = 30, 400
"""A longer query describes a work; what people remember of one is often wrong, so no facts are read there."""
MAX_OPENING_CHARACTERS = 2000
"""Where a longer query still may ask for something outright."""
MAX_GUESSED_WORDS = 15
"""What is longer tells a plot rather than a mood, unless it begins as a request does. Of the starter benchmark's 22
descriptions, which are mostly shorter than the length above, nDCG@10 is .734 by this, .649 without."""
MAX_HEAD_WORDS = 6
"""Within these a request says that it asks for something."""
MAX_CLEAR_REQUESTS, MAX_CLEAR_REQUEST_CHARACTERS = 8, 80

Guess: TypeAlias = Callable[[str], Mapping[str, float]]
"""What a text asks for by its meaning: dimensions of the taxonomy with their weight, in (0, 1]."""


def parse_intent(
    text: str,
    taxonomy: Taxonomy,
    *,
    genres: Collection[str] = (),
    find_work: FindWork,
    guess: Guess | None = None,
) -> Intent:
    """The intent of a query. Never raises; `text` of a query that is not blank is never blank.

    Args:
        text: What a person typed.
        taxonomy: The values that can be asked for, with the words people ask with.
        genres: The catalogue's genre names. A request for a genre becomes a filter only on names given here, so leave
            out those that too few works carry.
        find_work: The work that a stretch of the text names exactly (case, articles and punctuation aside), or None.
            Called a few hundred times at most, and seldom more than twenty.
        guess: Asked at most once, about a request in which no rule reads a value.
    """
    said = straighten(text)
    if not said:
        return Intent(text=text)
    if is_title(said, taxonomy, find_work):
        return Intent(text=said)
    is_remembered = phrases.REMEMBERED.search(said, 0, MAX_OPENING_CHARACTERS)
    is_long = len(said) > MAX_REQUEST_CHARACTERS or len(WORD.findall(said)) > MAX_REQUEST_WORDS
    if is_remembered or is_long or _tells_a_plot(said):
        return Intent(
            text=_without_wrapping(said),
            values={} if is_remembered else _clear_requests(said, taxonomy),
            is_description=True,
            remembered_years=read_remembered_years(said),
        )
    works = read_works(said, taxonomy, find_work)
    quoted = [match.span() for match in phrases.QUOTED.finditer(said)]
    query = Query(blank(said, [*works.spans, *quoted]))
    facts = read_facts(query, genres)
    wishes = _read_values(query, taxonomy)
    tags = _read_tags(query, taxonomy)
    said_besides = _tidy(
        blank(query.text, [*facts.spans, *_wrapping(query.text), *facts.denied_spans, *wishes.spans, *tags.spans])
    )
    used_up = [*works.spans, *facts.spans, *_wrapping(query.text)]
    denied = [*facts.denied_spans, *wishes.denied_spans, *_other_denials(query)]
    remaining = _remaining(said, used_up, denied, wishes.spans, [work.title for work in works.like])
    is_unread = not (wishes.values or tags.values or works.like or works.unlike)
    is_brief = len(WORD.findall(remaining)) <= MAX_GUESSED_WORDS
    guessed = guess(remaining) if guess and is_unread and is_brief else {}
    return Intent(
        text=remaining,
        values=wishes.values | {name: weight for name, weight in guessed.items() if name in taxonomy.by_id},
        tags=tags.values | {name: weight for name, weight in guessed.items() if name not in taxonomy.by_id},
        only_mood=bool(wishes.values or tags.values) and not works.like and not WORD.search(said_besides),
        is_guess=bool(guessed),
        is_description=is_unread and not is_brief,
        like=works.like,
        unlike=works.unlike,
        filters=facts.filters,
    )


def _tells_a_plot(said: str) -> bool:
    """Whether words only tell what happens in a work, such as "a girl with dyed hair runs through Berlin to ..."."""
    words = list(islice(WORD.finditer(said), MAX_GUESSED_WORDS + 1))
    is_brief = len(words) <= MAX_GUESSED_WORDS
    return not is_brief and not REQUEST_WORD.search(said, 0, words[MAX_HEAD_WORDS - 1].end())


# --- values ---


class Wishes(NamedTuple):
    """Value id to weight, the spans of the words that ask for values, and of those that say what is unwanted."""

    values: dict[str, float]
    spans: list[Span]
    denied_spans: list[Span]


def _read_values(query: Query, taxonomy: Taxonomy) -> Wishes:
    """The values asked for, and unwanted."""
    comparatives = {
        word: _sum_of((taxonomy.asking.get(phrase, {}), weight) for phrase, weight in parts)
        for word, parts in phrases.COMPARATIVES.items()
    }
    asking = ChainMap(comparatives, taxonomy.asking)
    claims: dict[str, list[tuple[float, int, int, float]]] = {}
    spans: list[Span] = []
    denied_spans: list[Span] = []
    for position, phrase in enumerate(find_phrases(query, asking)):
        shares = asking[phrase.words]
        if not _is_value_request(query, phrase, shares, taxonomy):
            continue
        is_denied = phrase.weight < 0 or phrase.words in comparatives
        (denied_spans if is_denied else spans).append(query.span(phrase.start, phrase.last))
        is_told = query.place(query.tokens[phrase.start].start) == "clause"  # told of, not asked for
        for value_id, share in shares.items():
            weight = phrase.weight * share * (0.5 if is_told else 1.0)
            claims.setdefault(value_id, []).append((abs(weight), -len(shares), position, weight))
    # Where words disagree, the heavier is meant, then the one that speaks of fewer values, then the last.
    return Wishes({value_id: max(made)[-1] for value_id, made in claims.items()}, spans, denied_spans)


def _read_tags(query: Query, taxonomy: Taxonomy) -> Wishes:
    """The community tags asked for, and unwanted, in whole wordings."""
    wishes = Wishes({}, [], [])
    for phrase in find_phrases(query, taxonomy.asking_tags):
        shares = taxonomy.asking_tags[phrase.words]
        in_head = query.place(query.tokens[phrase.start].start) == "head"  # "about the sea" asks for no kind of work
        if in_head and _is_value_request(query, phrase, shares, taxonomy):
            wishes.values.update({tag: phrase.weight * share for tag, share in shares.items()})
            wishes.spans.append(query.span(phrase.start, phrase.last))
    return wishes


def _sum_of(parts: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    return {value_id: share * weight for shares, weight in parts for value_id, share in shares.items()}


def _is_value_request(query: Query, phrase: Phrase, shares: Mapping[str, float], taxonomy: Taxonomy) -> bool:
    """Whether words ask for a value, or deny one: "a sad film", "about revenge", but not "about a sad clown"."""
    place = query.place(query.tokens[phrase.start].start)
    if phrase.weight < 0:
        return query.is_request and place == "head"
    if _is_name(query, phrase):
        return False
    is_theme = any(name in taxonomy.by_id and taxonomy.by_id[name].facet == "theme" for name in shares)
    if place == "about":
        return is_theme or query.word(phrase.first - 1) in ("about", "and", "or", "of")
    return query.is_request and (place == "head" or (place == "clause" and is_theme))


def _is_name(query: Query, phrase: Phrase) -> bool:
    """Whether a capital within a sentence makes a word a name: "films with Joy Bryant"."""
    start = query.tokens[phrase.first].start
    before = query.text[:start].rstrip()
    is_within = bool(before) and before[-1] not in ".!?:"
    return phrase.first == phrase.last and is_within and query.text[start].isupper() and not query.is_capitalised


def _other_denials(query: Query) -> list[Span]:
    """Negated words that nothing else reads; searching for them would find the opposite of what is asked for."""
    if not query.is_request:
        return []
    matches = phrases.OTHER_DENIAL.finditer(query.text)
    return [match.span("cut") for match in matches if query.place(match.start("cut")) == "head"]


def _clear_requests(said: str, taxonomy: Taxonomy) -> dict[str, float]:
    """The values a long text asks for outright: "recommend something inspiring"."""
    values: dict[str, float] = {}
    for match in islice(phrases.CLEAR_REQUEST.finditer(said, 0, MAX_OPENING_CHARACTERS), MAX_CLEAR_REQUESTS):
        request = said[match.end() : match.end() + MAX_CLEAR_REQUEST_CHARACTERS]
        values |= _read_values(Query(re.split(r"[.;!?]", request)[0]), taxonomy).values
    return values


# --- what remains ---


def _wrapping(text: str) -> list[Span]:
    """The spans of a request's opening and closing words, which say nothing of the work."""
    spans = [match.span() for match in phrases.MARKERS.finditer(text)]
    end = spans[0][1] if spans and spans[0][0] == 0 else 0
    while (opening := phrases.OPENING.match(text, end)) and opening.end() > end:
        spans.append(opening.span())
        end = opening.end()
    ending = phrases.POLITE_END.search(text, max(0, len(text) - 80))
    return [*spans, ending.span()] if ending else spans


def _without_wrapping(said: str) -> str:
    """A description, less the labels before it and the thanks after it."""
    text = " ".join(phrases.MARKERS.sub(" ", said).split())
    ending = phrases.POLITE_END.search(text, max(0, len(text) - 80))
    text = (text[: ending.start()] if ending else text).strip(" ,")
    return text if WORD.search(text) else said


def _remaining(said: str, used_up: list[Span], denied: list[Span], wanted: list[Span], liked: list[str]) -> str:
    """What is left to search for, wanted words included, else the liked works' titles; never blank."""
    if not used_up and not denied:
        return said
    left = blank(said, [*used_up, *denied])
    for start, end in wanted:
        left = left[:start] + said[start:end] + left[end:]
    wanted_only = " ".join(said[start:end] for start, end in wanted)
    for text in (_tidy(left), wanted_only, ", ".join(liked), _tidy(blank(said, denied)) if denied else said):
        if WORD.search(text):
            return text
    return said


def _tidy(text: str) -> str:
    """The pieces of a text, without the small words and marks left hanging at their ends."""
    pieces = []
    for piece in text.split(TAKEN):
        words = piece.split()
        while words and _bare(words[0]) in phrases.LEADING:
            del words[0]
        while words and _bare(words[-1]) in phrases.TRAILING:
            del words[-1]
        pieces.append(" ".join(words).strip(" ,.;:-!?&/"))
    return " ".join(piece for piece in pieces if piece)


def _bare(word: str) -> str:
    return word.strip(",.;:-!?&/()").lower()
