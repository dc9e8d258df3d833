"""Find the people that a request names, and how: asked for, refused, as an example, or as a subject; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, Protocol

from search_api.records import Correction
from search_api.understanding import mention_words as table
from search_api.understanding.mention_candidates import CandidateFinder, FoundPerson
from search_api.understanding.mention_cues import FoundCues
from search_api.understanding.phrases import any_case
from search_api.understanding.query import Span
from search_api.understanding.request_words import COMMA, STOP, RequestWords
from search_api.understanding.token_labels import TokenLabels

SURE_LABEL = 0.4
"""The share of a label from which it says what a person thinks of a work."""
MOST_WORDS_TO_REFUSAL = 6
_ASKED_OF = frozenset(
    ("should", "do", "can", "could", "film", "films", "movie", "movies", "book", "books", "next", "to")
)
"""After a surname these ask for works of the person: "which Hitchcock should I see"."""
_MADE = frozenset(("made", "makes", "wrote", "writes", "directed", "directs", "did", "does", "would"))
_SORTS = frozenset(("sort", "kind", "type", "sorts", "kinds"))
"""Words around a person in "the sort of film that Ozu made", which asks for something alike."""
_ASKS_FOR_OTHERS = any_case(
    r"\b(?:who else|(?:any|some)(?:one|body) else|(?:other|similar|new|different) (?:\w+ )?(?:authors?|writers?"
    r"|directors?|film-?makers?|novelists?|people|names)|by others?|(?:isn't|aren't|not)(?: by)? (?:him|her|them)"
    r"|who (?:should|can|could|do) (?:i|we))\b"
)
"""Who likes a person and asks this wants none of that person's own works."""

PersonWay = Literal["with", "without", "like", "maybe", "none"]
"""How a person is named: asked for, refused, as an example, without a word that says it, or as a subject."""


class Polarity(Protocol):
    """How the clauses of a request judge what stands in them."""

    def polarity(self, start: int, end: int) -> float:
        """Return 1 for characters that are wanted, -1 for refused ones, and 0 where the clause does not say."""


class Unjudged:
    """Clauses that do not judge anything."""

    def polarity(self, start: int, end: int) -> float:  # noqa: ARG002
        """Return 0."""
        return 0.0


@dataclass
class NamedPeople:
    """The people that a request names.

    Attributes:
        ways: How each is named, by the catalogue's spelling.
        makers: Those who are named as makers: "Hitchcock films".
        hidden: Ids of their own works, where works like theirs are asked for.
        corrected: Misspelt names, and what they were taken for.
        spans: The characters of the names of people who are asked for or refused.
        quiet_spans: The characters of other names.
    """

    ways: dict[str, PersonWay] = field(default_factory=dict)
    makers: set[str] = field(default_factory=set)
    hidden: list[str] = field(default_factory=list)
    corrected: list[Correction] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    quiet_spans: list[Span] = field(default_factory=list)


class PeopleReader:
    """Reads how each person that a request names is meant: to be like, asked for, or refused."""

    def __init__(
        self,
        words: RequestWords,
        cues: FoundCues,
        finder: CandidateFinder,
        labels: TokenLabels | None,
        clauses: Polarity,
    ) -> None:
        self._words = words
        self._cues = cues
        self._finder = finder
        self._labels = labels
        self._clauses = clauses

    def read(self, used: Collection[int]) -> NamedPeople:
        """Return the people who are named, but for words that are `used` in other names; a refusal outweighs a wish."""
        people = NamedPeople()
        ways = people.ways
        words_said = self._words.said
        asks_for_others = _ASKS_FOR_OTHERS.search(words_said) is not None
        previous: tuple[int, PersonWay] | None = None
        for found in self._finder.people:
            if any(at in used for at in range(found.first, found.last + 1)):
                continue
            way = self._way_of_person(found)
            if way in ("maybe", "none") and previous and self._are_listed(previous[0], found.first):
                way = previous[1]
            if way == "maybe":
                way = "with" if found.is_full else "none"
            if asks_for_others and (way == "with" or (way == "none" and self._is_labelled(found))):
                way = "like"
            previous = (found.last, way)
            span = self._words.span(found.first, found.last)
            (people.spans if way in ("with", "without") else people.quiet_spans).append(span)
            if found.is_corrected and way in ("with", "without"):
                said = words_said[slice(*span)]
                people.corrected.append(Correction(said=said, taken_for=found.person.name))
            follows = self._words.word(found.last + 1)
            if found.person.made and follows in table.WORK_NOUNS_AFTER_PERSON:
                people.makers.add(found.person.name)
            if way == "like":
                people.hidden += found.person.made
            if ways.get(found.person.name) != "without":
                ways[found.person.name] = way
        return people

    def _is_labelled(self, found: FoundPerson) -> bool:
        """Return whether the tagger takes the name of a person for one that is liked."""
        if self._labels is None:
            return False
        return self._labels.share(*self._words.span(found.first, found.last))["like"] > SURE_LABEL

    def _are_listed(self, last: int, first: int) -> bool:
        words = self._words
        between = words.plain[last + 1 : first]
        is_parted = any(stop >= STOP for stop in words.breaks[last:first])
        return not is_parted and len(between) <= 2 and all(word in table.JOINTS for word in between)

    def _way_of_person(self, found: FoundPerson) -> PersonWay:
        words, first, last = self._words, found.first, found.last
        cue = self._cues.before[first]
        before = words.word(first - 1) if not words.starts_sentence(first) else ""
        after = words.word(last + 1) if not words.breaks[last] else ""
        is_by = before in table.MAKER_WORDS or (
            before in table.BEFORE_PERSON and words.word(first - 2) in table.MAKER_WORDS
        )
        is_liked = cue is not None and cue.words == ("like",) and words.word(first - 2) in ("i", "we", "really", "also")
        is_example = cue is not None and not is_liked and cue.words[-1] in ("like", "than", "to", "of", "as")
        near = words.plain[max(0, first - 5) : first]
        is_kind_of = after in _MADE and not _SORTS.isdisjoint(near)
        is_alone = words.starts_sentence(first) and words.breaks[last] >= COMMA
        rules: tuple[tuple[bool, PersonWay], ...] = (
            (after in ("aside", "excepted", "excluded"), "without"),
            (is_kind_of, "like"),
            (self._is_refused(first) or self._clauses.polarity(*words.span(first, last)) < 0, "without"),
            (cue is not None and cue.sentiment in ("unlike", "except"), "without"),
            (is_by, "with"),
            (cue is not None and is_example and self._cues.starts[first] + len(cue.words) == first, "like"),
            (before in table.SUBJECT_WORDS, "none"),
            (after in table.STYLE_WORDS, "like"),
            (after in table.WORK_NOUNS_AFTER_PERSON, "with"),
            (is_liked, "maybe"),
            (is_example, "like"),
            (is_alone or self._is_first_of_list(found), "with"),
            (before in ("what", "which") and after in _ASKED_OF, "with"),
        )
        return next((way for applies, way in rules if applies), "maybe")

    def _is_first_of_list(self, found: FoundPerson) -> bool:
        """Return whether a surname begins a sentence and "or" joins it to another person: "Kubrick or ..."."""
        words, after = self._words, found.last + 1
        is_joined = words.word(after) in ("or", "and") and not words.breaks[found.last]
        return words.starts_sentence(found.first) and is_joined and after + 1 in self._finder.person_at

    def _is_refused(self, first: int) -> bool:
        """Return whether a refusal stands before a person in the clause: "nothing at all with ..."."""
        words = self._words
        for at in range(first - 1, max(-1, first - 1 - MOST_WORDS_TO_REFUSAL), -1):
            if words.breaks[at] >= STOP or words.plain[at] in ("but", "that", "who", "which"):
                return False
            if words.plain[at] in table.REFUSALS:
                return words.word(at + 1) not in ("only", "just")
        return False
