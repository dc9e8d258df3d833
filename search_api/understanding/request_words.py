"""The words of a request as names are looked up, with what the readers of names ask of each; pure."""

from __future__ import annotations

from functools import cached_property

from indexer.name_keys import SMALL_WORDS, common_words, key_words
from search_api.understanding.phrases import word_set
from search_api.understanding.query import Span

COMMON, VERY_COMMON = 10_000, 3_000
"""Places in the list of frequent words; a word that is not in it has place `COMMON`."""

NO_BREAK, COMMA, STOP = 0, 1, 2
"""What parts two words: nothing; a comma, a quotation mark or the like; the end of a sentence, or a bracket."""

_FIRST_PERSON = word_set("i im ive id ill")
_ABBREVIATED = word_set("mr mrs ms dr st vs vol vols pt no jr sr")
_SOFT_MARKS = frozenset(',:/&+*"')


class RequestWords:
    """The words of a request.

    Attributes:
        said: The request.
        tokens: Its words with their characters, as `key_words` returns them.
        plain: The words.
        places: The place of each word among the frequent words.
        capitals: Whether each word begins with a capital.
        breaks: What parts each word from the next: `NO_BREAK`, `COMMA` or `STOP`.
    """

    def __init__(self, said: str) -> None:
        self.said = said
        self.tokens = key_words(said)
        self.plain = [token.word for token in self.tokens]
        frequent = common_words()
        self.places = [frequent.get(word, COMMON) for word in self.plain]
        self.capitals = [said[token.start].isupper() for token in self.tokens]
        ends = [token.start for token in self.tokens[1:]]
        self.breaks = [
            _break_in(said[token.end : end], token.word) for token, end in zip(self.tokens, ends, strict=False)
        ]
        self.breaks.append(STOP)

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def has_plain_case(self) -> bool:
        """Whether a capital marks a name: some words besides "of" and the like are in lower case."""
        heavy = [token for token in self.tokens if token.word not in SMALL_WORDS]
        n_lower = sum(self.said[token.start].islower() for token in heavy)
        return n_lower >= 2 or 4 * n_lower >= len(heavy)

    @cached_property
    def marks_names(self) -> bool:
        """Whether the person writes names with capitals: a word within a sentence has one."""
        return self.has_plain_case and any(
            capital and self.breaks[at] < STOP and self.plain[at + 1] not in _FIRST_PERSON
            for at, capital in enumerate(self.capitals[1:])
        )

    @cached_property
    def bare(self) -> list[str]:
        """The words without the ending of the possessive: "tarkovsky" for "Tarkovsky's"."""
        return [
            word[:-1] if word[-1:] == "s" and self.said[token.end - 2 : token.end] in ("'s", "\u2019s") else word
            for word, token in zip(self.plain, self.tokens, strict=True)
        ]

    @cached_property
    def ends(self) -> list[int]:
        """For each word the last word before the next `STOP`."""
        ends = [0] * len(self.tokens)
        end = len(self.tokens) - 1
        for at in range(end, -1, -1):
            if self.breaks[at] >= STOP:
                end = at
            ends[at] = end
        return ends

    def word(self, at: int) -> str:
        """Return the word at an index; "" past either end."""
        return self.plain[at] if 0 <= at < len(self.plain) else ""

    def span(self, first: int, last: int) -> Span:
        """Return the characters from word `first` to word `last`."""
        return self.tokens[first].start, self.tokens[last].end

    def starts_sentence(self, at: int) -> bool:
        """Return whether a word is the first after a stop."""
        return at == 0 or self.breaks[at - 1] >= STOP

    def is_followed_by_colon(self, at: int) -> bool:
        """Return whether a colon stands right after a word."""
        end = self.tokens[at].end
        return self.said[end : end + 1] == ":"

    def is_possessive(self, at: int) -> bool:
        """Return whether a word is somebody's name before what is theirs: "Tarkovsky's Stalker"."""
        return self.capitals[at] and self.bare[at] != self.plain[at]

    def is_name_like(self, at: int) -> bool:
        """Return whether a capital marks a word as part of a name."""
        return self.capitals[at] and self.has_plain_case

    def is_title_case(self, at: int) -> bool:
        """Return whether a word has a capital first and only small letters after it, where that says something."""
        start, end = self.tokens[at].start, self.tokens[at].end
        return self.is_name_like(at) and not self.said[start + 1 : end].isupper()


def _break_in(gap: str, before: str) -> int:
    if gap in (" ", "-", "'", ""):
        return NO_BREAK
    marks = set(gap) - {" ", "-", "'", "_", "\u00b7"}
    if not marks:
        return COMMA if " - " in gap or "--" in gap else NO_BREAK
    if marks == {"."} and (gap == "." or before in _ABBREVIATED or len(before) == 1):  # "Mr. Fox", "E.T."
        return NO_BREAK
    return COMMA if marks <= _SOFT_MARKS else STOP
