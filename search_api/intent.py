"""Text -> Intent: what a person asks for, read by rules; pure.

Precision before recall: a false filter hides the right answer, so an unsure reading stays in the text. A query has a
head, which says what is asked for ("a French comedy, under two hours"), and complements, which tell what happens in the
work ("about a boy who ..."); facts are read in the head. Every reader gives what it read and the spans it used up; what
no reader used up is the text that the text legs search for. The words are tables in `search_api.phrases`.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from crawler.records import Kind
from indexer.values import Taxonomy
from search_api import phrases
from search_api.records import Choice, Filters, IntegerRange, Intent, WorkReference

FindWork = Callable[[str], WorkReference | None]
Span = tuple[int, int]

MAX_REQUEST_WORDS, MAX_REQUEST_CHARACTERS = 30, 400
"""A longer query describes a work; what people remember of one is often wrong, so no facts are read there."""
MAX_OPENING_CHARACTERS = 2000
"""Where a longer query still may ask for something outright."""
MAX_BARE_WORDS = 6
"""Up to here a query that names no film, book or "something" is still taken as asking for what its words say."""
MAX_TITLE_WORDS = 12
MAX_TITLE_CHARACTERS = 200
MAX_PHRASE_WORDS = 8
MAX_WORKS = 8


def parse_intent(text: str, taxonomy: Taxonomy, *, genres: Collection[str] = (), find_work: FindWork) -> Intent:
    """The intent of a query. Never raises; `text` of a query that is not blank is never blank.

    Args:
        text: What a person typed.
        taxonomy: The values that can be asked for, with the words people ask with.
        genres: The catalogue's genre names. A request for a genre becomes a filter only on names given here, so leave
            out those that too few works carry.
        find_work: The work that a stretch of the text names exactly (case, articles and punctuation aside), or None.
            Called a few hundred times at most, and seldom more than twenty.
    """
    said = _straighten(text)
    if not said:
        return Intent(text=text)
    if _is_title(said, taxonomy, find_work):
        return Intent(text=said)
    if _is_long(said) or phrases.REMEMBERED.search(said):
        return Intent(text=_without_wrapping(said), values=_clear_requests(said, taxonomy))
    like, unlike, work_spans = _read_works(said, taxonomy, find_work)
    query = Query(_blank(_blank(said, work_spans), (match.span() for match in phrases.QUOTED.finditer(said))))
    kind, kind_spans = _read_kind(query)
    certain = Query("") if phrases.UNSURE.search(said) else query
    years, year_spans = _read_years(certain)
    length, length_spans = _read_length(certain, kind)
    language, language_spans = _read_language(certain)
    wanted_genres, genre_spans = _read_genres(certain, genres)
    values, kept, denied_spans = _read_values(query, taxonomy)
    denied = [*genre_spans, *denied_spans, *_read_other_denials(query)]
    facts = [*work_spans, *kind_spans, *year_spans, *length_spans, *language_spans, *_wrapping(query.text)]
    return Intent(
        text=_remaining(said, facts, denied, kept),
        values=values,
        like=like,
        unlike=unlike,
        filters=Filters(kind=kind, year=years, language=language, genres=wanted_genres, **length),
    )


# --- the query as its readers see it ---


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the query, in lower case, and where it stands."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A known phrase: tokens `first` to `last`, and with what weight it is asked for.

    `start` is the token where the request begins: the negation's, where there is one. `spreads`: the negation holds for
    what follows after "and" too, as in "without violence and gore".
    """

    phrase: str
    first: int
    last: int
    start: int
    weight: float
    spreads: bool = False


class Query:
    """A query's text with its words and its complements."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tuple(Token(match[0].casefold(), *match.span()) for match in phrases.WORD.finditer(text))

    @cached_property
    def complements(self) -> tuple[tuple[int, int, str], ...]:
        """Start, end and sort ("about", "clause" or "setting") of each stretch that tells what happens in the work."""
        found = []
        for match in phrases.COMPLEMENT.finditer(self.text):
            stop = phrases.COMPLEMENT_END.search(self.text, match.end())
            found.append((match.start(), stop.start() if stop else len(self.text), str(match.lastgroup)))
        return tuple(found)

    @cached_property
    def is_request(self) -> bool:
        """Whether somebody asks for something, rather than telling a plot."""
        return (
            len(self.tokens) <= MAX_BARE_WORDS
            or phrases.TAKEN in self.text
            or bool(phrases.REQUEST_WORD.search(self.text))
        )

    @cached_property
    def is_capitalised(self) -> bool:
        """Whether capitals say nothing, as in a query in title case."""
        return 2 * sum(self.text[token.start].isupper() for token in self.tokens) > len(self.tokens)

    def place(self, position: int) -> str:
        """Where a position lies: "head", "about", "clause" or "setting"; within several, the last of these."""
        sorts = {sort for start, end, sort in self.complements if start <= position < end}
        return max(sorts, key=("about", "clause", "setting").index, default="head")

    def in_first_head(self, position: int) -> bool:
        """Whether nothing has yet been told of what happens in the work."""
        return not self.complements or position < self.complements[0][0]

    def word(self, index: int) -> str:
        """The word at an index; nothing past either end."""
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    def gap(self, index: int) -> str:
        """What stands between a word and the next."""
        return self.text[self.tokens[index].end : self.tokens[index + 1].start]

    def joined(self, index: int) -> bool:
        """Whether a word and the next belong to one stretch: nothing but spaces and hyphens between them."""
        return 0 <= index < len(self.tokens) - 1 and not self.gap(index).strip(" -/'")

    def span(self, first: int, last: int) -> Span:
        """The characters from one word to another."""
        return self.tokens[first].start, self.tokens[last].end


def _straighten(text: str) -> str:
    """The text with plain quotation marks and single spaces."""
    return " ".join(text.translate(phrases.STRAIGHT).split())


def _fold(text: str) -> str:
    """The text as the tables spell it. A pattern that ignores case lets "i" stand for the Turkish letters too."""
    return text.replace("İ", "i").replace("ı", "i").casefold()  # noqa: RUF001


def _is_long(said: str) -> bool:
    return len(said) > MAX_REQUEST_CHARACTERS or len(phrases.WORD.findall(said)) > MAX_REQUEST_WORDS


def _blank(text: str, spans: Iterable[Span]) -> str:
    """The text with its spans taken out and every other character where it was."""
    for start, end in spans:
        text = text[:start] + phrases.TAKEN * (end - start) + text[end:]
    return text


def _find_phrases(query: Query, known: Container[str]) -> Iterator[Hit]:
    """The known phrases, left to right, the longest first, each with the weight its surroundings give it."""
    previous: Hit | None = None
    first = 0
    while first < len(query.tokens):
        last = first
        while last - first + 1 < MAX_PHRASE_WORDS and query.joined(last):
            last += 1
        while last >= first and " ".join(token.word for token in query.tokens[first : last + 1]) not in known:
            last -= 1
        if last < first:
            first += 1
            continue
        phrase = " ".join(token.word for token in query.tokens[first : last + 1])
        previous = _weigh(query, phrase, first, last, previous)
        if previous.weight:
            yield previous
        first = previous.last + 1


def _weigh(query: Query, phrase: str, first: int, last: int, previous: Hit | None) -> Hit:
    """A phrase with its weight: 1 asked for, 0.5 a little, -0.5 not too much, -1 not at all, 0 neither."""
    if query.word(last + 1) == "free" and query.joined(last) and query.word(last + 2) != "of":  # "violence-free"
        return Hit(phrase, first, last + 1, first, -1.0)
    if query.word(first - 1) == "than" and query.word(first - 2) not in ("other", "rather"):  # "more funny than sad"
        return Hit(phrase, first, last, first - 1, -0.5)
    in_list = previous and previous.spreads and previous.last == first - 1 and query.gap(first - 1).strip() == ","
    if previous and in_list and query.word(last + 1) in ("or", "nor"):  # "no gore, violence or nudity"
        return Hit(phrase, first, last, first, previous.weight, spreads=True)
    return Hit(phrase, first, last, *_look_back(query, first, previous))


def _look_back(query: Query, first: int, previous: Hit | None) -> tuple[int, float, bool]:
    """Start, weight and spread of a phrase, by the words before it."""
    near = {query.word(index) for index in range(first - 2, first)}
    asked = (first, 0.5 if near & phrases.A_LITTLE else 1.0, False)
    softened = False
    at = first - 1
    while query.joined(at):
        word = query.word(at)
        if word in ("or", "and"):
            if previous and previous.weight < 0 and previous.last == at - 1 and (word == "or" or previous.spreads):
                return at, previous.weight, previous.spreads
            break
        pair = f"{query.word(at - 1)} {word}"
        if word in phrases.NEUTRAL or pair in phrases.NEUTRAL_PAIRS:
            return first, 0.0, False
        if pair in phrases.NEGATION_PAIRS:
            return at - 1, -1.0, True
        if word in phrases.NEGATIONS:
            if query.word(at - 1) in ("not", "never", "why") and word not in phrases.PARTLY:  # "why not", "not without"
                break
            return at, -0.5 if softened or word in phrases.PARTLY else -1.0, word not in ("not", "never")
        if word not in phrases.BETWEEN:
            break
        softened = softened or word in phrases.SOFTENERS
        at -= 1
    return asked


# --- titles ---


def _is_title(said: str, taxonomy: Taxonomy, find_work: FindWork) -> bool:
    """Whether the whole query is a title, and not words that ask for something ("a love story")."""
    if len(said) > MAX_TITLE_CHARACTERS or find_work(said) is None:
        return False
    query = Query(said)
    asked = {*range(len(query.tokens))}
    for hit in _find_phrases(query, taxonomy.asking):
        asked.difference_update(range(hit.first, hit.last + 1))
    plain = phrases.LEADING | phrases.NOUNS | {"the"}
    return any(query.word(index) not in plain for index in asked)


def _read_works(
    said: str, taxonomy: Taxonomy, find_work: FindWork
) -> tuple[tuple[WorkReference, ...], tuple[WorkReference, ...], list[Span]]:
    """The works to be like and unlike."""
    like: dict[str, WorkReference] = {}
    unlike: dict[str, WorkReference] = {}
    spans: list[Span] = []
    if re.search(r" (?:but|meets) ", said):  # "Interstellar but lighter"
        works, end = _titles_at(said, 0, taxonomy, find_work)
        if len(works) > 1 or (works and phrases.TITLE_FIRST.match(said, end)):
            like |= {work.id: work for work in works}
            spans.append((0, end))
    for cue in islice(phrases.WORK_CUE.finditer(said), MAX_WORKS):
        if spans and cue.start() < spans[-1][1]:
            continue
        works, end = _titles_at(said, cue.end(), taxonomy, find_work)
        if not works:
            continue
        (unlike if cue["unlike"] else like).update({work.id: work for work in works})
        if cue["kept"]:
            spans += [(cue.start(), cue.start("kept")), (cue.end("kept"), end)]
        else:
            spans.append((cue.start(), end))
    return tuple(like.values()), tuple(unlike.values()), spans


def _titles_at(said: str, start: int, taxonomy: Taxonomy, find_work: FindWork) -> tuple[list[WorkReference], int]:
    """The works named from `start` on, joined by commas, "and" and "or", and where the last title ends."""
    works: list[WorkReference] = []
    end = start
    while len(works) < MAX_WORKS:
        prefix = phrases.BEFORE_TITLE.match(said, start)
        found = _title_at(said, start, taxonomy, find_work)
        if found is None and prefix:
            found = _title_at(said, prefix.end(), taxonomy, find_work)
        if found is None:
            break
        works.append(found[0])
        end = found[1]
        year = phrases.YEAR_AFTER_TITLE.match(said, end)
        end = year.end() if year else end
        joint = phrases.BETWEEN_TITLES.match(said, end)
        if joint is None:
            break
        start = joint.end()
    return works, end


def _title_at(said: str, start: int, taxonomy: Taxonomy, find_work: FindWork) -> tuple[WorkReference, int] | None:
    """The work of the longest title that begins at `start`, and where that ends."""
    quoted = phrases.QUOTED_TITLE.match(said, start)
    if quoted:
        work = find_work(quoted[1] or quoted[2])
        return (work, quoted.end()) if work else None
    stop = phrases.TITLE_STOP.search(said, start + 1, start + MAX_TITLE_CHARACTERS)
    end = stop.start() if stop else start + MAX_TITLE_CHARACTERS
    words = list(islice(phrases.WORD.finditer(said, start, end), MAX_TITLE_WORDS))
    if not words or words[0].start() > start + 1:
        return None
    for n_words in range(len(words), 0, -1):
        candidate = said[start : words[n_words - 1].end()]
        if _may_be_title(candidate, [word[0] for word in words[:n_words]], taxonomy):
            work = find_work(candidate)
            if work:
                return work, words[n_words - 1].end()
    return None


def _may_be_title(candidate: str, words: list[str], taxonomy: Taxonomy) -> bool:
    """Whether a stretch after "like" can be a title, and not the next words of the request."""
    if len(words) > 1 and words[-1] in phrases.NEVER_ENDS_A_TITLE:
        return False
    if not candidate.islower():
        return True
    if words[0] in ("a", "an") and len(words) < 3:
        return False
    asked = candidate.replace("-", " ") in taxonomy.asking
    return not asked and (len(words) > 1 or candidate not in phrases.NEVER_A_TITLE_IN_LOWER_CASE | phrases.NOUNS)


# --- facts ---


def _read_kind(query: Query) -> tuple[Kind | None, list[Span]]:
    """Film or book, where the head names one of them: "a film about a book" is a film."""
    kinds: set[Kind] = set()
    spans: list[Span] = []
    for match in phrases.KIND_NOUN.finditer(query.text):
        before = query.text[max(0, match.start() - 30) : match.start()]
        is_verb = " " in match[0] and match[0].lower().startswith("to ")
        first = query.in_first_head(match.start()) or (is_verb and query.place(match.start()) == "head")
        if not first or (phrases.NOT_A_KIND.search(before) and not phrases.SORT_OF.search(before)):
            continue
        kinds.add("movie" if match["movie"] else "book")
        spans.append(match.span())
    return (kinds.pop() if len(kinds) == 1 else None), spans


def _year(number: int) -> str:
    """The expression of a year or decade, its groups numbered so that a pattern can hold two."""
    return (
        rf"(?:the )?(?:(?P<part{number}>early|mid|late)[ -])?(?:(?P<year{number}>1[5-9]\d\d|20\d\d)(?P<s{number}>'?s)?"
        rf"|'?(?P<short{number}>\d0)'?s|(?P<word{number}>{'|'.join(phrases.DECADES)}))(?![\w'-]*\w)"
    )


def _read_years(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """When the work came out. A number that may be a title, or the time of the plot, is left alone."""
    for read in (_read_years_between, _read_years_beside, _read_years_from, _read_years_of_noun):
        years, spans = read(query)
        if years:
            return years, spans
    return None, []


def _dates_the_work(query: Query, match: re.Match[str]) -> bool:
    """Whether a time is the work's own and not that of somebody or something in it."""
    is_head = bool(match["made"]) or query.place(match.start()) == "head"
    return is_head and not phrases.NOT_DATED.search(query.text[: match.start()])


def _read_years_between(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """Both ends: "between 1960 and 1975"."""
    for match in phrases.YEARS_BETWEEN.finditer(query.text):
        first, last = _years_of(match, 1)[0], _years_of(match, 2)[1]
        if first <= last and _dates_the_work(query, match):
            return IntegerRange(gte=first, lte=last), [match.span()]
    return None, []


def _read_years_beside(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """One end: "before 1970", "since the 80s", "from 2010 on", each turned round by a negation."""
    gte: int | None = None
    lte: int | None = None
    spans = []
    for match in (*phrases.YEARS_ON.finditer(query.text), *phrases.YEARS_SIDE.finditer(query.text)):
        if not _dates_the_work(query, match):
            continue
        first, last = _years_of(match, 1)
        side = match.groupdict()
        not_before, not_after = {
            "before": (first, first - 1),
            "until": (last + 1, last),
            "after": (last + 1, last),
            "since": (first, first - 1),
        }[next((name for name in ("before", "until", "after") if side.get(name)), "since")]
        is_upper = bool(side.get("before") or side.get("until")) != bool(side.get("deny"))
        gte, lte = (gte, not_after) if is_upper else (not_before, lte)
        spans.append(match.span())
    if not spans or (gte is not None and lte is not None and gte > lte):
        return None, []
    return IntegerRange(gte=gte, lte=lte), spans


def _read_years_from(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """A year or decade: "from the 90s", "made in 1994"; also at the very end, "about dinosaurs from 1993"."""
    for match in phrases.YEARS_FROM.finditer(query.text):
        before = query.text[: match.start()]
        closes = query.place(match.start()) == "about" and not re.match(r" ?[\w']", query.text[match.end() :])
        is_of_something = phrases.NOT_DATED.search(before) or re.search(r"[A-Z][\w']* ?$", before)
        dated = _dates_the_work(query, match) or (closes and not is_of_something)
        preposition = match["preposition"].lower()
        first, last = _years_spanned(match)
        of_the_work = match["made"] or preposition == "from" or (preposition == "of the" and first < last)
        if dated and of_the_work and not match["deny"]:
            return IntegerRange(gte=first, lte=last), [match.span()]
    return None, []


def _read_years_of_noun(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """A decade before its noun, "a 90s thriller", or a year in brackets; "1917 film" may name a film."""
    for match in phrases.YEARS_OF_NOUN.finditer(query.text):
        first, last = _years_spanned(match)
        if first < last and query.in_first_head(match.start()) and query.text[: match.start()][-3:].lower() != "in ":
            return IntegerRange(gte=first, lte=last), [match.span()]
    in_brackets = phrases.YEAR_IN_BRACKETS.search(query.text)
    if in_brackets and in_brackets.start():
        year = int(in_brackets["year1"])
        return IntegerRange(gte=year, lte=year), [in_brackets.span()]
    return None, []


def _years_spanned(match: re.Match[str]) -> Span:
    """The first and last year of an expression or of two, as in "the 80s or early 90s"."""
    first, last = _years_of(match, 1)
    if not (match["year2"] or match["short2"] or match["word2"]):
        return first, last
    first_of_second, last_of_second = _years_of(match, 2)
    return min(first, first_of_second), max(last, last_of_second)


def _years_of(match: re.Match[str], number: int) -> Span:
    """The first and last year of a year, a decade or a part of one."""
    year, short, word = (match[f"{name}{number}"] for name in ("year", "short", "word"))
    if year:
        first = int(year)
        if not match[f"s{number}"] or first % 10:
            return first, first
        n_years = 100 if first % 100 == 0 and first < 2000 else 10
    else:
        n_years = 10
        first = phrases.DECADES[_fold(word)] if word else (2000 if int(short) < 20 else 1900) + int(short)
    part = _fold(match[f"part{number}"] or "")
    if n_years == 10 and part:
        return {"early": (first, first + 4), "mid": (first + 3, first + 7), "late": (first + 5, first + 9)}[part]
    return first, first + n_years - 1


def _read_length(query: Query, kind: Kind | None) -> tuple[dict[str, IntegerRange], list[Span]]:
    """How long the work may be, in minutes or pages."""
    for pattern in (phrases.LENGTH, phrases.LENGTH_FIRST):
        for match in pattern.finditer(query.text):
            if query.place(match.start()) != "clause":
                name, amount = _amount_of(match)
                at_most, inclusive = _bound_of(match)
                limit = amount if inclusive else amount - 1 if at_most else amount + 1
                return {name: IntegerRange(lte=limit) if at_most else IntegerRange(gte=limit)}, [match.span()]
    match_size = phrases.SIZE.search(query.text) or (phrases.BARE_SIZE.search(query.text) if kind else None)
    if match_size is None or not query.in_first_head(match_size.start()):
        return {}, []
    noun = match_size["noun"].lower()
    is_book = noun.startswith(("book", "novel", "read")) or (not noun and kind == "book")
    shortest, longest = (
        (phrases.SHORT_BOOK_PAGES, phrases.LONG_BOOK_PAGES)
        if is_book
        else (phrases.SHORT_MOVIE_MINUTES, phrases.LONG_MOVIE_MINUTES)
    )
    is_short, denied = match_size["size"].lower() in ("short", "quick"), bool(match_size["deny"])
    bounds = {
        (True, False): IntegerRange(lte=shortest),
        (True, True): IntegerRange(gte=shortest + 1),
        (False, False): IntegerRange(gte=longest),
        (False, True): IntegerRange(lte=longest - 1),
    }[is_short, denied]
    return {"page_count" if is_book else "runtime_minutes": bounds}, [(match_size.start(), match_size.end("size"))]


def _amount_of(match: re.Match[str]) -> tuple[str, int]:
    """The field of `Filters` and the number of pages or minutes."""
    if match["pages"]:
        return "page_count", round(_number(match["pages"]))
    if match["minutes"]:
        return "runtime_minutes", round(_number(match["minutes"]))
    minutes = 60 * _number(match["hours"]) + int(match["extra"] or match["rest"] or 0)
    return "runtime_minutes", round(minutes + (30 if match["half"] or match["half_after"] else 0))


def _bound_of(match: re.Match[str]) -> tuple[bool, bool]:
    """Whether the amount is the most there may be, and whether it is itself allowed; a negation turns both round."""
    if "bound" not in match.re.groupindex:
        return bool(match["most"]), True
    bound = _fold(match["bound"])
    at_most, inclusive = bound in phrases.AT_MOST, bound in phrases.INCLUSIVE
    return (not at_most, not inclusive) if match["deny"] else (at_most, inclusive)


def _number(words: str) -> float:
    return phrases.NUMBERS.get(_fold(words)) or float(words.replace(",", "."))


def _read_language(query: Query) -> tuple[Choice | None, list[Span]]:
    """The language the work was made in."""
    for pattern in (phrases.IN_LANGUAGE, phrases.LANGUAGE_SAID, phrases.LANGUAGE_OF_NOUN):
        for match in pattern.finditer(query.text):
            names = _fold(match["names"]).split(" or ")
            if pattern is phrases.LANGUAGE_OF_NOUN:
                is_plain = {*match["gap"].lower().split()} <= phrases.PLAIN_ADJECTIVES and names != ["english"]
                is_read = is_plain and query.in_first_head(match.start())
            else:
                is_read = query.place(match.start()) in ("head", "about")
            if is_read:
                codes = tuple(code for name in names for code in phrases.LANGUAGES[name])
                return (Choice(none=codes) if match["deny"] else Choice(any=codes)), [match.span()]
    return None, []


@lru_cache(maxsize=8)
def _genre_phrases(genres: frozenset[str]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """What people say for a genre, and the catalogue's names it stands for."""
    named: dict[str, list[str]] = {}
    for name in sorted(genres):
        named.setdefault(" ".join(name.casefold().replace("_", " ").replace("-", " ").split()), []).append(name)
    found: dict[str, tuple[tuple[str, ...], ...]] = {
        name: (tuple(names),) for name, names in named.items() if " " in name
    }
    for spoken, groups in phrases.GENRES:
        catalogue = tuple(tuple(name for key in group for name in named.get(key, ())) for group in groups)
        if all(catalogue):
            found |= dict.fromkeys(spoken, catalogue)
    return found


def _read_genres(query: Query, genres: Collection[str]) -> tuple[Choice | None, list[Span]]:
    """The genres wanted and unwanted, by the catalogue's names, and the spans of the unwanted."""
    known = _genre_phrases(frozenset(genres))
    wanted: list[tuple[str, ...]] = []
    unwanted: list[str] = []
    spans: list[Span] = []
    either = False
    for hit in _find_phrases(query, known):
        if hit.weight <= -1 and query.place(query.tokens[hit.start].start) == "head":
            unwanted += [name for names in known[hit.phrase] for name in names]
            spans.append(query.span(hit.start, hit.last))
        elif hit.weight > 0 and _is_genre_request(query, hit, known):
            either = either or bool(wanted and re.search(r"\bor\b|/", query.text, re.IGNORECASE))
            wanted += known[hit.phrase]
    if not wanted and not unwanted:
        return None, []
    one_name = tuple(dict.fromkeys(names[0] for names in wanted if len({name.casefold() for name in names}) == 1))
    several = [names for names in wanted if len({name.casefold() for name in names}) > 1]
    if either or len(set(wanted)) == 1:
        return Choice(any=tuple(dict.fromkeys(name for names in wanted for name in names)), none=tuple(unwanted)), spans
    # A Choice holds one "at least one of": a second genre with several names stays with the text.
    return Choice(any=several[0] if several else (), all=one_name, none=tuple(unwanted)), spans


def _is_genre_request(query: Query, hit: Hit, known: Container[str]) -> bool:
    """Whether a genre's name asks for works of that genre."""
    if not query.in_first_head(query.tokens[hit.first].start):
        return False
    if query.word(hit.first - 1) in ("of", "the", "by", "anti"):  # "the mystery of", "a touch of romance", "anti-war"
        return False
    following = query.word(hit.last + 1)
    if not following or not query.joined(hit.last):
        return True
    return following in phrases.MAY_FOLLOW_GENRE or following in phrases.NOUNS or following in known


# --- values ---


def _read_values(query: Query, taxonomy: Taxonomy) -> tuple[dict[str, float], list[Span], list[Span]]:
    """The values asked for and unwanted, the spans of wanted words, and those of unwanted ones."""
    comparatives = {
        word: _sum_of((taxonomy.asking.get(phrase, {}), weight) for phrase, weight in parts)
        for word, parts in phrases.COMPARATIVES.items()
    }
    asking = ChainMap(comparatives, taxonomy.asking)
    values: dict[str, float] = {}
    strengths: dict[str, tuple[float, int]] = {}
    wanted: list[Span] = []
    unwanted: list[Span] = []
    for hit in _find_phrases(query, asking):
        if hit.weight < 0:
            if query.place(query.tokens[hit.start].start) != "head" or not query.is_request:
                continue
            unwanted.append(query.span(hit.start, hit.last))
        elif not _is_value_request(query, hit, asking[hit.phrase], taxonomy):
            continue
        elif hit.phrase in comparatives:
            unwanted.append(query.span(hit.first, hit.last))
        else:
            wanted.append(query.span(hit.first, hit.last))
        is_told = hit.weight > 0 and query.place(query.tokens[hit.first].start) == "clause"  # told of, not asked for
        shares = asking[hit.phrase]
        for value_id, share in shares.items():
            weight = hit.weight * share * (0.5 if is_told else 1.0)
            # Where two words disagree with equal weight, the one that speaks of fewer values is meant, else the last.
            strength = (abs(weight), -len(shares))
            if strength >= strengths.get(value_id, (0.0, 0)):
                values[value_id], strengths[value_id] = weight, strength
    return values, wanted, unwanted


def _sum_of(parts: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    return {value_id: share * weight for shares, weight in parts for value_id, share in shares.items()}


def _is_value_request(query: Query, hit: Hit, shares: Mapping[str, float], taxonomy: Taxonomy) -> bool:
    """Whether wanted words ask for a value: "a sad film", "about revenge", but not "about a sad clown"."""
    start = query.tokens[hit.first].start
    if hit.first == hit.last and query.text[start].isupper() and not query.is_capitalised:
        before = query.text[:start].rstrip()
        if before and before[-1] not in ".!?:":  # "films with Joy Bryant"
            return False
    # "set in the future" and "based on a true story" are themselves what is asked for
    place = "head" if any(start == complement[0] for complement in query.complements) else query.place(start)
    is_theme = any(taxonomy.by_id[value_id].facet == "theme" for value_id in shares)
    if place == "about":
        return is_theme or query.word(hit.first - 1) in ("about", "and", "or", "of")
    return query.is_request and (place == "head" or (place == "clause" and is_theme))


def _read_other_denials(query: Query) -> list[Span]:
    """Negated words that nothing else reads; searching for them would find the opposite of what is asked for."""
    if not query.is_request:
        return []
    matches = phrases.OTHER_DENIAL.finditer(query.text)
    return [match.span("cut") for match in matches if query.place(match.start("cut")) == "head"]


def _clear_requests(said: str, taxonomy: Taxonomy) -> dict[str, float]:
    """The values a long text asks for outright: "recommend something inspiring". None when one work is looked for."""
    values: dict[str, float] = {}
    opening = said[:MAX_OPENING_CHARACTERS]
    if phrases.REMEMBERED.search(opening):
        return values
    for match in islice(phrases.CLEAR_REQUEST.finditer(opening), MAX_WORKS):
        values |= _read_values(Query(re.split(r"[.;!?]", said[match.end() : match.end() + 80])[0]), taxonomy)[0]
    return values


# --- what remains ---


def _wrapping(text: str) -> list[Span]:
    """The spans of a request's opening and closing words, which say nothing of the work."""
    spans = [match.span() for match in phrases.MARKERS.finditer(text)]
    end = spans[0][1] if spans and spans[0][0] == 0 else 0
    while opening := phrases.OPENING.match(text, end):
        if opening.end() == end:
            break
        spans.append(opening.span())
        end = opening.end()
    ending = phrases.POLITE_END.search(text, max(0, len(text) - 80))
    return [*spans, ending.span()] if ending else spans


def _without_wrapping(said: str) -> str:
    """A description, less the labels before it and the thanks after it."""
    text = phrases.MARKERS.sub(" ", said[:200]) + said[200:]
    ending = phrases.POLITE_END.search(text, max(0, len(text) - 80))
    text = (text[: ending.start()] if ending else text).strip(" ,")
    return text if phrases.WORD.search(text) else said


def _remaining(said: str, facts: list[Span], denied: list[Span], kept: list[Span]) -> str:
    """What is left to search for, wanted words included; never blank."""
    if not facts and not denied:
        return said
    blanked = _blank(said, [*facts, *denied])
    for start, end in kept:
        blanked = blanked[:start] + said[start:end] + blanked[end:]
    without_denied = _tidy(_blank(said, denied)) if denied else said
    for text in (_tidy(blanked), " ".join(said[start:end] for start, end in kept), without_denied):
        if phrases.WORD.search(text):
            return text
    return said


def _tidy(text: str) -> str:
    """The pieces of a text, without the small words and marks left hanging at their ends."""
    pieces = []
    for piece in text.split(phrases.TAKEN):
        words = piece.split()
        while words and _bare(words[0]) in phrases.LEADING:
            del words[0]
        while words and _bare(words[-1]) in phrases.TRAILING:
            del words[-1]
        pieces.append(" ".join(words).strip(" ,.;:-!?&/"))
    return " ".join(piece for piece in pieces if piece)


def _bare(word: str) -> str:
    return word.strip(",.;:-!?&/()").lower()
