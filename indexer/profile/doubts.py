"""Find records that a person should check before they are indexed, with counts and the worst examples of each doubt."""

from __future__ import annotations

import heapq
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from crawler.catalogue import Line
from crawler.records import SourceRecord
from indexer.stories import SENTENCE_END, STORY_WORDS, count_making_and_story

UNKNOWN = "unknown"
"""The kind of a record without one."""

N_EXAMPLES = 6
"""Examples of each doubt."""
N_TITLES = 3
"""Titles that an example names for records with the same description."""
SHORT_WORDS = 10
"""A description with fewer words is short."""
FIRST_FILM_YEAR = 1888  # Roundhay Garden Scene
FIRST_TEXT_YEAR = -2600  # the Kesh temple hymn
ANNOUNCED_YEARS = 3
"""Works are announced at most this many years ahead."""
EXCERPT_CHARACTERS = 260

_LEAD_YEAR = re.compile(
    r"\b(?:is|was) an? (?:[\w-]+ ){0,2}?(?P<year>1[0-9]{3}|20[0-9]{2})\b"
    r"(?:[^,;.]{0,60}?\b(?:(?P<movie>film|movie|serial|documentary)|(?P<book>novel|novella|book|memoir))\b)?"
)
_MARKUP = re.compile(
    r"<[^<>]*>|</|&(?:#\d+|\w+);|\[\[|\]\]|\]\(|[{}]|''|(?<!\w)\*\*|\*\*(?!\w)|https?://|\bwww\.|\\[nrtu\"']|\.(?:html?|jpe?g|png|php)\b",
    re.IGNORECASE,
)
# UTF-8 read as Windows-1252: an accented Latin letter or a typographic mark becomes two or three characters.
_WRONGLY_DECODED = re.compile(r"[ÃÂ][\x80-\xbf‚„…†‡ˆ‰‹ŒŽ‘’“”•–—˜™š›œžŸƒ€]|â€|\ufffd")  # noqa: RUF001

Finding = tuple[str, float] | None
"""The doubt in words, and its severity, by which examples are ordered; None for a record without this doubt."""


@dataclass(frozen=True, slots=True)
class Example:
    """A doubtful record: its place, its text and the doubt."""

    line: Line
    source: str
    source_id: str
    title: str
    excerpt: str
    doubt: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt: how many records of each kind have it, and the worst of them."""

    name: str
    n_by_kind: Counter[str]
    examples: tuple[Example, ...]


def find_empty(record: SourceRecord, _words: int, _year: int) -> Finding:
    """Return a finding if the description is empty."""
    return None if record.description else ("nothing to read", 0)


def find_short(record: SourceRecord, n_words: int, _year: int) -> Finding:
    """Return a finding if the description has only a few words; shorter is worse."""
    return (_count(n_words, "word"), -n_words) if record.description and n_words < SHORT_WORDS else None


def find_lead_without_story(record: SourceRecord, _words: int, _year: int) -> Finding:
    """Return a finding if the text is the lead of an English encyclopaedia article on nothing but cast and crew."""
    making, story = count_making_and_story(record.description)
    if not making or story >= STORY_WORDS:
        return None
    return f"{_count(story, 'word')} of {making + story:,} besides cast and crew", 0


def find_odd_year(record: SourceRecord, _words: int, this_year: int) -> Finding:
    """Return a finding if the year is impossible, or not the one in the first sentence; further off is worse."""
    year = record.year
    if year is None:
        return None
    first = FIRST_FILM_YEAR if record.kind == "movie" else FIRST_TEXT_YEAR
    if year < first or year == 0:
        return f"{year} is before the first {'film' if record.kind == 'movie' else 'text'}", abs(first - year)
    if year > this_year + ANNOUNCED_YEARS:
        return f"{year} is far in the future", year - this_year
    lead = _LEAD_YEAR.search(SENTENCE_END.split(record.description, maxsplit=1)[0])
    if lead and lead[record.kind or "movie"] and abs(difference := int(lead["year"]) - year) > 1:
        return f"{year}, but the description says {lead['year']}", abs(difference)
    return None


def find_title_markup(record: SourceRecord, _words: int, _year: int) -> Finding:
    """Return a finding if the title has markup, or letters that were decoded wrongly."""
    return _find_markup(record.title)


def find_description_markup(record: SourceRecord, _words: int, _year: int) -> Finding:
    """Return a finding if the description has markup, links, or letters that were decoded wrongly."""
    return _find_markup(record.description)


def _find_markup(text: str) -> Finding:
    if match := _MARKUP.search(text):
        return f"has {match[0][:40]}", 0
    if match := _WRONGLY_DECODED.search(text):
        return f"has {match[0]}: decoded wrongly", 0
    return None


_CHECKS: dict[str, Callable[[SourceRecord, int, int], Finding]] = {
    "empty": find_empty,
    "short": find_short,
    "no story": find_lead_without_story,
    "odd year": find_odd_year,
    "title markup": find_title_markup,
    "description markup": find_description_markup,
}
REPEATED_TEXT = "repeated text"


@dataclass
class _Worst:
    """Counts of findings by kind, and the worst findings: of equally bad ones, a random sample with a fixed seed."""

    n_by_kind: Counter[str] = field(default_factory=Counter)
    _draw: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - not for security
    _heap: list[tuple[float, float, Example]] = field(default_factory=list)

    def add(self, kind: str, severity: float, example: Example) -> None:
        self.n_by_kind[kind] += 1
        entry = (severity, self._draw.random(), example)  # no two draws are equal: examples are never compared
        if len(self._heap) < N_EXAMPLES:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def examples(self) -> tuple[Example, ...]:
        return tuple(example for _, _, example in sorted(self._heap, reverse=True))


@dataclass
class _Repeat:
    """A description that several records have; `later` is the second of these records."""

    later: Example
    n_records: int = 1
    titles: list[str] = field(default_factory=list)

    def example(self) -> Example:
        titles = ", ".join(dict.fromkeys(self.titles))
        return replace(self.later, doubt=f"{self.n_records:,} records have this description, such as {titles}")


class DoubtFinder:
    """The doubts found so far: counts, a few examples of each doubt, and a hash of each description."""

    def __init__(self, this_year: int) -> None:
        self._this_year = this_year
        self._worst = {name: _Worst() for name in _CHECKS}
        self._seen: set[int] = set()
        self._repeats: dict[int, _Repeat] = {}
        self._n_repeats: Counter[str] = Counter()

    def add(self, line: Line, record: SourceRecord, n_words: int) -> None:
        """Check a record; `n_words` is the length of its description."""
        kind = record.kind or UNKNOWN
        for name, find in _CHECKS.items():
            if finding := find(record, n_words, self._this_year):
                doubt, severity = finding
                self._worst[name].add(kind, severity, _make_example(line, record, doubt))
        if record.description:
            self._note_text(line, record, kind)

    def doubts(self) -> tuple[Doubt, ...]:
        """Return every doubt, including those that no record has."""
        most = heapq.nlargest(N_EXAMPLES, self._repeats.values(), key=lambda repeat: repeat.n_records)
        return (
            *(Doubt(name, worst.n_by_kind, worst.examples()) for name, worst in self._worst.items()),
            Doubt(REPEATED_TEXT, self._n_repeats, tuple(repeat.example() for repeat in most)),
        )

    def _note_text(self, line: Line, record: SourceRecord, kind: str) -> None:
        text = hash(record.description.casefold())
        if text not in self._seen:
            self._seen.add(text)
            return
        repeat = self._repeats.setdefault(text, _Repeat(_make_example(line, record, "")))
        repeat.n_records += 1
        self._n_repeats[kind] += 1
        if len(repeat.titles) < N_TITLES:
            repeat.titles.append(record.title)


def _make_example(line: Line, record: SourceRecord, doubt: str) -> Example:
    return Example(
        line, record.source, record.source_id, shorten(record.title, 160), shorten(record.description), doubt
    )


def shorten(text: str, most: int = EXCERPT_CHARACTERS) -> str:
    """Return the beginning of a text, with an ellipsis where more follows."""
    return text if len(text) <= most else text[:most].rstrip() + " ..."


def _count(n_things: int, thing: str) -> str:
    return f"{n_things:,} {thing}{'' if n_things == 1 else 's'}"
