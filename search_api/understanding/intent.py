"""Read the intent of a query by rules; pure.

Precision comes before recall: a false filter hides the right answer, so an unsure reading stays in the text. A query
has a request part, which says what is asked for ("a French comedy, under two hours"), and complements, which describe
what happens in the work ("about a boy who ..."). Facts are read in the request part. Each reader returns what it read
and the spans it used up; the text legs search for what no reader used up.
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
    PhraseMatch,
    Query,
    Span,
    blank,
    find_phrases,
    straighten,
)
from search_api.understanding.remembered_years import read_remembered_years

MAX_REQUEST_WORDS, MAX_REQUEST_CHARACTERS = 30, 400
"""A longer query describes a work. People often remember facts wrongly, so no facts are read from it."""
MAX_SCANNED_CHARACTERS = 2000
"""How much of a longer query is searched for signs of remembering and for plain requests."""
MAX_GUESSED_WORDS = 15
"""A longer text describes a plot rather than a mood, unless it begins like a request. On the 22 descriptions of the
starter benchmark, most of them shorter than MAX_REQUEST_WORDS, nDCG@10 is .734 with this bound and .649 without."""
MAX_ASKING_WORDS = 6
"""A request has a word that asks for something among this many first words."""
MAX_CLEAR_REQUESTS, MAX_CLEAR_REQUEST_CHARACTERS = 8, 80

Guess: TypeAlias = Callable[[str], Mapping[str, float]]
"""A function from a text to the dimensions of the taxonomy that its meaning asks for, with weights in (0, 1]."""


def parse_intent(
    text: str,
    taxonomy: Taxonomy,
    *,
    genres: Collection[str] = (),
    find_work: FindWork,
    guess: Guess | None = None,
) -> Intent:
    """Return the intent of a query; its `text` is blank only if the query is. Never raises.

    Args:
        text: What a person typed.
        taxonomy: The values that can be asked for, with the words that ask for them.
        genres: The catalogue's genre names. A request for a genre becomes a filter only on names given here, so leave
            out those that too few works carry.
        find_work: Returns the work that a stretch of the text names exactly (case, articles and punctuation aside),
            or None. Called a few hundred times at most, and rarely more than twenty.
        guess: Called at most once, for a request in which no rule reads a value.
    """
    said = straighten(text)
    if not said:
        return Intent(text=text)
    if is_title(said, taxonomy, find_work):
        return Intent(text=said)
    is_remembered = phrases.REMEMBERED.search(said, 0, MAX_SCANNED_CHARACTERS)
    is_long = len(said) > MAX_REQUEST_CHARACTERS or len(WORD.findall(said)) > MAX_REQUEST_WORDS
    if is_remembered or is_long or _is_plot(said):
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
    wishes = _read_values(query, taxonomy, facts.time_spans)
    tags = _read_tags(query, taxonomy, facts.time_spans)
    rest = _tidy(
        blank(query.text, [*facts.spans, *_wrapping(query.text), *facts.denied_spans, *wishes.spans, *tags.spans])
    )
    used_up = [*works.spans, *facts.spans, *_wrapping(query.text)]
    denied = [*facts.denied_spans, *wishes.denied_spans, *_other_denials(query)]
    remaining = _remaining(said, used_up, denied, wishes.spans, [work.title for work in works.like])
    is_unread = not (wishes.values or tags.values or works.like or works.unlike)
    is_brief = len(WORD.findall(remaining)) <= MAX_GUESSED_WORDS
    is_only_time = bool(facts.time_spans) and not WORD.search(rest)  # "a book, not from the 19th century"
    guessed = guess(remaining) if guess and is_unread and is_brief and not is_only_time else {}
    return Intent(
        text=remaining,
        values=wishes.values | {name: weight for name, weight in guessed.items() if name in taxonomy.by_id},
        tags=tags.values | {name: weight for name, weight in guessed.items() if name not in taxonomy.by_id},
        only_mood=bool(wishes.values or tags.values) and not works.like and not WORD.search(rest),
        is_guess=bool(guessed),
        is_description=is_unread and not is_brief,
        like=works.like,
        unlike=works.unlike,
        filters=facts.filters,
    )


def _is_plot(said: str) -> bool:
    """Return whether a text only describes a plot: "a girl with dyed hair runs through Berlin to ..."."""
    words = list(islice(WORD.finditer(said), MAX_GUESSED_WORDS + 1))
    is_brief = len(words) <= MAX_GUESSED_WORDS
    return not is_brief and not REQUEST_WORD.search(said, 0, words[MAX_ASKING_WORDS - 1].end())


# --- values ---


class Wishes(NamedTuple):
    """Values or tags by id with their weight, the spans that ask for them, and the spans that name what is unwanted."""

    values: dict[str, float]
    spans: list[Span]
    denied_spans: list[Span]


def _read_values(query: Query, taxonomy: Taxonomy, time_spans: Collection[Span] = ()) -> Wishes:
    """Return the values asked for and against; words within `time_spans` ask for none."""
    comparatives = {
        word: _merge_shares((taxonomy.asking.get(phrase, {}), weight) for phrase, weight in parts)
        for word, parts in phrases.COMPARATIVES.items()
    }
    asking = ChainMap(comparatives, taxonomy.asking)
    claims: dict[str, list[tuple[float, int, int, float]]] = {}
    spans: list[Span] = []
    denied_spans: list[Span] = []
    for position, phrase in enumerate(find_phrases(query, asking)):
        shares = asking[phrase.words]
        if _overlaps(query, phrase, time_spans) or not _is_value_request(query, phrase, shares, taxonomy):
            continue
        is_denied = phrase.weight < 0 or phrase.words in comparatives
        (denied_spans if is_denied else spans).append(query.span(phrase.start, phrase.last))
        is_plot = query.part(query.tokens[phrase.start].start) == "clause"  # less sure than a plain request
        for value_id, share in shares.items():
            weight = phrase.weight * share * (0.5 if is_plot else 1.0)
            claims.setdefault(value_id, []).append((abs(weight), -len(shares), position, weight))
    # Where phrases disagree on a value, the heavier weight counts, then the phrase of fewer values, then the last.
    return Wishes({value_id: max(of_value)[-1] for value_id, of_value in claims.items()}, spans, denied_spans)


def _read_tags(query: Query, taxonomy: Taxonomy, time_spans: Collection[Span]) -> Wishes:
    """Return the community tags asked for and against, by their id."""
    wishes = Wishes({}, [], [])
    for phrase in find_phrases(query, taxonomy.asking_tags):
        shares = taxonomy.asking_tags[phrase.words]
        # "About the sea" does not ask for a kind of work.
        is_asked = query.part(query.tokens[phrase.start].start) == "request" and not _overlaps(
            query, phrase, time_spans
        )
        if is_asked and _is_value_request(query, phrase, shares, taxonomy):
            wishes.values.update({tag: phrase.weight * share for tag, share in shares.items()})
            wishes.spans.append(query.span(phrase.start, phrase.last))
    return wishes


def _merge_shares(parts: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Return the values of several phrases with their weights; a value of two phrases has the later one's weight."""
    return {value_id: share * weight for shares, weight in parts for value_id, share in shares.items()}


def _overlaps(query: Query, phrase: PhraseMatch, spans: Collection[Span]) -> bool:
    """Return whether a phrase shares a character with one of the spans."""
    first, last = query.span(phrase.first, phrase.last)
    return any(start < last and first < end for start, end in spans)


def _is_value_request(query: Query, phrase: PhraseMatch, shares: Mapping[str, float], taxonomy: Taxonomy) -> bool:
    """Return whether words ask for or against a value: "a sad film", "about revenge", but not "about a sad clown"."""
    part = query.part(query.tokens[phrase.start].start)
    if phrase.weight < 0:
        return query.is_request and part == "request"
    if _is_name(query, phrase):
        return False
    is_theme = any(name in taxonomy.by_id and taxonomy.by_id[name].facet == "theme" for name in shares)
    if part == "about":
        return is_theme or query.word(phrase.first - 1) in ("about", "and", "or", "of")
    return query.is_request and (part == "request" or (part == "clause" and is_theme))


def _is_name(query: Query, phrase: PhraseMatch) -> bool:
    """Return whether a capital within a sentence marks a word as a name: "films with Joy Bryant"."""
    start = query.tokens[phrase.first].start
    before = query.text[:start].rstrip()
    is_within = bool(before) and before[-1] not in ".!?:"
    return phrase.first == phrase.last and is_within and query.text[start].isupper() and not query.is_capitalised


def _other_denials(query: Query) -> list[Span]:
    """Return the spans of negated words that no reader knows: in the text they would find what is not wanted."""
    if not query.is_request:
        return []
    matches = phrases.OTHER_DENIAL.finditer(query.text)
    return [match.span("cut") for match in matches if query.part(match.start("cut")) == "request"]


def _clear_requests(said: str, taxonomy: Taxonomy) -> dict[str, float]:
    """Return the values that a long text plainly asks for: "recommend something inspiring"."""
    values: dict[str, float] = {}
    for match in islice(phrases.CLEAR_REQUEST.finditer(said, 0, MAX_SCANNED_CHARACTERS), MAX_CLEAR_REQUESTS):
        request = said[match.end() : match.end() + MAX_CLEAR_REQUEST_CHARACTERS]
        values |= _read_values(Query(re.split(r"[.;!?]", request)[0]), taxonomy).values
    return values


# --- what remains ---


def _wrapping(text: str) -> list[Span]:
    """Return the spans of the words of courtesy that open and close a request, which say nothing about the work."""
    spans = [match.span() for match in phrases.MARKERS.finditer(text)]
    end = spans[0][1] if spans and spans[0][0] == 0 else 0
    while (opening := phrases.OPENING.match(text, end)) and opening.end() > end:
        spans.append(opening.span())
        end = opening.end()
    ending = phrases.POLITE_END.search(text, max(0, len(text) - 80))
    return [*spans, ending.span()] if ending else spans


def _without_wrapping(said: str) -> str:
    """Return a description without the labels before it and the thanks after it."""
    text = " ".join(phrases.MARKERS.sub(" ", said).split())
    ending = phrases.POLITE_END.search(text, max(0, len(text) - 80))
    text = (text[: ending.start()] if ending else text).strip(" ,")
    return text if WORD.search(text) else said


def _remaining(said: str, used_up: list[Span], denied: list[Span], wanted: list[Span], liked: list[str]) -> str:
    """Return the text to search for: the unread words and those that ask for values, else liked titles; never blank."""
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
    """Return the pieces of a text without the small words and punctuation left at their ends."""
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
