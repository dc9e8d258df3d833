"""Choose the reviews of a work that are kept: each person's voice once, in English, within bounds. Pure."""

from __future__ import annotations

import hashlib
import html
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import sqrt
from typing import NamedTuple

from crawler.records import Review
from crawler.sources.source import KeepReviews
from crawler.text import clean_text
from indexer.reviews.keeping import DECLARED, review_scale
from indexer.reviews.personal import cut_personal

MOST_CHARACTERS_OF_WORK = 60_000
"""Some 45 reviews of usual length: a share of them that say something is then known to within 0.15."""

MOST_CHARACTERS = 5_000
"""Of a review. Of 24,920 reviews of films one in sixty is longer."""

LEAST_CHARACTERS = 25
"""Of a review. Of shorter English sentences a tenth are taken for another language."""

_RAW_CHARACTERS = 4 * MOST_CHARACTERS
"""The beginning of a text that is looked at: enough for MOST_CHARACTERS with their markup."""

_LANGUAGE_CHARACTERS = 300
"""The beginning of a review that its language is detected from. Of 3,000 English reviews none was taken for another, in
0.2 ms each."""
_ENGLISH_WORDS = frozenset({
    "the", "and", "of", "that", "this", "with", "it", "but", "are", "not", "you", "they", "from", "which", "his", "her",
    "their", "would", "who", "what", "there", "about", "just", "when", "were", "been", "had", "has", "very", "because",
    "could", "than", "into", "its", "only", "some", "much", "most", "other",
})  # fmt: skip
_COUNTED_WORDS, _ENGLISH_SHARE = 60, 0.18
"""A text with such a share of these words is English, and needs no slower test: 89% of 24,920 English reviews have it,
and no text in Dutch, German, Danish, Norwegian, Portuguese, French or Tagalog, even with English phrases."""
_ENGLISH = frozenset({"en", "pcm", "sco"})
"""English, and languages that short English texts are taken for: Nigerian Pidgin and Scots."""

_RATING_STEPS = 5
"""Ratings are divided into so many equal ranges, from which reviews are taken in turn."""

_SHINGLE_WORDS = 3
_SKETCH_SIZE = 16
_LEAST_SHARED = 0.75
"""Two reviews are one voice if they share this part of their sketches: sixteen words of 230 may differ."""
_MOST_ALIKE = 8
"""Earlier reviews that are compared because of the same three words, so that reviews with a common phrase are not all
compared with each other."""

_MARKUP = re.compile(r"<(script|style)\b.{0,2000}?</\1>|</?[a-z!][^<>]{0,500}>", re.IGNORECASE | re.DOTALL)
_BRACKETS = re.compile(r"\[/?(?:b|i|u|s|quote|spoiler|url|size|color)(?:=[^\[\]]{0,100})?\]", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*(?=\s|$)")


class KeptReview(NamedTuple):
    """A review that is kept for a work.

    Attributes:
        digest: The SHA-256 of its text.
        source: Where it was read.
        text: The text without markup and personal data; None if only its features are kept and they were made.
        rating: In [0, 1]; None if the person gave none.
        helpful: How many people found it helpful.
        keeps_text: Whether its text may be kept and shown, and not only its features.
        spoiler: Whether the source marks it as one.
    """

    digest: bytes
    source: str
    text: str | None
    rating: float | None
    helpful: int
    keeps_text: bool
    spoiler: bool = False


class ChosenReview(NamedTuple):
    """A kept review with what choosing among several records needs: its text may be gone.

    Attributes:
        review: The review.
        n_characters: The length of its text.
        sketch: A sample of its three-word phrases, as sorted hashes of four bytes; alike for texts that are alike.
    """

    review: KeptReview
    n_characters: int
    sketch: bytes


@dataclass
class ReviewCounts:
    """How many reviews were read and kept, and why the others were not.

    Attributes:
        n_read: Reviews in the records.
        n_kept: Reviews that are kept.
        n_features: Those of them of which only features are kept.
        dropped: The others, by reason.
        languages: Reviews in other languages, by ISO 639 code.
        n_shortened: Kept reviews that were cut at MOST_CHARACTERS.
        n_personal: Kept reviews from which personal data was cut out.
        n_without_scale: Ratings that were left out since their scale is unknown, or since they are not on it.
    """

    n_read: int = 0
    n_kept: int = 0
    n_features: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    n_shortened: int = 0
    n_personal: int = 0
    n_without_scale: int = 0

    def add(self, other: ReviewCounts) -> None:
        """Add other counts to these."""
        self.n_read += other.n_read
        self.n_kept += other.n_kept
        self.n_features += other.n_features
        self.dropped.update(other.dropped)
        self.languages.update(other.languages)
        self.n_shortened += other.n_shortened
        self.n_personal += other.n_personal
        self.n_without_scale += other.n_without_scale


EMPTY, SHORT, LANGUAGE, REPEATED, BEYOND, NOT_KEPT = (
    "empty",
    f"shorter than {LEAST_CHARACTERS} characters",
    "in other languages",
    "repeated",
    f"beyond {MOST_CHARACTERS_OF_WORK:,} characters of a work",
    "of sources of which none are kept",
)
"""The reasons why a review is dropped."""


class Chosen(NamedTuple):
    """The reviews of a record that are kept, the most helpful first, and the counts of all."""

    reviews: tuple[ChosenReview, ...]
    counts: ReviewCounts


def choose_reviews(reviews: Sequence[Review], source: str, keep: KeepReviews | None = None) -> Chosen:
    """Return the reviews of a record that are kept, and why the others are not.

    Reviews are taken by how many people found them helpful, from all ranges of ratings, until MOST_CHARACTERS_OF_WORK
    are reached; those that are not reached are not looked at. The order in which the source has them does not matter.

    Args:
        reviews: The reviews.
        source: The source of the record.
        keep: What is kept of this source's reviews; None: what it declares.
    """
    keep = keep or DECLARED.of(source)
    counts = ReviewCounts(n_read=len(reviews))
    if keep == "none":
        counts.dropped.update({NOT_KEPT: len(reviews)} if reviews else {})
        return Chosen((), counts)
    distinct = _distinct(reviews, source, counts)
    chosen: list[ChosenReview] = []
    heard = _Heard()
    n_characters = n_seen = 0
    for position in _in_turn([_Claim(each.rating, each.spoiler, each.helpful, each.tie) for each in distinct]):
        raw = distinct[position]
        read = _read_review(raw, source, keep, heard, counts)
        if read is not None and n_characters + read.review.n_characters > MOST_CHARACTERS_OF_WORK:
            break
        n_seen += 1
        if read is not None:
            chosen.append(read.review)
            n_characters += read.review.n_characters
            counts.n_shortened += read.was_shortened
            counts.n_personal += read.was_personal
    if beyond := len(distinct) - n_seen:
        counts.dropped[BEYOND] += beyond
    counts.n_kept = len(chosen)
    counts.n_features = len(chosen) if keep == "features" else 0
    return Chosen(tuple(_sorted(chosen)), counts)


def merge_reviews(of_records: Sequence[Sequence[ChosenReview]]) -> list[ChosenReview]:
    """Return the reviews of a work from those of its records, by the same rule: each voice once, within the bound."""
    filled = [reviews for reviews in of_records if reviews]
    if len(filled) <= 1:
        return list(filled[0]) if filled else []
    every = _sorted([each for reviews in filled for each in reviews])
    claims = [
        _Claim(each.review.rating, each.review.spoiler, each.review.helpful, (not each.review.keeps_text, position))
        for position, each in enumerate(every)
    ]
    chosen: list[ChosenReview] = []
    heard = _Heard()
    n_characters = 0
    for position in _in_turn(claims):
        each = every[position]
        if heard.has(each.sketch):
            continue
        n_characters += each.n_characters
        if n_characters > MOST_CHARACTERS_OF_WORK:
            break
        heard.add(each.sketch)
        chosen.append(each)
    return _sorted(chosen)


def reviews_digest(reviews: Sequence[ChosenReview]) -> str:
    """Return a hash, in hexadecimal, of what a work takes from its reviews; empty without reviews.

    How many people found one helpful does not change it.
    """
    if not reviews:
        return ""
    rows = sorted(_pack(each.review)[: -_PACKED_HELPFUL.size] for each in reviews)
    return hashlib.sha256(b"".join(rows)).hexdigest()


def pack_reviews(reviews: Sequence[ChosenReview]) -> bytes:
    """Return bytes that differ if the reviews of a record do."""
    return b"".join(_pack(each.review) for each in reviews)


_PACKED = struct.Struct("<32s?d??")
_PACKED_HELPFUL = struct.Struct("<Q")


def _pack(review: KeptReview) -> bytes:
    rating = 0.0 if review.rating is None else review.rating
    fixed = (review.digest, review.rating is not None, rating, review.keeps_text, review.spoiler)
    return _PACKED.pack(*fixed) + _PACKED_HELPFUL.pack(review.helpful)


def _sorted(reviews: Sequence[ChosenReview]) -> list[ChosenReview]:
    return sorted(reviews, key=lambda each: (-each.review.helpful, each.review.digest, each.review.source))


class _Raw(NamedTuple):
    """A review as it was read, its rating in [0, 1], and what decides between reviews that are as helpful."""

    text: str
    rating: float | None
    helpful: int
    spoiler: bool
    tie: tuple[bytes]


class _Read(NamedTuple):
    review: ChosenReview
    was_shortened: bool
    was_personal: bool


def _distinct(reviews: Sequence[Review], source: str, counts: ReviewCounts) -> list[_Raw]:
    """Return the reviews with different texts; of equal ones the most helpful, marked as a spoiler if one is."""
    scale = review_scale(source)
    by_text: dict[str, _Raw] = {}
    for review in reviews:
        if not review.text:
            counts.dropped[EMPTY] += 1
            continue
        rating = _scaled(review, scale)
        counts.n_without_scale += review.rating is not None and rating is None
        raw = _Raw(review.text, rating, review.helpful or 0, review.spoiler, (b"",))
        earlier = by_text.get(review.text)
        if earlier is None:
            by_text[review.text] = raw
            continue
        counts.dropped[REPEATED] += 1
        better = max(earlier, raw, key=lambda each: (each.helpful, -1.0 if each.rating is None else each.rating))
        by_text[review.text] = better._replace(spoiler=earlier.spoiler or raw.spoiler)
    return [raw._replace(tie=(hashlib.sha256(raw.text.encode()).digest(),)) for raw in by_text.values()]


def _scaled(review: Review, scale: float | None) -> float | None:
    """Return the rating in [0, 1]; None without a rating or a scale, or if it is not on the scale."""
    scale = review.scale or scale
    if review.rating is None or scale is None or not 0 <= review.rating <= scale:
        return None
    return review.rating / scale


def _read_review(raw: _Raw, source: str, keep: KeepReviews, heard: _Heard, counts: ReviewCounts) -> _Read | None:
    """Return a review as it is kept; None if it is not, and then its reason is counted."""
    text, n_personal = cut_personal(_plain(raw.text[:_RAW_CHARACTERS]))
    was_shortened = len(raw.text) > _RAW_CHARACTERS or len(text) > MOST_CHARACTERS
    text = shorten_text(text, MOST_CHARACTERS)
    if len(text) < LEAST_CHARACTERS:
        counts.dropped[SHORT] += 1
        return None
    words = split_words(text)
    sketch = make_sketch(words)
    if heard.has(sketch):
        counts.dropped[REPEATED] += 1
        return None
    if (language := _language(text, words)) not in _ENGLISH:
        counts.dropped[LANGUAGE] += 1
        counts.languages[language] += 1
        return None
    heard.add(sketch)
    digest = hashlib.sha256(text.encode()).digest()
    kept = KeptReview(digest, source, text, raw.rating, raw.helpful, keep == "text", raw.spoiler)
    return _Read(ChosenReview(kept, len(text), sketch), was_shortened, n_personal > 0)


def _plain(text: str) -> str:
    """Return a text without any markup, however often it was escaped."""
    if "[" in text:
        text = _BRACKETS.sub("", text)
    for _ in range(3):
        if "<" not in text and "&" not in text:
            return text
        cleaned = str(clean_text(_MARKUP.sub(" ", str(clean_text(text)))))
        if cleaned == text:
            return text
        text = cleaned
    return " ".join(html.unescape(text).replace("<", " ").split())


def shorten_text(text: str, most: int) -> str:
    """Return the beginning of a text: its whole sentences if they fill half of `most` characters, else whole words."""
    if len(text) <= most:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, most // 2, most)]
    end = ends[-1] if ends else text.rfind(" ", most // 2, most)
    return text[: end if end > 0 else most].rstrip()


def _language(text: str, words: Sequence[str]) -> str:
    """Return the code of a text's language."""
    first = words[:_COUNTED_WORDS]
    if sum(map(_ENGLISH_WORDS.__contains__, first)) >= _ENGLISH_SHARE * len(first):
        return "en"
    import py3langid

    code, _ = py3langid.classify(text[:_LANGUAGE_CHARACTERS])
    return str(code)


def split_words(text: str) -> list[str]:
    """Return the words of a text in one case, without punctuation."""
    return _WORD.findall(text.casefold())


def make_sketch(words: Sequence[str]) -> bytes:
    """Return the smallest hashes of a text's three-word phrases."""
    phrases = zip(words, words[1:], words[2:], strict=False) if len(words) >= _SHINGLE_WORDS else [words]
    smallest = sorted(set(map(zlib.crc32, map(str.encode, map(" ".join, phrases)))))[:_SKETCH_SIZE]
    return struct.pack(f"<{len(smallest)}I", *smallest)


class _Heard:
    """The sketches of the reviews that are kept so far."""

    def __init__(self) -> None:
        self._sketches: list[frozenset[int]] = []
        self._with_hash: dict[int, list[int]] = {}

    def has(self, sketch: bytes) -> bool:
        """Return whether a review like this one is there."""
        hashes = struct.unpack(f"<{len(sketch) // 4}I", sketch)
        shared = Counter(place for each in hashes for place in self._with_hash.get(each, ()))
        return any(_resemble(hashes, self._sketches[place]) for place, _ in shared.most_common(_MOST_ALIKE))

    def add(self, sketch: bytes) -> None:
        """Add a review."""
        hashes = struct.unpack(f"<{len(sketch) // 4}I", sketch)
        for each in hashes:
            places = self._with_hash.setdefault(each, [])
            if len(places) < _MOST_ALIKE:
                places.append(len(self._sketches))
        self._sketches.append(frozenset(hashes))


def _resemble(one: Sequence[int], other: frozenset[int]) -> bool:
    """Return whether two texts share most phrases, estimated from the smallest hashes of both (Broder 1997)."""
    both = sorted(other.union(one))[: max(len(one), len(other))]
    n_shared = len(other.intersection(one).intersection(both))
    return n_shared >= _LEAST_SHARED * len(both)


class _Claim(NamedTuple):
    """What decides when a review has its turn."""

    rating: float | None
    spoiler: bool
    helpful: int
    tie: tuple[object, ...]


def _in_turn(claims: Sequence[_Claim]) -> Iterator[int]:
    """Yield the positions of reviews in the order in which they are kept.

    Each range of ratings has its turns in proportion to the square root of its reviews: a work that nearly everyone
    loves stays one, and the few who do not are heard. In a range those that are not marked as spoilers come first, then
    the more helpful ones.
    """
    ranges: dict[int, list[int]] = {}
    for position, claim in enumerate(claims):
        step = -1 if claim.rating is None else min(int(claim.rating * _RATING_STEPS), _RATING_STEPS - 1)
        ranges.setdefault(step, []).append(position)
    turns: list[tuple[float, int, int]] = []
    weights: Mapping[int, float] = {step: sqrt(len(positions)) for step, positions in ranges.items()}
    for step, positions in ranges.items():
        positions.sort(key=lambda position: (claims[position].spoiler, -claims[position].helpful, claims[position].tie))
        heappush(turns, (0.5 / weights[step], step, 0))
    while turns:
        _, step, n_taken = heappop(turns)
        yield ranges[step][n_taken]
        if n_taken + 1 < len(ranges[step]):
            heappush(turns, ((n_taken + 1.5) / weights[step], step, n_taken + 1))
