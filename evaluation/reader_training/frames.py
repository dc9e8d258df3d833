"""Read the frames that requests are made of: sentences with slots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from evaluation.errors import FramesInvalid
from search_api.understanding.token_labels import Label

SLOTS: dict[str, Label] = {
    "w": "wish", "a": "dislike", "n": "other", "o": "other", "l": "like", "u": "unlike", "s": "seen", "t": "other",
    "p": "other", "f": "other", "k": "other",
}  # fmt: skip
"""The label of what fills each slot. w: wished; a: refused; n: mentioned neutrally; o: a decoy, an asking word that
asks for nothing; l, u, s, t: a title that is liked, disliked, seen or excluded, or named without an opinion; p: a
person; f: a fact, such as a year; k: a noun for a kind of work."""
FAMILIES = {
    "wish": 22, "dislike": 16, "mixed": 14, "like": 12, "unlike": 6, "liked-and-not": 6, "seen": 7, "neutral": 7,
    "fact": 9, "audience": 4, "chat": 13, "back": 6, "remember": 3,
}  # fmt: skip
"""How often a clause is of each family, in proportion: a family is a folder of frames by what they do. "liked-and-not":
a work is liked and another is not; "back": a sentence that refers back to the one before; "remember": a work that a
person remembers; "chat": small talk."""
POST = "post"
"""The family of frames that are whole posts of several sentences, as people write them."""
WORD_CLASSES = frozenset(("", "noun", "adj", "verb", "clause"))
"""What may follow the name of a slot for words, as in "{w:adj}"; without it the words around the slot tell."""
_SLOT = re.compile(r"\{([^{}]+)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?![^{}]*\})")


@dataclass(frozen=True)
class Frame:
    """A sentence with slots.

    Attributes:
        family: What it does, one of `FAMILIES`.
        text: The sentence, with each slot as "{w}", or as "{w=words}" where the words are given.
    """

    family: str
    text: str

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Its literal texts and its slots by turns, a literal text first and last."""
        return tuple(_SLOT.split(self.text))

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Its sentences, with their slots."""
        return tuple(_SENTENCE_END.split(self.text))


def packaged_frames() -> list[Path]:
    """Return the files of frames that ship, by name; each is written by another hand."""
    folder = Path(str(files("evaluation") / "reader_training" / "frames"))
    return sorted(folder.glob("*.txt"))


def read_frames(path: Path) -> list[Frame]:
    """Return the frames of a file, a line "family: text" each; lines that are empty or begin with "#" are left out.

    Raises:
        FramesInvalid: A line names no family of `FAMILIES`, or a slot that is not one of `SLOTS`.
    """
    return list(_parse(path))


def _parse(path: Path) -> Iterator[Frame]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        family, _, text = (part.strip() for part in line.partition(":"))
        families = (*FAMILIES, POST)
        if family not in families or not text:
            raise FramesInvalid(f"{path}, line {number}: begin with one of {', '.join(families)}, a colon and a text")
        frame = Frame(family, text)
        for slot in frame.pieces[1::2]:
            name, word_class, _ = split_slot(slot)
            if name not in SLOTS or word_class not in WORD_CLASSES:
                raise FramesInvalid(f"{path}, line {number}: {{{slot}}} is not a slot: use {', '.join(SLOTS)}")
        yield frame


def split_slot(slot: str) -> tuple[str, str, str]:
    """Return the name of a slot, the class of its words, and the words that it gives; these two may be empty."""
    head, _, words = slot.partition("=")
    name, _, word_class = head.partition(":")
    return name, word_class, words
