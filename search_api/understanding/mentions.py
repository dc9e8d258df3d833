"""Find the works, people and series that a request names, and what it says of them; pure.

First come the names that the words may be (`mention_candidates`), then the words around them (`mention_cues`): a cue,
an author, a year, or other names in the same list add to the evidence for a name, and say what the person thinks of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

from crawler.records import KINDS, Kind
from indexer.known.names import WHOLE
from indexer.values.taxonomy import Taxonomy
from search_api.names import NameMatch
from search_api.records import Correction, WorkReference
from search_api.understanding import mention_words as table
from search_api.understanding import phrases
from search_api.understanding.mention_candidates import Candidate, CandidateFinder, Names
from search_api.understanding.mention_cues import FoundCues
from search_api.understanding.mention_words import Sentiment
from search_api.understanding.named_people import SURE_LABEL, PeopleReader, Polarity, Unjudged
from search_api.understanding.phrases import any_case
from search_api.understanding.query import Query, Span, find_phrases
from search_api.understanding.request_words import COMMA, COMMON, STOP, RequestWords
from search_api.understanding.token_labels import TokenLabels

LEAST_EVIDENCE = 2.0
"""The least evidence for a name. On requests that name films (the even ones of a public set, 28,963 works) recall and
precision are .84 and .91; a seventh of the works counted as named there are not in the requests' words."""
MAX_NAMES = 60
_ADAPTED = any_case(r"\b(?:adapt\w+|film version|movie version|based on|the book|the film|the movie|the novel)\b")
KNOWN_VERSION = 6_000
"""A version of a work asked for as "the new one" or "the original" has a place before this one."""

_YEAR_AFTER = re.compile(
    r"[\s,]*\(?\s*(?:the )?(?P<year>(?:18|19|20)\d\d)\)?(?: (?:one|version|film|movie|book|remake))?(?![\w'])"
)
_YEAR_CHARACTERS = 30
MOST_AUTHOR_WORDS = 4
_FINISHED = frozenset((("finished",), ("finished", "reading"), ("read",), ("watched",)))
_ASKS_FOR_MORE = any_case(
    r"\b(?:(?:need|want|give me|looking for|fancy|after) (?:another|more)|what next"
    r"|what's next)\b"
)
"""Who has finished a work and asks for another means one like it."""
_CALLED = re.compile(r"(?i:the (?:book|novel|film|movie)) [\"']?[A-Z]")


@dataclass(frozen=True)
class Mentions:
    """What a request names.

    Attributes:
        like: Works to be like.
        unlike: Works to be unlike.
        seen: Works that are known or excluded: not shown, and nothing more.
        with_people: Names of people who are asked for, as the catalogue spells them: any of them will do.
        made_by: Names of makers who are asked for beside others: "Hitchcock films with Grant or Stewart".
        without_people: Names of people who are refused.
        like_people: People whose like is wanted: "books like those of Ursula Le Guin".
        hidden: Ids of other works that are not shown: volumes of a named series, works of an author whose like is
            asked for, and further rows of a named work.
        refused: Names of which all works are refused: "not the Batman ones".
        corrected: Misspelt names, and what they were taken for.
        spans: The characters of all these names, with the words that say what the person thinks of them.
        quiet_spans: The characters of names that change nothing, such as that of a work the catalogue lacks.
    """

    like: tuple[WorkReference, ...] = ()
    unlike: tuple[WorkReference, ...] = ()
    seen: tuple[WorkReference, ...] = ()
    with_people: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()
    without_people: tuple[str, ...] = ()
    like_people: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    corrected: tuple[Correction, ...] = ()
    spans: tuple[Span, ...] = ()
    quiet_spans: tuple[Span, ...] = ()


def read_title(said: str, taxonomy: Taxonomy, names: Names) -> tuple[str, ...]:
    """Return the ids of the works that the whole query names, best first; () when it asks for something instead.

    Besides a title the query may say kind, year and author: "the movie Heat", "Heat (1995)", "Emma by Jane Austen".
    Words that ask for values name a work only with something more, or after its kind: "a love story" is a wish, "the
    book Hopeless" is a title.
    """
    named = names.named_by(said)
    if not named:
        return ()
    query = Query(said)
    asked = {index for phrase in find_phrases(query, taxonomy.asking) for index in range(phrase.first, phrase.last + 1)}
    if _CALLED.match(said):
        return tuple(named)
    plain = phrases.LEADING | phrases.NOUNS | {"the"}
    says_more = any(token.word not in plain for index, token in enumerate(query.tokens) if index not in asked)
    return tuple(named) if says_more else ()


def is_title(said: str, taxonomy: Taxonomy, names: Names) -> bool:
    """Return whether the whole query names a work."""
    return bool(read_title(said, taxonomy, names))


def read_mentions(
    said: str,
    names: Names,
    taxonomy: Taxonomy,
    *,
    kind: Kind | None = None,
    labels: TokenLabels | None = None,
    clauses: Polarity | None = None,
) -> Mentions:
    """Return the works, people and series that a request names. Linear in its length; never raises.

    Args:
        said: The request.
        names: The names of the catalogue.
        taxonomy: The values that can be asked for: "a love story" is a wish, whatever films are called.
        kind: The kind of work that the request asks for; it decides between a book and its film.
        labels: What each word does, as a tagger says; evidence like any other.
        clauses: How the clauses of the request judge what stands in them.
    """
    words = RequestWords(said)
    if not len(words):
        return Mentions()
    cues = FoundCues(words)
    finder = CandidateFinder(words, names, taxonomy, cues, labels)
    return _Reader(words, cues, finder, names, kind, labels, clauses or Unjudged()).read()


class _Reader:
    """Decides which of the names found are read, and what is said of them."""

    def __init__(
        self,
        words: RequestWords,
        cues: FoundCues,
        finder: CandidateFinder,
        names: Names,
        kind: Kind | None,
        labels: TokenLabels | None,
        clauses: Polarity,
    ) -> None:
        self._words = words
        self._cues = cues
        self._finder = finder
        self._names = names
        self._kind = kind
        self._labels = labels
        self._clauses = clauses
        self._works: dict[str, tuple[WorkReference, Sentiment]] = {}
        self._hidden: dict[str, None] = {}
        self._refused: list[str] = []
        self._corrected: list[Correction] = []
        self._spans: list[Span] = []
        self._quiet: list[Span] = []

    def read(self) -> Mentions:
        """Return what is read."""
        lists = [accepted for chain in self._chains() if (accepted := self._accept(chain))]
        self._kind = self._kind or self._common_kind([name for accepted in lists for name in accepted])
        used: set[int] = set()
        for accepted in lists:
            sentiment = self._sentiment(accepted)
            for candidate in accepted:
                used.update(range(candidate.first, candidate.end + 1))
                self._read_work(candidate, sentiment)
        people = PeopleReader(self._words, self._cues, self._finder, self._labels, self._clauses).read(used)
        ways, hidden = people.ways, dict.fromkeys([*self._hidden, *people.hidden])
        refused = [name for name, way in ways.items() if way == "without"]
        wanted = [name for name, way in ways.items() if way == "with"]
        makers = [name for name in wanted if name in people.makers]
        others = [name for name in wanted if name not in people.makers]
        return Mentions(
            like=self._of("like"),
            unlike=self._of("unlike"),
            seen=self._of("seen", "except"),
            with_people=tuple(others or makers),
            made_by=tuple(makers) if others else (),
            without_people=tuple(refused),
            like_people=tuple(name for name, way in ways.items() if way == "like"),
            hidden=tuple(work_id for work_id in hidden if work_id not in self._works),
            refused=tuple(self._refused),
            corrected=(*self._corrected, *people.corrected),
            spans=tuple(sorted([*self._spans, *people.spans])),
            quiet_spans=tuple(sorted([*self._quiet, *people.quiet_spans])),
        )

    def _of(self, *sentiments: Sentiment) -> tuple[WorkReference, ...]:
        return tuple(work for work, sentiment in self._works.values() if sentiment in sentiments)

    # --- which names are read ---

    def _chains(self) -> list[list[Candidate]]:
        """Return the candidates in lists: those with only "and", "or" or a comma between them belong together."""
        chains: list[list[Candidate]] = []
        end = -1
        for candidate in self._finder.find():
            if candidate.first <= end:  # "2010" after "True Grit"
                continue
            self._read_after(candidate)
            end = candidate.end
            if chains and self._are_joined(chains[-1][-1], candidate):
                chains[-1].append(candidate)
            else:
                chains.append([candidate])
        return chains

    def _are_joined(self, one: Candidate, other: Candidate) -> bool:
        words, end = self._words, one.end
        between = words.plain[end + 1 : other.first]
        if one.year is None and any(stop >= STOP for stop in words.breaks[end : other.first]):
            return words.breaks[end] >= STOP and len(between) == 1 and between[0] in ("and", "also", "or")
        if not between:
            return words.breaks[end] == COMMA or one.year is not None or min(one.score, other.score) >= 1.5
        begins_well = between[0] in table.JOINTS or words.breaks[end] == COMMA
        return begins_well and len(between) <= 3 and all(w in table.JOINTS or w in table.FILLERS for w in between)

    def _read_after(self, candidate: Candidate) -> None:
        """Read what follows a name: a year, an author, a noun, and what the person thinks of it."""
        words = self._words
        end = words.tokens[candidate.last].end
        year = _YEAR_AFTER.match(words.said, end, end + _YEAR_CHARACTERS)
        if year and not candidate.is_corrected:
            candidate.year = int(year["year"])
            while candidate.last + 1 < len(words) and words.tokens[candidate.last + 1].end <= year.end():
                candidate.last += 1
        if words.word(candidate.last + 1) == "by" and words.breaks[candidate.last] < STOP:
            self._read_author(candidate)
        at = candidate.end + 1
        if words.breaks[candidate.end] < STOP:
            n_articles = int(words.word(at) == "the")
            if noun := table.NOUN_KINDS.get(words.word(at + n_articles)):
                candidate.kind = candidate.kind or noun
                at += n_articles + 1
        candidate.after, candidate.after_end = self._cues.after(at)

    def _read_author(self, candidate: Candidate) -> None:
        words = self._words
        start = candidate.last + 2
        known = self._finder.person_at.get(start)
        end = known.last if known and known.first == start else start - 1
        n_most = 0 if known else MOST_AUTHOR_WORDS
        while end + 1 < min(start + n_most, len(words)) and words.is_name_like(end + 1):
            end += 1
            if words.breaks[end]:
                break
        if end >= start:
            candidate.author, candidate.author_end = (*words.plain[start:end], words.bare[end]), end

    def _accept(self, chain: Sequence[Candidate]) -> list[Candidate]:
        """Return the members of a list that enough speaks for."""
        shared = self._shared_evidence(chain)
        accepted = []
        for candidate in chain:
            score = candidate.score + shared + self._own_evidence(candidate)
            best_other = max((other.score for other in chain if other is not candidate), default=-1.0)
            if best_other + shared >= LEAST_EVIDENCE + 0.3:
                score += 0.8
            if candidate is not chain[0]:
                if shared and self._is_lower(candidate) and not self._is_lower(chain[0]):
                    score -= 1.5  # among names with capitals
                elif not shared and candidate.before:
                    score += 2.0 * candidate.before.strength
            if candidate is not chain[-1] and candidate.after:
                score += 1.5 * candidate.after.strength
            if len(chain) == 1 and not shared and self._is_bare(candidate):
                score -= 0.8
            if score >= LEAST_EVIDENCE or (candidate.is_unknown and score > 0):
                accepted.append(candidate)
        return accepted[:MAX_NAMES]

    def _shared_evidence(self, chain: Sequence[Candidate]) -> float:
        """Return the evidence that the words around a list are for each name in it."""
        words, head, tail = self._words, chain[0], chain[-1]
        shared = [0.0]
        if self._cues.heading(head.first):
            shared.append(3.0)
        if head.before:
            shared.append(2.0 * head.before.strength)
        if tail.after:
            is_phrase = len(tail.after.words) > 1  # "bored me"
            shared.append(2.0 * tail.after.strength + 0.5 * is_phrase)
        if len(chain) > 1 and words.starts_sentence(head.first) and words.breaks[tail.end] >= STOP:
            shared.append(1.5)
        if any(candidate.after and candidate.after.words == ("meets",) for candidate in chain):
            shared.append(2.0)
        if head.first == 0 and words.word(tail.end + 1) == "but" and words.word(tail.end + 2) not in ("i", "we"):
            shared.append(1.5)  # "Interstellar but lighter"
        return max(shared)

    def _own_evidence(self, candidate: Candidate) -> float:
        """Return the evidence right beside a name: a fitting year or author, a noun, the end of a clause."""
        words = self._words
        evidence = 0.7 if candidate.kind else 0.0
        if words.breaks[candidate.last] >= COMMA or words.word(candidate.last + 1) in table.CLAUSE_WORDS:
            evidence += 0.4
        if candidate.year and any(match.work.year == candidate.year for match in self._matches(candidate)):
            evidence += 2.5
        if candidate.author:
            fits = [self._names.is_by(match.work.id, candidate.author) for match in self._matches(candidate)]
            candidate.is_unknown = bool(fits) and not any(fits) and None not in fits
            evidence += 2.5 if any(fits) else 0.0
        return evidence

    def _is_bare(self, candidate: Candidate) -> bool:
        """Return whether nothing but its capital marks a single word as a name, and the word is not a rare one."""
        if len(candidate.spelled) > 1 or candidate.kind or candidate.is_quoted:
            return False
        return not (candidate.place < 300 and self._words.places[candidate.last] >= COMMON)

    def _is_lower(self, candidate: Candidate) -> bool:
        return not any(self._words.capitals[candidate.first : candidate.last + 1])

    # --- which work is meant ---

    def _common_kind(self, candidates: Sequence[Candidate]) -> Kind | None:
        """Return the kind of all the works named that exist in one kind only; None when they differ."""
        kinds = set()
        for candidate in candidates:
            of_name = {match.work.kind for match in self._matches(candidate) if match.looseness == WHOLE}
            kinds |= of_name if len(of_name) == 1 else set()
        if kinds or len(candidates) < 2:
            return kinds.pop() if len(kinds) == 1 else None
        return self._better_known_kind(candidates)

    def _better_known_kind(self, candidates: Sequence[Candidate]) -> Kind | None:
        """Return the kind in which names that exist in both are better known together: novels, or their films."""
        places: dict[Kind, int] = {}
        for kind in KINDS:
            best = [self._best_place(each, kind) for each in candidates]
            if None not in best:
                places[kind] = sum(place or 0 for place in best)
        best_known = sorted(places.items(), key=itemgetter(1))
        return best_known[0][0] if best_known else None

    def _best_place(self, candidate: Candidate, kind: Kind) -> int | None:
        """Return the place of the best-known work of a kind that has a name; None without one."""
        return min((match.place for match in self._matches(candidate) if match.work.kind == kind), default=None)

    def _matches(self, candidate: Candidate) -> list[NameMatch]:
        kind = candidate.kind or (candidate.before.kind if candidate.before else None) or self._kind
        is_as_typed = not candidate.is_corrected and candidate.year is None
        said = self._words.said[slice(*self._words.span(candidate.first, candidate.last))] if is_as_typed else ""
        return self._names.works(candidate.spelled, said=said, kind=kind, year=candidate.year)

    def _choose(self, candidate: Candidate) -> NameMatch | None:
        """Return the work meant; None when the catalogue lacks it."""
        matches = [] if candidate.is_unknown else self._matches(candidate)
        if candidate.author:
            matches = [m for m in matches if self._names.is_by(m.work.id, candidate.author)] or matches
        if not matches:
            return None
        plain, best = self._words.plain, matches[0]
        near = {*plain[max(0, candidate.first - 2) : candidate.first], *plain[candidate.last + 1 : candidate.last + 4]}
        if near & table.VERSIONS:
            same = [m for m in matches if (m.looseness, m.work.kind) == (best.looseness, best.work.kind)]
            known = [m for m in same if m.work.year and m.place < KNOWN_VERSION] or [best]
            pick = min if near & {"original", "old"} else max
            return pick(known, key=lambda match: match.work.year or 0)
        return best

    def _read_work(self, candidate: Candidate, sentiment: Sentiment) -> None:
        words = self._words
        match = self._choose(candidate)
        first = candidate.first
        if candidate.before and candidate.before_at >= 0:  # the noun of "films like ..." says what is asked for
            first = candidate.before_at + (candidate.before.words[0] == table.CUE_FORMS["film"])
        span = words.span(first, max(candidate.end, candidate.after_end))
        if match is None or sentiment == "unseen":
            self._quiet.append(span)
            return
        self._spans.append(span)
        present = self._works.get(match.work.id)
        if present is None or _RANK[sentiment] < _RANK[present[1]]:
            self._works[match.work.id] = (match.work, sentiment)
        self._hide(candidate, match, sentiment)
        if candidate.is_corrected:
            said = words.said[slice(*words.span(candidate.first, candidate.last))]
            self._corrected.append(Correction(said=said, taken_for=match.work.title))

    def _hide(self, candidate: Candidate, match: NameMatch, sentiment: Sentiment) -> None:
        """Note further rows of a work, and the other volumes where the name is that of a series."""
        self._hidden.update(dict.fromkeys(self._names.duplicates(match.work.id)))
        if not _ADAPTED.search(self._words.said):  # else the film of a book that somebody read
            whole = [other.work for other in self._names.works(candidate.spelled) if other.looseness == WHOLE]
            best = next((other.id for other in whole if other.kind != match.work.kind), None)
            self._hidden.update({best: None} if best else {})
        volumes = self._names.volumes(candidate.spelled)
        if len(volumes) > 1:
            self._hidden.update(dict.fromkeys(volumes))
            is_whole_series = self._words.word(candidate.last + 1) in table.SERIES_NOUNS  # "not the Batman ones"
            if sentiment == "except" and is_whole_series:
                self._refused.append(self._words.said[slice(*self._words.span(candidate.first, candidate.last))])
            if sentiment in ("except", "seen") and (is_whole_series or len(candidate.spelled) > 1):
                self._hidden.update(dict.fromkeys(self._names.containing(candidate.spelled)))

    # --- what is said of the works ---

    def _sentiment(self, chain: Sequence[Candidate]) -> Sentiment:
        """Return what the person says of the names of a list.

        A heading comes first, then a bad word right after the names, a refusal right before them, "seen" after them,
        an opinion later on, other words after and before them, and at last a refusal earlier in the sentence, the
        tagger, and the clause. A work that is named without an opinion is an example of what is wanted.
        """
        head, tail = chain[0], chain[-1]
        before, after = head.before, tail.after
        is_refused = before is not None and before.sentiment not in {"like", "seen"}
        said: tuple[Sentiment | None, ...] = (
            self._cues.heading(head.first),
            "unlike" if after and after.sentiment == "unlike" else None,
            before.sentiment if before and is_refused and before.strength == 1.0 else None,
            "seen" if after and after.sentiment == "seen" else None,
            self._cues.later_opinion(tail.last),
            after.sentiment if after else None,
            before.sentiment if before else None,
            self._cues.earlier_refusal(head.first),
            self._labelled(chain),
        )
        sentiment = next((sentiment for sentiment in said if sentiment), None) or self._judged(chain)
        is_just_known = sentiment == "seen" and before is not None and before.words in _FINISHED and not after
        return "like" if is_just_known and _ASKS_FOR_MORE.search(self._words.said) else sentiment

    def _labelled(self, chain: Sequence[Candidate]) -> Sentiment | None:
        if not self._labels:
            return None
        shares = self._labels.share(*self._words.span(chain[0].first, chain[-1].last))
        labels: tuple[Literal["like", "unlike", "seen"], ...] = ("like", "unlike", "seen")
        best = max(labels, key=lambda label: shares[label])
        return best if shares[best] > SURE_LABEL else None

    def _judged(self, chain: Sequence[Candidate]) -> Sentiment:
        polarity = self._clauses.polarity(*self._words.span(chain[0].first, chain[-1].last))
        if polarity <= -1.0:
            return "except"
        return "unlike" if polarity < 0 else "like"


_RANK = {sentiment: rank for rank, sentiment in enumerate(("like", "unlike", "seen", "except", "unseen"))}
