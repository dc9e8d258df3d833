"""What is left of a request once its parts are read: the text to search for, and what nothing could read; pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from search_api.understanding import phrases
from search_api.understanding.clause_words import NOT
from search_api.understanding.clauses import Clauses
from search_api.understanding.phrases import any_case, word_set
from search_api.understanding.query import TAKEN, WORD, Query, Span, blank
from search_api.understanding.token_labels import TokenLabels

MAX_GUESSED_WORDS = 15
MAX_IGNORED, MAX_IGNORED_WORDS = 5, 10
MAX_WHOLE_WORDS = 6
"""Of a longer request only the wished words are searched for."""
LEAST_SHARE_OF_WISH = 0.2
"""The least probability of the label "wish" for a word of such a request to be searched for."""
LEAST_SHARE_OF_REFUSED, PLAINLY_REFUSED = 0.15, 0.6
"""The least probability of "dislike" for a word that its clause refuses to be refused, and for any other word."""
SURE_OF_WISH, LEAST_SURE_WORDS = 0.5, 3
"""Without a value that is asked for, so many words must be wished with this probability for the others to be left out:
"My dad has dementia. I want to understand it" is about its talk."""
MOST_GAP = 1
"""How many words between two wished words are searched for too: "rivalry [between] two sisters"."""

_SAYS_NOTHING = word_set(
    "a an the and or but of to in on at by with from for as is are be been was were that this these those it its it's "
    "i i'm i'd me my we us our you your he she they them his her their some any something anything one ones thing "
    "things stuff good great best better nice decent fine cool amazing awesome excellent brilliant top favourite "
    "favorite interesting well known must see watch read film films movie movies book books novel novels flick flicks "
    "picture pictures story stories new old recent latest short long really very quite so too just also only maybe "
    "please pls plz thanks thank help want need like love looking find give show recommend recommendation "
    "recommendations rec recs suggest suggestion suggestions idea ideas tonight today tomorrow weekend now next what "
    "which who when where how can could would should will do does did have has had got get let know there here out up "
    "all more most much least stand bear abide handle into keen main bother bothered problem say matter mind hi hello "
    "hey ok okay fan mood time days year years if not no nothing none ever else other another lot lots bit about "
    "involving featuring"
)
"""Words that say nothing of a work, so that nothing can be guessed from them."""
_EMPTY = _SAYS_NOTHING | NOT
_NUMBER = re.compile(r"[\d']+s?$")
_JOINTS = word_set("and or nor")
_FORM = any_case(
    r"\bblack[ -]and[ -]white\b|\bb ?& ?w\b|\bin (?:colou?r|technicolou?r|3d|imax|4k)\b|\bsubtit\w+\b|\bdubbed\b"
    r"|\bdubbing\b|\bsoundtracks?\b|\baudio ?books?\b|\bnarrat(?:ed|or) by\b|\bon (?:netflix|prime|disney\+?|hulu"
    r"|kindle|audible|dvd|blu-?ray)\b|\bfree to (?:watch|stream|read)\b|\blarge print\b|\bin cinemas\b"
)
"""What works are like that no source tells: nothing can be looked up, and nothing is guessed from it."""
_LIKE_A_NAME = any_case(r"\b(?:like|similar to|than|by|called|titled|in the vein of|author of|with|starring) ")
_RELATIVE = any_case(
    r"(?:\bwith (?:an? |the |some |two |three )?(?:[\w'-]+ ){1,3})?"
    r"(?P<clause>\b(?:where|in which|whose|who|that|when)\b(?= (?:[\w'-]+ ){0,3}?(?:[\w'-]+s|isn't|doesn't|don't|didn't"
    r"|won't|can't|never|not|actually|\w+ed|win|lose|die|live|is|are|has|have|gets?|goes|go|do|does)\b)"
    r"[^,;.!?()\0]*)"
)
"""A clause about what happens in the work: "where the villain wins", "with a dog that doesn't die"."""
_KIND_NOUN = any_case(rf"\b(?:{'|'.join((*phrases.MOVIE_NOUNS, *phrases.BOOK_NOUNS))})\b")
_OPENS_NAME = re.compile(r"(?<![.!?:] )(?<!^)\b[A-Z][\w'-]+(?: (?:of|the|and|[A-Z][\w'-]*))*")
_COURTESY = any_case(
    r"\b(?:any (?:good )?(?:recs?|recommendations?|suggestions?|ideas)|recs?|recommendations?|suggestions?|please|pls"
    r"|plz|thanks?(?: you)?(?: so much| a lot| in advance)?|thx|cheers|help me out|help us out|can anyone help"
    r"|(?:any |some |a |the |really |very )*(?:good|great|decent|nice|best|top)\b(?! (?:and|vs|versus|against)\b)"
    r"|would be (?:great|nice|lovely|perfect|appreciated)|if (?:possible|you can|that makes sense))\b"
)


class Remainder(NamedTuple):
    """What is left of a request.

    Attributes:
        text: What the text legs search for; never blank.
        has_more: Whether the text wishes more than what wishes were read from.
        subject: The words of the text that may name what works are about; blank if it only names values.
        is_about: Whether the subject is said to be one: "about forgiveness".
        guessable: The text from which values may be guessed; blank if nothing can be.
        ignored: The wishes that nothing read and that no text can be searched for, as they were said.
        refused: What is refused and nothing read, as it was said: works that have these words are not wanted.
    """

    text: str
    has_more: bool
    subject: str
    is_about: bool
    guessable: str
    ignored: tuple[str, ...]
    refused: tuple[str, ...]


def read_remainder(
    query: Query,
    said: str,
    clauses: Clauses,
    *,
    used_up: Collection[Span],
    denied: Collection[Span],
    wanted: Collection[Span],
    liked: Collection[str],
    namings: Collection[Span] = (),
    stand_ins: Collection[Span] = (),
    labels: TokenLabels | None = None,
) -> Remainder:
    """Return what is left of a request.

    Args:
        query: The request with its names blanked out.
        said: The request.
        clauses: Its clauses.
        used_up: Characters of names and facts.
        denied: Characters of what is refused.
        wanted: Characters of what wishes were read from; they are searched for as well.
        liked: Titles of the works to be like.
        namings: Those of `wanted` that name a value or tag: "funny", but not "submarine" for what is claustrophobic.
        stand_ins: Those of `denied` that name no value or tag.
        labels: What each word is there for; of a long request only the wished words are searched for.
    """
    courtesy = [*_wrapping(query.text, clauses), *(match.span() for match in _FORM.finditer(query.text))]
    refused = [*denied, *(span for span in _refused(query, clauses) if TAKEN not in query.text[slice(*span)])]
    talk = _talk(clauses, wanted)
    left = blank(said, [*used_up, *courtesy, *refused, *talk])
    is_plain = labels is None or bool(wanted or liked) or _is_plain(left, labels)
    if labels and not is_plain:
        left = blank(said, [*used_up, *courtesy, *refused])
    elif labels and len(WORD.findall(left)) > MAX_WHOLE_WORDS:
        wished = blank(left, _unwished(left, labels, wanted))
        left = wished if _says_something(_tidy(wished)) else left
    unwished = _talk_words(said, labels, wanted) if labels else []
    rest = _tidy(blank(left, [*wanted, *unwished]))
    asked = [word for span in wanted for word in _asking_words(said, span, used_up)]
    content = blank(_restore(left, said, asked), namings)
    if len(query.tokens) > MAX_GUESSED_WORDS:
        content = blank(content, unwished)
    about = _tidy(blank(content, _outside_of_about(query)))
    is_about = _says_something(about)
    if labels and asked and not is_about and not WORD.search(rest):
        left = content = blank(said, [match.span() for match in WORD.finditer(said)])
        content = blank(_restore(content, said, asked), namings)
    subject = about if is_about else _tidy(blank(content, unwished))
    text = _text(said, left, refused, asked, liked, is_whole=not (used_up or courtesy or refused or talk))
    refused_runs = _runs(query, clauses, [*used_up, *denied, *wanted], labels)
    ignored = _ignored(query, said, clauses, [*used_up, *denied, *wanted])
    return Remainder(
        text,
        is_about or bool(WORD.search(rest)),
        subject if _says_something(subject) and not _NUMBER.match(subject) else "",
        is_about,
        _guessable(text),
        ignored,
        _as_said(said, [*refused_runs, *stand_ins]),
    )


# --- the text to search for ---


def _wrapping(text: str, clauses: Clauses) -> Iterator[Span]:
    """Yield the words of courtesy and of asking, which say nothing about the work."""
    for match in phrases.MARKERS.finditer(text):
        yield match.span()
    for start, end in clauses.sentences:
        at = start
        while (opening := phrases.OPENING.match(text, at, end)) and opening.end() > at:
            yield opening.span()
            at = opening.end()
    for match in _COURTESY.finditer(text):
        yield match.span()
    if ending := phrases.POLITE_END.search(text, max(0, len(text) - 80)):
        yield ending.span()


def _refused(query: Query, clauses: Clauses) -> Iterator[Span]:
    """Yield the words that a request refuses or leaves open: in the text they would find what is not wanted."""
    yield from (span for span, governor in clauses.unwanted() if query.part(governor) == "request")


def _talk(clauses: Clauses, wanted: Collection[Span]) -> list[Span]:
    """Return the clauses that ask for nothing, if any other clause asks for something.

    In a single sentence these are only what a person says of themselves: "I just got dumped, cheer me up".
    """
    is_long = len(clauses.sentences) > 1
    spans = [
        (clause.start, clause.end)
        for clause in clauses.clauses
        if (not clause.asks or clause.is_past)
        and (is_long or clause.is_own)
        and not any(clause.start <= start < clause.end for start, _ in wanted)
    ]
    return spans if len(spans) < len(clauses.clauses) else []


def _text(
    said: str, left: str, refused: Collection[Span], wanted: Iterable[Span], liked: Iterable[str], *, is_whole: bool
) -> str:
    """Return the text to search for: the unread words and those that ask for values, else liked titles; never blank."""
    if is_whole:
        return said
    left = _restore(left, said, wanted)
    wanted_only = " ".join(said[start:end] for start, end in wanted)
    for text in (_tidy(left), wanted_only, ", ".join(liked)):
        if _says_something(text):
            return text
    if noun := _KIND_NOUN.search(said):  # "a good American film": a title such as "The Good American" is not meant
        return noun[0]
    plain = _tidy(blank(said, refused))
    return plain if WORD.search(plain) else said


def _outside_of_about(query: Query) -> list[Span]:
    """Return the words of a request that are not said to be what a work is about, or where it is set."""
    words = [(token.start, token.end) for token in query.tokens]
    return [word for word in words if query.part(word[0]) not in ("about", "setting")]


def _restore(left: str, said: str, spans: Iterable[Span]) -> str:
    """Return a text with some characters as they were said."""
    for start, end in spans:
        left = left[:start] + said[start:end] + left[end:]
    return left


def _is_plain(text: str, labels: TokenLabels) -> bool:
    """Return whether a text has enough words that are surely wished to be read without the others."""
    sure = (labels.share(*match.span())["wish"] >= SURE_OF_WISH for match in WORD.finditer(text))
    return sum(sure) >= LEAST_SURE_WORDS


def _unwished(text: str, labels: TokenLabels, wanted: Collection[Span]) -> list[Span]:
    """Return the words that the labels take for no wish, but for small gaps between wished words."""
    words = [match.span() for match in WORD.finditer(text)]
    asked = Spans(wanted)
    is_kept = [labels.share(*word)["wish"] >= LEAST_SHARE_OF_WISH or asked.overlap(word) for word in words]
    for at in range(1, len(words) - 1):
        near = range(max(0, at - MOST_GAP), at), range(at + 1, min(len(words), at + 1 + MOST_GAP))
        is_within = all(any(is_kept[other] for other in side) for side in near)
        is_refused = labels.share(*words[at])["dislike"] >= LEAST_SHARE_OF_WISH
        is_kept[at] = is_kept[at] or (is_within and not is_refused and text[words[at - 1][1] : words[at][0]].isspace())
    if not any(is_kept):
        return []
    return [word for word, kept in zip(words, is_kept, strict=True) if not kept]


def _asking_words(said: str, span: Span, used_up: Collection[Span]) -> list[Span]:
    """Return the words of a phrase that asks for something; "film" in "funny film" only says the kind of work."""
    words = [match.span() for match in WORD.finditer(said, *span)]
    return [word for word in words if not _overlaps(word, used_up)] or words


def _says_something(text: str) -> bool:
    """Return whether a text says anything of a work: "good film" does not."""
    return any(word.lower() not in _SAYS_NOTHING and not word.isdecimal() for word in WORD.findall(text))


def _tidy(text: str) -> str:
    """Return the pieces of a text without the small words and punctuation left at their ends."""
    pieces = []
    for piece in text.split(TAKEN):
        words = piece.split()
        while words and _bare(words[0]) in phrases.LEADING:
            del words[0]
        while words and _bare(words[-1]) in phrases.TRAILING:
            del words[-1]
        pieces.append(" ".join(words).strip(" ,.;:-!?&/"))
    return " ".join(piece for piece in pieces if piece)


def _bare(word: str) -> str:
    return word.strip(",.;:-!?&/()").lower()


# --- what can be guessed, and what can't be read ---


def _guessable(text: str) -> str:
    """Return the text to guess values from, blank if it holds nothing but names, numbers, form and courtesy."""
    if len(WORD.findall(text)) > MAX_GUESSED_WORDS:
        return ""
    cut = _FORM.sub(" ", text)
    unknown = _LIKE_A_NAME.search(cut)
    if unknown and cut[unknown.end() : unknown.end() + 1].isupper():
        cut = cut[: unknown.start()]
    if not text.istitle() and not text.isupper():
        cut = _OPENS_NAME.sub(" ", cut)
    return " ".join(cut.split()) if _says_something(cut) else ""


def _ignored(query: Query, said: str, clauses: Clauses, read: Collection[Span]) -> tuple[str, ...]:
    """Return the parts of a request that cannot be looked up: refused words, form, and what is to happen in a work."""
    found: list[Span] = []
    taken = Spans(read)
    for match in (*_FORM.finditer(query.text), *_RELATIVE.finditer(query.text)):
        if match.re is _RELATIVE:
            start, end = match.span("clause")
            has_own_head = match["clause"].startswith(("who", "that")) or not taken.overlap((match.start(), start))
            span = (match.start() if has_own_head else start, end)
        else:
            start, end = span = match.span()
        if not taken.overlap((start, end)) and _is_asked(start, clauses):
            found.append(span)
    return _as_said(said, found)


def _as_said(said: str, spans: Iterable[Span]) -> tuple[str, ...]:
    """Return parts of a request as they were said: the first few, each cut to a few words."""
    parts = [" ".join(said[start:end].split()[:MAX_IGNORED_WORDS]).strip(" ,.;:!?") for start, end in sorted(spans)]
    return tuple(dict.fromkeys(part for part in parts if part))[:MAX_IGNORED]


def _is_asked(position: int, clauses: Clauses) -> bool:
    clause = clauses.clause_at(position)
    return clause is not None and clause.asks and not clause.is_past


def _overlaps(span: Span, spans: Iterable[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in spans)


class Spans:
    """Spans that many others are compared with: each is found in logarithmic time."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._last_ends = list(accumulate((end for _, end in ordered), max))

    def overlap(self, span: Span) -> bool:
        """Return whether one of the spans overlaps this one."""
        n_before = bisect_left(self._starts, span[1])
        return n_before > 0 and self._last_ends[n_before - 1] > span[0]


def _runs(query: Query, clauses: Clauses, read: Collection[Span], labels: TokenLabels | None) -> list[Span]:
    """Return the stretches of refused words that nothing read, each from its first word of content to its last."""
    runs: list[Span] = []
    previous: int | None = None
    taken = Spans(read)
    for token in query.tokens:
        span = token.start, token.end
        governor = clauses.governor(token.start)
        key = -1 if governor is None else governor
        is_joint = token.word in _JOINTS
        if is_joint or taken.overlap(span) or not _is_refused(query, clauses, span, governor, labels):
            previous = None
        elif token.word not in _EMPTY:
            if previous == key:
                runs[-1] = (runs[-1][0], token.end)
            else:
                runs.append(span)
            previous = key
    return runs


def _is_refused(query: Query, clauses: Clauses, span: Span, governor: int | None, labels: TokenLabels | None) -> bool:
    """Return whether a word is refused: by its clause unless the labels say otherwise, or plainly by its label."""
    clause = clauses.clause_at(span[0])
    is_denied = governor is not None and clauses.polarity(*span) < 0
    by_clause = is_denied and clause is not None and clause.asks and query.part(governor or 0) == "request"
    if labels is None:
        return by_clause
    share = labels.share(*span)["dislike"]
    return share >= (LEAST_SHARE_OF_REFUSED if by_clause else PLAINLY_REFUSED)


def _talk_words(text: str, labels: TokenLabels, wanted: Collection[Span]) -> list[Span]:
    """Return the words that are no part of any wish, by their labels."""
    words = [match.span() for match in WORD.finditer(text)]
    asked = Spans(wanted)
    return [word for word in words if labels.share(*word)["wish"] < LEAST_SHARE_OF_WISH and not asked.overlap(word)]
