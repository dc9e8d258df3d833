"""Find what a request says of the names in it: "similar to", "Liked:", "put me to sleep"; pure."""

from __future__ import annotations

from typing import NamedTuple

from crawler.records import Kind
from search_api.understanding import mention_words as table
from search_api.understanding.mention_words import CUE_FORMS, Cue, Sentiment
from search_api.understanding.request_words import STOP, RequestWords

MOST_WORDS_TO_NEGATOR = 4
MOST_WORDS_TO_OPINION = 16
"""How far after a name an opinion of it is looked for: "I tried X, which everyone goes on about, and hated it"."""


class Heading(NamedTuple):
    """The heading of a list, what it says, and the last word of its sentence: "Liked: X, Y."."""

    at: int
    end: int
    sentiment: Sentiment


class FoundCues:
    """The cues of a request.

    Attributes:
        before: For each word the cue that ends before it. Between the two only fillers stand: "loved the film ...".
        starts: For each word the index where that cue begins; -1 without one.
        kinds: For each word the kind of work that a noun before it says: "the movie ...".
        headings: The headings of lists.
    """

    def __init__(self, words: RequestWords) -> None:
        self._words = words
        self._forms = [CUE_FORMS.get(word, word) for word in words.plain]
        n = len(words)
        self.before: list[Cue | None] = [None] * (n + 1)
        self.starts = [-1] * (n + 1)
        self.kinds: list[Kind | None] = [None] * (n + 1)
        for at in range(n):
            self._find_at(at)
            self._pass_on(at)
        for at in range(1, n):
            if words.breaks[at - 1] >= STOP:
                self.before[at], self.starts[at] = None, -1
        self.headings = [
            Heading(at, words.ends[at], sentiment)
            for at, token in enumerate(words.tokens)
            if (sentiment := table.HEADINGS.get(token.word)) and words.is_followed_by_colon(at)
        ]

    def _find_at(self, at: int) -> None:
        """Note the longest cue that begins at a word."""
        words = self._words
        for cue in table.BEFORE.get(self._forms[at], ()):
            end = at + len(cue.words)
            if tuple(self._forms[at:end]) != cue.words or any(stop >= STOP for stop in words.breaks[at : end - 1]):
                continue
            if cue.words == ("like",) and words.word(at - 1) in table.NOT_A_LIKE_AFTER:
                return
            present = self.before[end]
            is_within = present is not None and self.starts[end] < at and self.starts[end] + len(present.words) == end
            if not is_within:  # "finished" within "just finished"
                self.before[end], self.starts[end] = self._negate(cue, at), at
            return

    def _pass_on(self, at: int) -> None:
        """Pass a cue and a noun on over a filler."""
        words, word = self._words, self._words.plain[at]
        if words.breaks[at] >= STOP:
            return
        if self.before[at] and self.before[at + 1] is None and (word in table.FILLERS or words.is_possessive(at)):
            self.before[at + 1], self.starts[at + 1] = self.before[at], self.starts[at]
        if word in table.NOUN_KINDS:
            self.kinds[at + 1] = table.NOUN_KINDS[word]
        elif word in table.FILLERS:
            self.kinds[at + 1] = self.kinds[at]

    def _negate(self, cue: Cue, at: int) -> Cue:
        """Return a cue as a negator before it turns it: "not a fan of", "haven't seen"."""
        words = self._words
        turned: dict[Sentiment, Sentiment] = {"like": "unlike", "unlike": "like", "seen": "unseen", "except": "except"}
        for back in range(at - 1, max(-1, at - 1 - MOST_WORDS_TO_NEGATOR), -1):
            word = words.plain[back]
            if words.breaks[back] or not (word in table.NEGATORS or word in table.INTENSIFIERS):
                return cue
            if word in table.NEGATORS:
                return cue if words.word(back + 1) == "only" else cue._replace(sentiment=turned[cue.sentiment])
        return cue

    def after(self, at: int) -> tuple[Cue | None, int]:
        """Return the cue that begins at a word, or two fillers later, and its last word: "... put me to sleep"."""
        words = self._words
        if at >= len(words) or words.breaks[at - 1] >= STOP:
            return None, -1
        for start in range(at, min(at + 3, len(words))):
            for cue in table.AFTER.get(self._forms[start], ()):
                end = start + len(cue.words)
                if tuple(self._forms[start:end]) == cue.words:
                    return cue, end - 1
            if words.plain[start] not in table.AFTER_FILLERS or words.breaks[start] >= STOP:
                break
        return self._judgement(at) if words.plain[at] in table.BE else (None, -1)

    def _judgement(self, at: int) -> tuple[Cue | None, int]:
        """Return what is said after a form of "to be": "was not very good", "is too long"."""
        words = self._words
        is_negated = words.plain[at].endswith("nt")
        for end in range(at + 1, min(at + 6, words.ends[at] + 1)):
            word = words.plain[end]
            is_negated = is_negated or word in table.NEGATORS
            if word == "too":
                return Cue((), "like" if is_negated else "unlike", 0.7), end
            if word in table.PRAISE or word in table.BLAME:
                return Cue((), "like" if (word in table.PRAISE) != is_negated else "unlike", 1.0), end
        return None, -1

    def heading(self, at: int) -> Sentiment | None:
        """Return what the heading of the list that a word is in says; None without one."""
        of_list = [heading.sentiment for heading in self.headings if heading.at < at <= heading.end]
        return of_list[-1] if of_list else None

    def earlier_refusal(self, at: int) -> Sentiment | None:
        """Return the refusal that a sentence begins with: "what I can't stand is that whole school, X, Y"."""
        words = self._words
        for back in range(at - 1, max(0, at - MOST_WORDS_TO_OPINION), -1):
            if words.breaks[back] >= STOP or words.plain[back] == "but":
                return None
            if cue := self.before[back]:
                return cue.sentiment if cue.sentiment in ("unlike", "except") and cue.strength == 1.0 else None
        return None

    def later_opinion(self, last: int) -> Sentiment | None:
        """Return what the rest of the sentence, or the start of the next, says of a name: "... and hated it"."""
        words = self._words
        if self._is_regretted(last):
            return "unlike"
        n_stops = 0
        for at in range(last + 1, min(len(words), last + 1 + MOST_WORDS_TO_OPINION)):
            word = words.plain[at]
            if words.breaks[at - 1] >= STOP:
                n_stops += 1
                if n_stops > 1 or word not in table.CARRIES_ON:
                    return None
            if at > last + 1 and self.before[at] and words.is_name_like(at) and word not in table.REFERS_BACK:
                return None  # another name
            if opinion := self._opinion_at(at, last):
                return opinion
            if word in ("that", "it") and n_stops == 0 and words.word(at - 1) in ("not", "skip", "leave", "except"):
                return "seen"
        return None

    def _is_regretted(self, last: int) -> bool:
        """Return whether the person wants the time or the money for a work back: "I want my afternoon back"."""
        start = self._words.tokens[last].end
        return table.REGRETS.match(self._words.said, start, start + table.MOST_CHARACTERS_TO_REGRET) is not None

    def _opinion_at(self, at: int, last: int) -> Sentiment | None:
        """Return what a word says of a name before it: "loved it", "it bored me"."""
        words, word = self._words, self._words.plain[at]
        if words.word(at + 1) in table.REFERS_BACK:
            if word in table.HATED_IT:
                return "unlike"
            if word in table.LIKED_IT:
                before = words.plain[max(last + 1, at - 3) : at]
                return "unlike" if any(other in table.NEGATORS for other in before) else "like"
        if word in table.REFERS_BACK and words.word(at - 1) not in ("like", "of", "as"):
            said_of_it, _ = self.after(at if word in table.BE else at + 1)
            if said_of_it and said_of_it.sentiment in ("like", "unlike"):
                return said_of_it.sentiment
        return None
