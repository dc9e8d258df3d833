"""Make requests with the label of each word: clauses in any order, joined in many ways, with slips of the hand."""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from evaluation.reader_training.frames import FAMILIES, POST, SLOTS, Frame, split_slot
from evaluation.reader_training.words import WordBank
from search_api.understanding.query import WORD, Span
from search_api.understanding.token_labels import LABELS, Label

LOWER_CASE = 0.5
"""The share of requests in lower case; half of these lack apostrophes too."""
WITH_SLIPS = 0.15
"""The share of requests with slips of the hand."""
WITHOUT_PUNCTUATION = 0.12
LISTED = 0.15
"""How often a slot is filled by two or three phrases."""
DECORATED = 0.18
"""How often a title comes with its author, its year or its kind."""

POSTS = 0.3
"""The share of requests that are posts, or neighbouring sentences of one."""
WHOLE_POSTS = 0.4
"""The share of posts that are used whole."""

_CLAUSES = {1: 20, 2: 25, 3: 22, 4: 14, 5: 9, 6: 6, 7: 4}
"""How many clauses a request has, in proportion."""
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_PUNCTUATION = re.compile(r"[.,;:!?()]+")
_LISTS = (
    "{} and {}", "{} and {}", "{}, {}", "{} or {}", "{} & {}", "{}/{}", "{}, {} and {}", "{}, {}, {}", "{}, {} or {}",
)  # fmt: skip

Piece = tuple[str, Label]
"""A part of a request, and the label of its words."""


@dataclass(frozen=True)
class LabelledRequest:
    """A request.

    Attributes:
        text: The request.
        spans: The characters of each word.
        labels: The label of each word, as a position in `LABELS`.
    """

    text: str
    spans: tuple[Span, ...]
    labels: tuple[int, ...]


class RequestMaker:
    """A maker of requests, from frames and words."""

    def __init__(
        self, frames: Sequence[Frame], bank: WordBank, joints: Sequence[str], ends: Sequence[Sequence[str]]
    ) -> None:
        """Set up a maker.

        Args:
            frames: The sentences with slots; of each family as many clauses are made as `FAMILIES` says.
            bank: What fills the slots.
            joints: What stands between two clauses.
            ends: What stands before the first clause, and what after the last.
        """
        self._frames = defaultdict(list)
        for frame in frames:
            self._frames[frame.family].append(frame)
        self._families = [family for family in FAMILIES if family in self._frames]
        self._posts = self._frames.pop(POST, [])
        self._bank = bank
        self._joints = joints
        self._openings, self._endings = ends

    def make(self, random: Random) -> LabelledRequest:
        """Return a request; what `random` draws decides everything."""
        if self._posts and (not self._families or random.random() < POSTS):
            part = self._part_of_post(random, random.choice(self._posts))
            return label_words(self._change(random, [*self._fill(random, part)]))
        n_clauses = random.choices(list(_CLAUSES), list(_CLAUSES.values()))[0]
        families = random.choices(self._families, [FAMILIES[family] for family in self._families], k=n_clauses)
        frames = [random.choice(self._frames[family]) for family in families]
        return label_words(self._change(random, list(self._join(random, frames))))

    def make_of(self, frame: Frame, random: Random) -> LabelledRequest:
        """Return a request of one clause, without slips."""
        return label_words([*self._fill(random, frame)])

    @staticmethod
    def _part_of_post(random: Random, post: Frame) -> Frame:
        """Return a post, or some of its sentences that follow each other."""
        if random.random() < WHOLE_POSTS:
            return post
        first = random.randrange(len(post.sentences))
        last = random.randrange(first, len(post.sentences))
        return Frame(POST, " ".join(post.sentences[first : last + 1]))

    def _join(self, random: Random, frames: Sequence[Frame]) -> Iterator[Piece]:
        text = random.choice(self._openings)
        yield text, "other"
        for number, frame in enumerate(frames):
            pieces = list(self._fill(random, frame))
            is_last = number == len(frames) - 1
            joint = random.choice(self._endings if is_last else self._joints)
            end = pieces[-1][0].rstrip(".,;!" if joint.strip() else "")
            if end.endswith("?") and joint[:1] in ".,!?;":
                joint = joint[1:] or " "
            pieces[-1] = (end, pieces[-1][1])
            if not text.strip() or text.rstrip()[-1:] in ".!?\n" or text.endswith("\n"):
                pieces[0] = (pieces[0][0][:1].upper() + pieces[0][0][1:], pieces[0][1])
            yield from pieces
            yield joint, "other"
            text = joint

    def _fill(self, random: Random, frame: Frame) -> Iterator[Piece]:
        for position, piece in enumerate(frame.pieces):
            if position % 2 == 0:
                yield piece, "other"
            else:
                before, after = frame.pieces[position - 1].rstrip(" "), frame.pieces[position + 1].lstrip(" ")
                if not after and position + 2 < len(frame.pieces):
                    after = "{" + frame.pieces[position + 2] + "}"
                yield from self._fill_slot(random, piece, before.casefold(), after.casefold())

    def _fill_slot(self, random: Random, slot: str, before: str, after: str) -> Iterator[Piece]:
        name, word_class, words = split_slot(slot)
        label = SLOTS[name]
        if words:
            yield words, label
            return
        if name in "pfk":
            yield {"p": self._bank.person, "f": self._bank.fact, "k": self._kind}[name](random), label
            return
        make = self._title if name in "lust" else self._phrase(word_class, before, after)
        layout = random.choice(_LISTS) if random.random() < LISTED and name != "t" else "{}"
        for number, separator in enumerate(layout.split("{}")):
            yield separator, "other"
            if number < layout.count("{}"):
                yield from make(random, label)

    def _kind(self, random: Random) -> str:
        return random.choice(self._bank.kinds)

    def _phrase(self, word_class: str, before: str, after: str) -> Callable[[Random, Label], Iterator[Piece]]:
        def make(random: Random, label: Label) -> Iterator[Piece]:
            yield self._bank.phrase(random, word_class, before, after), label

        return make

    def _title(self, random: Random, label: Label) -> Iterator[Piece]:
        title = self._bank.title(random)
        if random.random() < 0.08:
            title = f'"{title}"'
        yield title, label
        if random.random() < DECORATED:
            year, kind = random.randrange(1920, 2026), self._kind(random)
            yield random.choice((
                f" by {self._bank.person(random)}", f" by {self._bank.person(random)}", f" ({year})", f" ({year})",
                f" {year}", f", the {year} one,", f" (the {kind})", f", the {kind},", f" the {kind}", f" from {year}",
            )), "other"  # fmt: skip

    @staticmethod
    def _change(random: Random, pieces: list[Piece]) -> list[Piece]:
        """Return the pieces in lower case, without punctuation, or with slips, each of them sometimes."""
        changes: list[Callable[[str], str]] = []
        if random.random() < LOWER_CASE:
            changes.append(str.lower)
            if random.random() < 0.5:
                changes.append(lambda text: _APOSTROPHE.sub("", text))
        if random.random() < WITHOUT_PUNCTUATION:
            changes.append(lambda text: _PUNCTUATION.sub("", text))
        if random.random() < WITH_SLIPS:
            changes.append(lambda text: re.sub(r"\w{4,}", lambda word: slip(random, word[0]), text))
        for change in changes:
            pieces = [(change(text), label) for text, label in pieces]
        return pieces


def slip(random: Random, word: str) -> str:
    """Return a word with a letter left out, doubled, replaced or exchanged with the next, one time in seven."""
    if random.random() > 1 / 7:
        return word
    at = random.randrange(1, len(word) - 1)
    return random.choice((
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + random.choice(string.ascii_lowercase) + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ))  # fmt: skip


def label_words(pieces: Sequence[Piece]) -> LabelledRequest:
    """Return the request of the pieces; a word that touches several pieces has the first label that is not "other"."""
    text, stretches = "", []
    for piece, label in pieces:
        if label != "other":
            stretches.append((len(text), len(text) + len(piece), LABELS.index(label)))
        text += piece
    spans = tuple(match.span() for match in WORD.finditer(text))
    labels = tuple(
        next((label for first, last, label in stretches if first < end and start < last), LABELS.index("other"))
        for start, end in spans
    )
    return LabelledRequest(text, spans, labels)
