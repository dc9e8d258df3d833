"""Find the works that a query names: as the whole query ("Inside Out"), or as works to be like or unlike; pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from indexer.values.taxonomy import Taxonomy
from search_api.records import WorkReference
from search_api.understanding import phrases
from search_api.understanding.phrases import any_case, word_set
from search_api.understanding.query import WORD, Query, Span, find_phrases

FindWork = Callable[[str], WorkReference | None]

MAX_TITLE_WORDS = 12
MAX_TITLE_CHARACTERS = 200
MAX_WORKS = 8

_LIKE = (
    (
        r"(?<!would )(?<!'d )(?<!\bfeel )(?<!\bfeels )(?<!\bfeeling )(?<!\blook )(?<!\blooks )(?<!\blooked )"
        r"(?<!\bsounds )(?<!\bseems )like"
    ),
    r"(?:similar|comparable|akin) to",
    r"in the (?:spirit|style|vein|tradition|mould) of",
    r"reminiscent of",
    r"remind(?:s|ed)? me of",
    r"along the lines of",
    r"as good as",
    r"(?:if )?(?:i|you|we) (?:really )?(?:like|liked|love|loved|enjoyed|adored)",
    r"fans? of",
    r"(?:the )?same (?:vibe|vibes|feel|feeling|mood) as",
    r"(?P<asked>(?:as|less|more) [\w'-]+|(?!(?:oth|rath|long|short|old|new)er )[\w-]+er) (?:as|than)",
    r"a (?:cross between|mix of|mixture of)",
)
_UNLIKE = (
    r"unlike",
    (
        r"(?:not|nothing|isn't|is not|not at all|not anything|not something|don't want (?:something|anything))"
        r" (?:too |much )?(?:like|similar to)"
    ),
    r"different (?:from|than|to)",
    r"(?:i|we) (?:hated|disliked|hate|dislike|don't like|didn't like|did not like|do not like|didn't enjoy)",
)
_CUE = any_case(
    r"\b(?:(?:something|anything|just|exactly|more|much|a bit|a lot|a little|kind of|sort of|very) )*"
    rf"(?:(?P<unlike>{'|'.join(_UNLIKE)})|(?:{'|'.join(_LIKE)})) "
)
"""The words before a title: "like", "similar to", "I loved". The group `asked` is also a wish: "darker than"."""
_AFTER_FIRST_TITLE = any_case(r",? but ")
""" "Interstellar but lighter"."""
_QUOTED_TITLE = re.compile(r"\"([^\"\n]{1,120})\"|'([^'\n]{2,80})'(?!\w)")
_BEFORE_TITLE = any_case(r"(?:(?:the|a) )?(?:movies?|films?|books?|novels?|watching|reading) ")
_YEAR_AFTER_TITLE = re.compile(r" ?\((?:18|19|20)\d\d\)")
_BETWEEN_TITLES = any_case(r" ?(?:, ?(?:and|or)?|&|/|\+) ?| (?:and|or|meets) ")
_TITLE_STOP = re.compile(r'[;!?"()] |["\0]')

_NEVER_A_TITLE_IN_LOWER_CASE = word_set(
    "it this that these those them him her he she you me us i we mine yours one ones what when how up so all most any "
    "some other others both there here before everyone nothing something anything"
)


class NamedWorks(NamedTuple):
    """The works to be like and unlike, in the order of the query, and the spans that name them."""

    like: tuple[WorkReference, ...]
    unlike: tuple[WorkReference, ...]
    spans: list[Span]


def is_title(said: str, taxonomy: Taxonomy, find_work: FindWork) -> bool:
    """Return whether the whole query is a title, and not words that ask for something ("a love story")."""
    if len(said) > MAX_TITLE_CHARACTERS or find_work(said) is None:
        return False
    query = Query(said)
    asked = {index for phrase in find_phrases(query, taxonomy.asking) for index in range(phrase.first, phrase.last + 1)}
    plain = phrases.LEADING | phrases.NOUNS | {"the"}
    return any(token.word not in plain for index, token in enumerate(query.tokens) if index not in asked)


def read_works(said: str, taxonomy: Taxonomy, find_work: FindWork) -> NamedWorks:
    """Return the works that the answers are to be like or unlike."""
    like: dict[str, WorkReference] = {}
    unlike: dict[str, WorkReference] = {}
    spans: list[Span] = []
    if re.search(r" (?:but|meets) ", said):  # "Interstellar but lighter", "Alien meets Pride and Prejudice"
        works, end = _titles_at(said, 0, taxonomy, find_work)
        if len(works) > 1 or (works and _AFTER_FIRST_TITLE.match(said, end)):
            like |= works
            spans.append((0, end))
    for cue in islice(_CUE.finditer(said), MAX_WORKS):
        if spans and cue.start() < spans[-1][1]:
            continue
        works, end = _titles_at(said, cue.end(), taxonomy, find_work)
        if not works:
            continue
        if cue["unlike"]:
            unlike |= works
        else:
            like |= works
        if cue["asked"]:
            spans += [(cue.start(), cue.start("asked")), (cue.end("asked"), end)]
        else:
            spans.append((cue.start(), end))
    return NamedWorks(tuple(like.values()), tuple(unlike.values()), spans)


def _titles_at(said: str, start: int, taxonomy: Taxonomy, find_work: FindWork) -> tuple[dict[str, WorkReference], int]:
    """Return the works named from `start` on, by id, joined by commas, "and" or "or", and where the last ends."""
    works: dict[str, WorkReference] = {}
    end = start
    for _ in range(MAX_WORKS):
        title = _title_at(said, start, taxonomy, find_work)
        if title is None and (noun := _BEFORE_TITLE.match(said, start)):
            title = _title_at(said, noun.end(), taxonomy, find_work)
        if title is None:
            break
        work, end = title
        works[work.id] = work
        if year := _YEAR_AFTER_TITLE.match(said, end):
            end = year.end()
        joint = _BETWEEN_TITLES.match(said, end)
        if joint is None:
            break
        start = joint.end()
    return works, end


def _title_at(said: str, start: int, taxonomy: Taxonomy, find_work: FindWork) -> tuple[WorkReference, int] | None:
    """Return the work with the longest title that begins at `start`, and where that title ends."""
    quoted = _QUOTED_TITLE.match(said, start)
    if quoted:
        work = find_work(quoted[1] or quoted[2])
        return (work, quoted.end()) if work else None
    stop = _TITLE_STOP.search(said, start + 1, start + MAX_TITLE_CHARACTERS)
    end = stop.start() if stop else start + MAX_TITLE_CHARACTERS
    words = list(islice(WORD.finditer(said, start, end), MAX_TITLE_WORDS))
    if not words or words[0].start() > start + 1:
        return None
    for n_words in range(len(words), 0, -1):
        end = words[n_words - 1].end()
        if _may_be_title(said[start:end], [word[0] for word in words[:n_words]], taxonomy):
            work = find_work(said[start:end])
            if work:
                return work, end
    return None


def _may_be_title(candidate: str, words: list[str], taxonomy: Taxonomy) -> bool:
    """Return whether a stretch after "like" can be a title, and not the next words of the request."""
    if not candidate.islower():
        return True
    if words[0] in ("a", "an") and len(words) < 3:
        return False
    asked = candidate.replace("-", " ") in taxonomy.asking
    return not asked and (len(words) > 1 or candidate not in _NEVER_A_TITLE_IN_LOWER_CASE | phrases.NOUNS)
