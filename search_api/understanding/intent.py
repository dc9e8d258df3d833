"""Assemble the intent of a query from what each reader reads in it; pure.

A request is read sentence by sentence, whatever its length: names first, then facts, then for whom the works are,
then wishes. Each reader returns what it read and the characters it used up; the text legs search for the rest. A text
that looks for one remembered work is a description: people misremember, so it is searched as it is, and nothing but
the years is read from it.

Precision comes before recall: what is unsure weighs nothing, and stays in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

from crawler.records import Kind
from indexer.name_keys import common_words
from indexer.values.taxonomy import Taxonomy
from search_api.records import Choice, Filters, Intent
from search_api.understanding import phrases
from search_api.understanding.asking import AskingWords
from search_api.understanding.audience import read_audience
from search_api.understanding.clauses import Clauses
from search_api.understanding.facts import read_facts
from search_api.understanding.genres import CatalogueGenres
from search_api.understanding.kinds import read_kind
from search_api.understanding.mention_candidates import Names
from search_api.understanding.mentions import Mentions, is_title, read_mentions
from search_api.understanding.query import REQUEST_WORD, WORD, Query, Span, blank, straighten
from search_api.understanding.remainder import Remainder, read_remainder
from search_api.understanding.remembered_years import read_remembered_years
from search_api.understanding.scope import Scope
from search_api.understanding.token_labels import Label as TokenRole
from search_api.understanding.token_labels import TokenLabels
from search_api.understanding.wishes import read_wishes

MAX_SCANNED_CHARACTERS = 2000
"""How much of a text is searched for signs of remembering and of asking."""
MOST_READ_CHARACTERS, MOST_READ_WORDS = 3_000, 500
"""How much of a request is read; the rest is only searched for. Of 7,823 requests of people 18 are longer, and all of
these describe a remembered work. To read 10,000 characters takes up to 2 s of processor time."""
MAX_GUESSED_WORDS = 15
"""A longer text describes a plot rather than a mood, unless it begins like a request. On the 22 descriptions of the
starter benchmark nDCG@10 is .734 with this bound and .649 without."""
OPINIONS: tuple[TokenRole, ...] = ("like", "unlike", "seen", "dislike")
LEAST_WORDS_OF_OPINION = 4
"""From so many words on that say what a person liked, knows or refuses, a text asks for works, though it remembers."""
MAX_CHARACTERS_AFTER_NAME = 300
"""A longer text that begins with the name of a work tells its plot."""
MAX_ASKING_WORDS = 6
"""A request has a word that asks for something among this many first words."""

Guess: TypeAlias = Callable[[str], Mapping[str, float]]
"""A function from a text to the dimensions of the taxonomy that its meaning asks for, with weights in (0, 1]."""
Label: TypeAlias = Callable[[str], TokenLabels]
"""A function from a text to what each of its words does there."""

IsSubject: TypeAlias = Callable[[str, str], bool]
"""A function from words, and the text that is searched for, to whether the catalogue has works about what the words
name."""


def parse_intent(
    text: str,
    taxonomy: Taxonomy,
    *,
    names: Names,
    today: date,
    genres: CatalogueGenres = (),
    guess: Guess | None = None,
    label: Label | None = None,
    is_subject: IsSubject | None = None,
) -> Intent:
    """Return the intent of a query; its `text` is blank only if the query is. Never raises.

    Args:
        text: What a person typed.
        taxonomy: The values that can be asked for, with the words that ask for them.
        names: The names of the catalogue's works, people and series.
        today: The day from which "the past ten years" is counted.
        genres: The catalogue's genre names, for all works or for each kind. A request for a genre becomes a filter
            only on names given here, so leave out those that too few works carry.
        guess: Called at most once, for a request in which no rule reads a value.
        label: Called at most once. Without it, the clauses of the text say what is wished and what is refused.
        is_subject: Called at most once, with words that name no value. Without it, no words are taken for a subject.
    """
    said = straighten(text)
    if not said:
        return Intent(text=text)
    if is_title(said, taxonomy, names):
        return Intent(text=said)
    labels = label(said) if label and not phrases.SEARCH_MARK.search(said, 0, MAX_SCANNED_CHARACTERS) else None
    if is_description(said, labels) and not _begins_with_name(said, taxonomy, names):
        return Intent(text=_without_wrapping(said), is_description=True, remembered_years=read_remembered_years(said))
    said, rest = _split_long(said)
    asking = _asking_words(_Same(taxonomy))
    clauses = Clauses(said)
    whole = Query(said)
    kind, _ = read_kind(whole, Scope(whole))
    mentions = read_mentions(said, names, taxonomy, kind=kind, labels=labels, clauses=clauses)
    quoted = [match.span() for match in phrases.QUOTED.finditer(said)]
    named = [_from_cue(said, span) for span in mentions.spans]
    unread = [_from_cue(said, span) for span in mentions.quiet_spans]
    query = Query(blank(said, [*named, *unread, *quoted]))
    facts = read_facts(query, genres, today=today, labels=labels)
    audience, audience_spans = read_audience(query, clauses)
    wishes = read_wishes(
        query,
        asking,
        taxonomy,
        clauses=clauses,
        labels=labels,
        taken=[*facts.time_spans, *audience_spans],
        is_for_young=audience is not None,
    )
    remainder = read_remainder(
        query,
        said,
        clauses,
        used_up=[*named, *facts.spans, *audience_spans],
        denied=[*facts.denied_spans, *wishes.denied_spans],
        wanted=wishes.spans,
        liked=[work.title for work in mentions.like],
        namings=wishes.namings,
        stand_ins=wishes.stand_ins,
        labels=labels,
    )
    is_like = bool(mentions.like or mentions.like_people)
    has_subject = not is_like and (remainder.is_about or _is_subject(remainder, is_subject))
    is_unread = not (wishes.values or wishes.tags or mentions.like or mentions.unlike)
    can_guess = is_unread and audience is None and remainder.guessable
    guessed = guess(remainder.guessable) if guess and can_guess and not has_subject else {}
    if guessed:
        denied = taxonomy.sensitive | taxonomy.from_reviews | asking.denied(query)
        guessed = {name: weight for name, weight in guessed.items() if name not in denied}
    filters = _with_named(facts.filters, mentions, names, said)
    kind_from = [f"filters.{facts.kind_from}"] if facts.kind_from else []
    if facts.filters.kind is None and filters.kind:
        kind_from = _named_works(mentions)
    return Intent(
        text=f"{remainder.text} {rest}" if rest else remainder.text,
        values=wishes.values | {name: weight for name, weight in guessed.items() if name in taxonomy.by_id},
        tags=wishes.tags | {name: weight for name, weight in guessed.items() if name not in taxonomy.by_id},
        subject=remainder.subject if has_subject else None,
        only_mood=not has_subject and bool(wishes.values or wishes.tags) and not is_like and not remainder.has_more,
        is_guess=bool(guessed),
        is_description=is_unread and not has_subject and len(WORD.findall(remainder.text)) > MAX_GUESSED_WORDS,
        like=mentions.like,
        unlike=mentions.unlike,
        seen=mentions.seen,
        like_people=mentions.like_people,
        hidden=mentions.hidden,
        filters=filters,
        audience=audience,
        standing=facts.standing,
        corrected=mentions.corrected,
        ignored=remainder.ignored,
        unmet=facts.unmet,
        implied={"filters.kind": tuple(kind_from)} if kind_from else {},
        refused=(*mentions.refused, *remainder.refused),
    )


def _split_long(said: str) -> tuple[str, str]:
    """Return the part of a request that is read, and the rest."""
    after = next(islice(WORD.finditer(said), MOST_READ_WORDS, None), None)
    end = min(MOST_READ_CHARACTERS, after.start() if after else len(said))
    if end >= len(said):
        return said, ""
    end = max(said.rfind(" ", 0, end), 0) or end
    return said[:end], said[end:].strip()


def _is_subject(remainder: Remainder, is_subject: IsSubject | None) -> bool:
    return bool(remainder.subject and is_subject and is_subject(remainder.subject, remainder.text))


def _with_named(filters: Filters, mentions: Mentions, names: Names, said: str) -> Filters:
    """Return the filters with the people who are asked for or refused, and with the kind that the named works have."""
    if filters.kind is None and not phrases.ANY_KIND.search(said):
        filters = filters.model_copy(update={"kind": _common_kind(mentions, names)})
    if mentions.with_people or mentions.without_people:
        people = Choice(any=mentions.with_people, all=mentions.made_by, none=mentions.without_people)
        filters = filters.model_copy(update={"creators": people})
    return filters


def _common_kind(mentions: Mentions, names: Names) -> Kind | None:
    """Return the kind of the works and people that a request names: who loved two novels asks for a third."""
    works = mentions.like or (*mentions.unlike, *mentions.seen)
    kinds = {work.kind for work in works} | {names.kind_of_person(person) for person in mentions.like_people}
    return kinds.pop() if len(kinds) == 1 else None


def _named_works(mentions: Mentions) -> list[str]:
    """Return the paths of the works that say a common kind; none if people do too, who have no path."""
    if mentions.like_people:
        return []
    if mentions.like:
        return [f"like.{work.id}" for work in mentions.like]
    return [*(f"unlike.{work.id}" for work in mentions.unlike), *(f"seen.{work.id}" for work in mentions.seen)]


def _from_cue(said: str, span: Span) -> Span:
    """Return the characters of a name from "like" on: "film" in "film like Alien" says the kind of work."""
    cue = phrases.BEFORE_LIKE.match(said, *span)
    return (cue.end(), span[1]) if cue else span


class _Same:
    """A taxonomy as the key of a cache, by identity: to hash its thousands of phrases takes longer than to read."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.taxonomy is self.taxonomy

    def __hash__(self) -> int:
        return id(self.taxonomy)


@lru_cache(maxsize=4)
def _asking_words(key: _Same) -> AskingWords:
    return AskingWords(key.taxonomy, common_words())


# --- what kind of query ---


def is_description(said: str, labels: TokenLabels | None = None) -> bool:
    """Return whether a text looks for one remembered work, or only tells a plot."""
    if phrases.SEARCH_MARK.search(said, 0, MAX_SCANNED_CHARACTERS):
        return True
    if labels and labels.n_words(*OPINIONS) >= LEAST_WORDS_OF_OPINION:
        return False
    asks = phrases.ASKS_FOR_WORKS.search(said, 0, MAX_SCANNED_CHARACTERS) is not None
    is_remembered = phrases.REMEMBERED.search(said, 0, MAX_SCANNED_CHARACTERS) or (
        not asks and phrases.MAYBE_REMEMBERED.search(said, 0, MAX_SCANNED_CHARACTERS)
    )
    if is_remembered:
        return not phrases.ASKS_FOR_ADVICE.search(said, 0, MAX_SCANNED_CHARACTERS)
    words = list(islice(WORD.finditer(said), MAX_GUESSED_WORDS + 1))
    is_brief = len(words) <= MAX_GUESSED_WORDS
    if is_brief or asks or REQUEST_WORD.search(said, 0, words[MAX_ASKING_WORDS - 1].end()):
        return False
    return not phrases.OF_ONESELF.search(said, 0, MAX_SCANNED_CHARACTERS)


def _begins_with_name(said: str, taxonomy: Taxonomy, names: Names) -> bool:
    """Return whether a short text that nobody remembers begins with the name of a known work, as a wish does."""
    is_remembered = any(
        pattern.search(said) for pattern in (phrases.SEARCH_MARK, phrases.REMEMBERED, phrases.MAYBE_REMEMBERED)
    )
    if is_remembered or len(said) > MAX_CHARACTERS_AFTER_NAME:
        return False
    mentions = read_mentions(said, names, taxonomy)
    works = mentions.like or mentions.unlike or mentions.seen
    return bool(works) and min(start for start, _ in mentions.spans) <= len("the ")


def _without_wrapping(said: str) -> str:
    """Return a description without the labels before it and the thanks after it."""
    text = " ".join(phrases.MARKERS.sub(" ", said).split())
    ending = phrases.POLITE_END.search(text, max(0, len(text) - 80))
    text = (text[: ending.start()] if ending else text).strip(" ,")
    return text if WORD.search(text) else said
