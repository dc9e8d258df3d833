"""Split a text into sentences and clauses, and tell what each word is there for: wanted, refused or neither; pure.

A negator or a verb of dislike governs what follows it up to "but", a stop or a new subject: "no gore, violence or
nudity, just suspense". Some words govern what stands before them: "gore is fine, sex less so". A clause that reports
something of the person ("my week was brutal", "I teach history") asks for nothing.

The text is read once from left to right, with look-ups in tables, so the time is linear in its length.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from search_api.understanding.clause_words import (
    AFTER_BACKWARD,
    AFTER_NEGATOR,
    ASKS,
    BACKWARD_TABLE,
    BEFORE_ENOUGH,
    BEGINS_CLAUSE,
    BEGINS_WISH,
    ENDS_REFUSAL,
    FINITE,
    FORWARD_TABLE,
    IS_AFTER,
    NO,
    NOT,
    NOUNS_OF_WORKS,
    OPENS_PHRASE,
    OWN,
    PAST,
    PERSONS,
    REPORTS,
    RESETS,
    SOFTENERS,
    SOFTENING,
    STRONG_ASKS,
    SUBJECTS,
    SUBORDINATORS,
    VERBS_OF_LIKING,
    Effect,
    Table,
    spell,
)
from search_api.understanding.phrases import word_set
from search_api.understanding.references import find_refused

Span: TypeAlias = tuple[int, int]

_WORD = re.compile(r"\w+(?:'\w+)*")
_STOP = re.compile(r"[.!?;:()\n\0]|\s-+(?:\s|$)|--")
"""Punctuation that ends a clause. A gap between two words without it, apart from a comma, joins them."""
_END_OF_SENTENCE = re.compile(r"[.!?\n]")
_ABBREVIATIONS = word_set("mr mrs ms dr st vs eg ie etc jr sr prof no vol")

# --- clauses ---


class Clause(NamedTuple):
    """A stretch of a text with one subject, between stops, commas and words such as "but".

    `asks` is false where the stretch only reports something, mostly of the person: "I teach history". `is_own` is true
    where its subject is the person: "we", "my sister". `is_past` is true where it reports the past: "we loved it".
    """

    start: int
    end: int
    sentence: int
    asks: bool
    is_own: bool
    is_past: bool


class _Token(NamedTuple):
    word: str
    start: int
    end: int


class _Piece(NamedTuple):
    """The tokens of a clause, `first` to `last` exclusive, and what stands before them."""

    first: int
    last: int
    opener: Literal["stop", "comma", "word"]
    sentence: int


Kind: TypeAlias = Literal["verb", "no", "not", "soft", "neutral", "want", "than"]
NARROW: frozenset[Kind] = frozenset(("not", "soft", "than"))
"""What reaches only to the next "and" or "with"."""
MAX_LIST = 8
"""How many clauses a phrase such as "all welcome" reaches back."""


class _Mode(NamedTuple):
    """What governs the words from here on: a weight, its kind, and the tokens that brought it, `first` to `at`."""

    weight: float
    kind: Kind
    at: int
    first: int


class Clauses:
    """The sentences and clauses of a text, and the polarity of its words.

    Attributes:
        said: The text.
        sentences: The characters of each sentence, rising; together they hold every word.
        clauses: The clauses, rising; together they hold every word.
        stretches: The characters between stops, also those within a sentence such as ":".
        refused_spans: The characters that words elsewhere refuse: "I used to like sad films, I can't take them now".
    """

    def __init__(self, said: str) -> None:
        self.said = said
        self._tokens = [_Token(spell(match[0]), *match.span()) for match in _WORD.finditer(said)]
        self._starts = [token.start for token in self._tokens]
        pieces = self._split()
        self._weights = [0.0] * len(self._tokens)
        self._governors: list[int | None] = [None] * len(self._tokens)
        self._governed: list[int | None] = [None] * len(self._tokens)
        """For a word within a phrase such as "nothing too", but not for its first word, the word after the phrase."""
        self._refuses = [False] * len(self._tokens)
        """Whether a word belongs to a phrase that refuses others or leaves them open."""
        clauses: list[Clause] = []
        for piece in pieces:
            clauses.append(self._clause(piece, clauses[-1] if clauses and piece.opener == "comma" else None))
        self.clauses = tuple(clauses)
        self._clause_starts = [clause.start for clause in self.clauses]
        self._weigh(pieces)
        self.refused_spans = find_refused(said)
        self._refuse_from_afar()
        self.sentences = tuple(self._join(pieces, lambda piece, after: piece.sentence == after.sentence))
        self.stretches = tuple(self._join(pieces, lambda _, after: after.opener != "stop"))

    def governor(self, position: int) -> int | None:
        """Return where the words begin that decide the polarity at a position; None where nothing governs it."""
        at = bisect_right(self._starts, position) - 1
        governor = self._governors[at] if at >= 0 else None
        return None if governor is None else self._tokens[governor].start

    def unwanted(self) -> Iterator[tuple[Span, int]]:
        """Yield the words that are refused or left open, and those that say so, each with where what decides begins."""
        for at, token in enumerate(self._tokens):
            governor = self._governors[at]
            if self._refuses[at]:
                yield (token.start, token.end), token.start
            elif governor is not None and self._weights[at] <= 0:
                yield (token.start, token.end), self._tokens[governor].start

    def polarity(self, start: int, end: int) -> float:
        """Return how a stretch is asked for, by its first word.

        Returns:
            1 wanted; -0.5 wanted less or "not too much"; -1 refused; 0 neither, unsure, or reported.
        """
        at = max(bisect_right(self._starts, start) - 1, 0)
        while at < len(self._tokens) and self._tokens[at].end <= start:
            at += 1
        if at >= len(self._tokens) or self._tokens[at].start >= end:
            return 0.0
        governed = self._governed[at]
        return self._weights[at if governed is None else governed]

    def clause_at(self, position: int) -> Clause | None:
        """Return the clause that a position lies in, or the one before it; None before the first word."""
        at = bisect_right(self._clause_starts, position) - 1
        return self.clauses[at] if at >= 0 else None

    def reports_past(self, start: int, end: int) -> bool:
        """Return whether a stretch stands in a clause that reports the past: "I loved X", "we hated X"."""
        clause = self.clause_at(max(start, 0))
        return clause is not None and clause.is_past and clause.start < end

    # --- splitting ---

    def _split(self) -> list[_Piece]:
        pieces: list[_Piece] = []
        first, sentence = 0, 0
        opener: Literal["stop", "comma", "word"] = "stop"
        for at in range(1, len(self._tokens)):
            kind = self._boundary(at)
            if kind is None:
                continue
            pieces.append(_Piece(first, at, opener, sentence))
            first = at
            opener = "stop" if kind == "sentence" else kind
            sentence += kind == "sentence"
        if self._tokens:
            pieces.append(_Piece(first, len(self._tokens), opener, sentence))
        return pieces

    def _boundary(self, at: int) -> Literal["sentence", "stop", "comma", "word"] | None:
        """Return what parts a token from the one before it, None where they belong together."""
        before, token = self._tokens[at - 1], self._tokens[at]
        gap = self.said[before.end : token.start]
        if gap != " ":
            is_abbreviated = gap == ". " and (before.word in _ABBREVIATIONS or len(before.word) == 1)
            if not is_abbreviated and gap != "." and _STOP.search(gap):
                return "sentence" if _END_OF_SENTENCE.search(gap) else "stop"
            if "," in gap:
                return "word" if token.word in RESETS else "comma"
        if token.word in RESETS and before.word not in ("nothing", "anything", "everything", "all"):
            return "word"
        following = self._word(at + 1)
        joins = token.word in ("and", "so", "because", "since", "or")
        if joins and (following in SUBJECTS or following in BEGINS_CLAUSE):
            return "word"
        return None

    def _word(self, at: int) -> str:
        return self._tokens[at].word if 0 <= at < len(self._tokens) else ""

    def _join(self, pieces: list[_Piece], belong: Callable[[_Piece, _Piece], bool]) -> Iterable[Span]:
        """Yield the characters of the clauses that belong together."""
        first = 0
        for at, piece in enumerate(pieces):
            if at + 1 == len(pieces) or not belong(piece, pieces[at + 1]):
                yield self._tokens[pieces[first].first].start, self._tokens[piece.last - 1].end
                first = at + 1

    def _clause(self, piece: _Piece, previous: Clause | None) -> Clause:
        """Return a clause; after a comma, words without a verb belong to what the `previous` clause reports."""
        words = [token.word for token in self._tokens[piece.first : piece.last]]
        subject = words[1:3] if words[0] in ("and", "so", "but") else words[:2]
        starts_with_person = not PERSONS.isdisjoint(subject)
        known = set(words)
        refuses = not known.isdisjoint(NO) or not known.isdisjoint(NOT)
        if starts_with_person:
            is_after = any(pair in IS_AFTER for pair in pairwise(words))
            wishes = is_after or not known.isdisjoint(STRONG_ASKS)
            asks = wishes or (refuses and not known.isdisjoint(VERBS_OF_LIKING))
        else:
            is_superlative = len(words) > 1 and words[0] == "the" and (words[1].endswith("est") or words[1] == "most")
            reports = not known.isdisjoint(FINITE) and words[0] not in BEGINS_WISH and not is_superlative
            goes_on = words[0] not in ("so", "it's", "that's")  # "She loved X, so it's bleak futures"
            belongs = previous is not None and not previous.asks and known.isdisjoint(FINITE) and goes_on
            asks = refuses or not (reports or belongs) or not known.isdisjoint(ASKS)
        is_past = not REPORTS.isdisjoint(words[:3]) or (starts_with_person and not known.isdisjoint(PAST))
        is_past = is_past and known.isdisjoint(("want", "need", "should", "looking", "i'd", "give"))
        start, end = self._tokens[piece.first].start, self._tokens[piece.last - 1].end
        return Clause(start, end, piece.sentence, asks, not OWN.isdisjoint(subject), is_past)

    # --- polarity ---

    def _weigh(self, pieces: list[_Piece]) -> None:
        mode: _Mode | None = None
        explicit: list[bool] = []
        for number, piece in enumerate(pieces):
            base = float(self.clauses[number].asks)
            mode = self._carry(mode, pieces, number) if piece.opener == "comma" else None
            mode, is_explicit = self._weigh_piece(piece, base, mode)
            explicit.append(is_explicit)
            self._weigh_back(pieces, number, explicit)

    def _weigh_piece(self, piece: _Piece, base: float, mode: _Mode | None) -> tuple[_Mode | None, bool]:
        """Weigh the words of a clause from left to right; return what governs its end, and whether anything did."""
        at, is_explicit, has_more = piece.first, False, False
        while at < piece.last:
            word = self._tokens[at].word
            self._set(at, mode, base)
            length, effect = self._look_up(FORWARD_TABLE, at, piece.last)
            is_enough = word == "enough" and (at == piece.first or self._word(at - 1) in BEFORE_ENOUGH)
            if effect is None and (word in NO or is_enough):
                length, effect = 1, "deny"
            if effect is None and word in NOT:
                length, effect = 1, "deny" if self._negates_wish(at, piece) else "neutral"
            if effect is not None:
                weight = 0.0 if effect == "neutral" else self._weights[at]
                self._weights[at : at + length] = [weight] * length
                if at + length < piece.last and effect != "mute":
                    self._governed[at + 1 : at + length] = [at + length] * (length - 1)
                if effect not in ("mute", "want"):
                    self._refuses[at : at + length] = [True] * length
                mode = self._enter(effect, at, length, mode, base)
                is_explicit = is_explicit or effect != "mute"
                has_more = has_more or word == "more"
                at += length
                continue
            if word == "free" and at > piece.first and self._frees(at, piece):
                self._weights[at - 1], self._governors[at - 1], self._refuses[at] = -1.0, at - 1, True
                at += 1
                continue
            mode = self._continue(word, at, piece, mode, has_more)
            self._set(at, mode, base)
            at += 1
        return mode, is_explicit

    def _refuse_from_afar(self) -> None:
        """Refuse the words that a heading, or a later word that refers back to them, refuses."""
        for start, end in self.refused_spans:
            first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
            for at in range(first, last):
                self._weights[at], self._governors[at], self._governed[at] = -1.0, at, None

    def _frees(self, at: int, piece: _Piece) -> bool:
        """Return whether "free" refuses the word before it: "violence-free", "a gore free film"."""
        gap = self.said[self._tokens[at - 1].end : self._tokens[at].start]
        before, after = self._word(at - 1), self._word(at + 1) if at + 1 < piece.last else ""
        return after != "of" and (gap == "-" or (after in NOUNS_OF_WORKS and before not in ("a", "the", "for")))

    def _set(self, at: int, mode: _Mode | None, base: float) -> None:
        self._weights[at] = mode.weight if mode else base
        self._governors[at] = mode.first if mode else None

    def _look_up(self, table: Table, at: int, last: int) -> tuple[int, Effect | None]:
        """Return the length and effect of the longest phrase of a table that begins at a token."""
        for words, effect in table.get(self._tokens[at].word, ()):
            if at + len(words) <= last and all(
                self._tokens[at + offset].word == word for offset, word in enumerate(words)
            ):
                return len(words), effect
        return 0, None

    def _negates_wish(self, at: int, piece: _Piece) -> bool:
        """Return whether "isn't" and the like refuse: "one that isn't sad" does, "loud isn't frightening" does not."""
        word, before = self._tokens[at].word, self._word(at - 1) if at > piece.first else ""
        if word == "not" and before in ("is", "are", "was", "were"):
            before = self._word(at - 2) if at - 1 > piece.first else ""
        elif word not in ("isn't", "aren't", "wasn't", "weren't"):
            return True
        is_subject = (
            before in SUBJECTS or before in NOUNS_OF_WORKS or before in ("that", "which", "who", "", "and", "just")
        )
        return is_subject or self._word(at + 1) in ("too", "for")

    def _enter(self, effect: Effect, at: int, length: int, mode: _Mode | None, base: float) -> _Mode | None:
        """Return what governs the words after a phrase of the tables."""
        if effect == "mute":
            return mode
        word, last = self._tokens[at].word, at + length - 1
        if effect == "want":
            is_held = mode is not None and mode.weight < 0 and not self._has_content(mode.at + 1, at)
            return mode if is_held else _Mode(1.0, "want", last, at)
        if effect == "neutral" or self._is_double(at, mode):
            return _Mode(0.0, "neutral", last, at)
        if effect == "soften":
            is_asked = bool(base) or word in ("not", "nothing", "no")
            return _Mode(-0.5 if is_asked else 0.0, "soft", last, at)
        kind: Kind = "verb" if length > 1 else "no" if word in NO else "not" if word in NOT else "verb"
        return _Mode(-1.0, kind, last, at)

    def _is_double(self, at: int, mode: _Mode | None) -> bool:
        """Return whether a negator follows another: "don't hate", "not without", but not "no blood, no gore"."""
        word = self._tokens[at].word
        is_after_negator = mode is not None and mode.weight < 0 and mode.kind in ("not", "no")
        if mode is None or not is_after_negator or word in ("nor", "too") or self._has_content(mode.at + 1, at):
            return False
        return mode.kind == "not" or word not in NO

    def _continue(self, word: str, at: int, piece: _Piece, mode: _Mode | None, has_more: bool) -> _Mode | None:
        """Return what governs a word that is in no table, from what governed the word before it."""
        if mode is None or mode.kind == "want":
            return _Mode(-0.5, "than", at, at) if word == "than" and has_more else mode
        if not self._has_content(mode.at + 1, at):
            return self._extend(word, at, mode)
        is_subject = word in SUBJECTS and self._word(at - 1) not in SUBORDINATORS
        if is_subject or word in ENDS_REFUSAL or (word == "with" and mode.kind in NARROW):
            return None
        return self._after_and(at, piece, mode) if word == "and" else mode

    def _extend(self, word: str, at: int, mode: _Mode) -> _Mode:
        """Return what governs the words after one that only belongs to a negator: "doesn't like", "isn't too"."""
        if word in VERBS_OF_LIKING and mode.kind == "not":
            return _Mode(mode.weight, "verb", at, mode.first)
        can_soften = mode.weight == -1 and (mode.kind != "verb" or self._word(mode.at) in VERBS_OF_LIKING)
        if word in SOFTENING and can_soften and all(self._word(i) in AFTER_NEGATOR for i in range(mode.at + 1, at)):
            return _Mode(-0.5, mode.kind, at, mode.first)
        return mode

    def _after_and(self, at: int, piece: _Piece, mode: _Mode) -> _Mode | None:
        """Return what governs the words after "and": "no gore and violence", but "not sad and with a happy end"."""
        following = self._word(at + 1) if at + 1 < piece.last else ""
        if following in ("anything", "any") and mode.weight < 0:
            return mode
        if following in OPENS_PHRASE or following in FINITE:
            return None
        return _Mode(0.0, "neutral", at, mode.first) if mode.kind in NARROW else mode

    def _has_content(self, first: int, last: int) -> bool:
        """Return whether tokens hold a word that says something of a work."""
        return any(
            self._word(at) not in AFTER_NEGATOR
            and self._word(at) not in NOUNS_OF_WORKS
            and self._word(at) not in SOFTENERS
            for at in range(first, min(last, first + 8))
        )

    def _carry(self, mode: _Mode | None, pieces: list[_Piece], number: int) -> _Mode | None:
        """Return what governs the words after a comma: "no gore, violence or nudity", but "no gore, a comedy"."""
        if mode is None or mode.kind in ("want", "than"):
            return None
        piece = pieces[number]
        words = [self._word(at) for at in range(piece.first, min(piece.last, piece.first + 6))]
        if not self._has_content(mode.at + 1, pieces[number - 1].last):
            return mode  # "nothing, absolutely nothing, sad"
        opens = words[0] in OPENS_PHRASE and not (mode.kind == "verb" and words[0] == "the")
        if opens or not FINITE.isdisjoint(words[:4]):
            return None
        joint = words[0] if words[0] in ("or", "nor", "and") else ""
        if joint and len(words) > 1 and (words[1] in OPENS_PHRASE or words[1] in FINITE):
            return None
        closes = joint or self._closing_joint(pieces, number)
        if (
            closes in ("or", "nor")
            or (closes == "and" and mode.kind in ("verb", "no", "neutral"))
            or mode.kind == "verb"
        ):
            return mode
        return _Mode(0.0, "neutral", mode.at, mode.first)

    def _closing_joint(self, pieces: list[_Piece], number: int) -> str:
        """Return the "or", "nor" or "and" that closes a list of bare words, in this clause or the next few."""
        for piece in pieces[number : number + 6]:
            if piece.first != pieces[number].first and piece.opener != "comma":
                break
            words = [self._word(at) for at in range(piece.first, min(piece.last, piece.first + 5))]
            joint = next((word for word in words if word in ("or", "nor", "and")), "")
            if joint:
                return joint
            if piece.last - piece.first > 3:
                break
        return ""

    def _weigh_back(self, pieces: list[_Piece], number: int, explicit: list[bool]) -> None:
        """Weigh the words before a phrase that governs what precedes it: "gore is fine", "sex less so"."""
        piece = pieces[number]
        for at in range(piece.first, piece.last):
            length, effect = self._look_up(BACKWARD_TABLE, at, piece.last)
            word = self._tokens[at].word
            if effect is None and word == "no" and at == piece.last - 1:
                length, effect = 1, "deny"
            if effect is None or not self._ends_clause(at + length, piece, word):
                continue
            weight = {"deny": -1.0, "soften": -0.5, "neutral": 0.0, "want": 1.0}.get(effect, 0.0)
            first = piece.first
            if not self._has_content(first, at) or self._word(at - 1) == "all":
                oldest = max(number - MAX_LIST, 0)
                while number > oldest and pieces[number].opener == "comma" and not explicit[number - 1]:
                    number -= 1
                    first = pieces[number].first
                if number > 0 and first == piece.first and self._is_short_question(pieces, number - 1):
                    first = pieces[number - 1].first  # "Zombies? No thanks."
            self._weights[first:at] = [weight] * (at - first)
            self._governors[first:at] = [at] * (at - first)
            self._refuses[at : at + length] = [weight <= 0] * length
            return

    def _ends_clause(self, at: int, piece: _Piece, word: str) -> bool:
        """Return whether a clause, or what it says of its subject, ends before a token."""
        if at >= piece.last:
            return True
        after = self._word(at)
        if after in ("too", "so", "to") and at + 1 < piece.last and self._word(at - 1) in ("not", "isn't", "aren't"):
            return False  # "a book that is not too long"
        if word in ("no", "yes", "ok", "okay", "fine", "isn't", "aren't", "a", "or"):
            is_polite = word in ("ok", "okay", "fine") and after in ("for", "by", "with")
            return is_polite or after in ("and", "though", "either", "please", "thanks")
        return after in AFTER_BACKWARD

    def _is_short_question(self, pieces: list[_Piece], number: int) -> bool:
        piece = pieces[number]
        following = self.said[self._tokens[piece.last - 1].end : self._tokens[piece.last].start]
        return "?" in following and piece.last - piece.first <= 4
