"""The values and tags that a request asks for and against, by the asking words of the taxonomy; pure.

A phrase weighs 1 where it is wanted, 0.5 "a bit", -0.5 "not too much", -1 where it is refused. What is unsure, or
wanted and refused at once, weighs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from indexer.values.taxonomy import Taxonomy
from search_api.understanding.asking import AskingMatch, AskingWords
from search_api.understanding.clauses import Clauses
from search_api.understanding.phrases import ASKS_FOR_WORKS, NOUNS, WORK_NOUN, any_case, word_set
from search_api.understanding.query import REQUEST_WORD, TAKEN, WORD, Query, Span
from search_api.understanding.token_labels import Label, TokenLabels

LEAST_SHARE_OF_LABEL = 0.5
"""The least probability of a label over a phrase's words for the label to count."""
LEAST_SHARE_OF_DISLIKE = 0.15
"""The least probability of "dislike" for a phrase to be refused by its clause."""
SURE_OF_OTHER = 0.85
"""The probability of "other" from which a phrase that its clause seems to ask for asks for nothing.

On 80 requests that were looked at while the rules were written, .973 of the checks are right with .5, and .983 from .7
to .95. Without a bound it is .986, but then only the rules guard against small talk that nobody has looked at.
"""
A_LITTLE, LESS_SURE = 0.5, 0.5
"""The weights of "a bit sad", and of a theme within a clause such as "who never gives up"."""
MAX_BARE_WORDS = 6

LEAST_LETTERS_OF_NAME = 3
_SAYS_NO_VALUE = NOUNS | word_set("a an the of and or to in me my us very really")

_LITTLE = word_set("bit little slightly somewhat mildly touch fairly")
_OWN = word_set("my our")
_ARTICLES = word_set("the a an my our")
_PLACES = word_set(
    "bakery baker restaurant school university college hospital church court library farm office zoo circus gym lab "
    "laboratory beach museum station airport theatre theater vineyard garden gardens"
)
_MUST = word_set("must should")
_ANOTHER = any_case(
    r"[^\0]{0,120}\b(?:give|find|show|recommend|suggest|want|need|got|get|fancy|like|watch|read)\b[^.?!]{0,20}"
    r"\b(?:another(?: one| like (?:it|that))?|one more|more of (?:those|them|that|the same)|(?:one"
    r"|something) like (?:it|that))"
    r"(?= *(?:$|[.,;!?]|please\b|tonight\b|now\b))"
)
"""After a noun for works: "I missed the end of a comedy. Give me another one"."""
_GENRE_NOUN = any_case(WORK_NOUN)
_TIMES = word_set(
    "week weeks day days month months year years shift shifts commute weekend evening morning afternoon winter weather "
    "meeting meetings exam exams"
)
"""After these a word tells of the person's time: "a brutal week"."""
_REFUSING = word_set("no not nothing without avoid skip hate hates dislike don't doesn't isn't aren't less spare")


class Wishes(NamedTuple):
    """Values and tags by id with their weights, and the words that ask for what is wanted and what is not.

    `namings` are those of the wanted words that name a value or tag; `stand_ins` those of the refused ones that do not:
    "boxing" is refused as a sport, and as what it is.
    """

    values: dict[str, float]
    tags: dict[str, float]
    spans: list[Span]
    denied_spans: list[Span]
    namings: list[Span]
    stand_ins: list[Span]


class _Claim(NamedTuple):
    """What one phrase asks for: its weight, its dimensions, and its characters."""

    weight: float
    shares: Mapping[str, float]
    span: Span


def read_wishes(
    query: Query,
    asking: AskingWords,
    taxonomy: Taxonomy,
    *,
    clauses: Clauses,
    labels: TokenLabels | None = None,
    taken: Collection[Span] = (),
    is_for_young: bool = False,
) -> Wishes:
    """Return the values and tags that a request asks for and against.

    Args:
        query: The request with its names blanked out.
        asking: The asking words of the taxonomy.
        taxonomy: The values and tags.
        clauses: The clauses of the same text.
        labels: What each word is there for. Without them, the clauses say it.
        taken: Characters that stand for something else, such as a time.
        is_for_young: Whether children or teenagers are to see or read the works, so that nothing sensitive is wanted.
    """
    is_request = _is_request(query, clauses)
    claims = []
    for match in asking.find(query):
        start, end = span = query.span(match.first, match.last)
        if any(first < end and start < last for first, last in taken):
            continue
        weight = _weight(query, match, span, taxonomy, clauses, labels, is_request=is_request)
        shares = _plain_shares(match, weight, taxonomy, is_for_young=is_for_young)
        if weight and shares:
            claims.append(_Claim(weight, shares, span))
    names = {
        part
        for dimension in {dimension for claim in claims for dimension in claim.shares}
        for part in WORD.findall(taxonomy.names[dimension].casefold())
    }
    wanted = {claim.span for claim in claims if claim.weight > 0}
    named = {claim.span for claim in claims if _is_made_of(query.text[slice(*claim.span)], names)}
    weights = _settle(_soften_pairs(_without_modifiers(_merge(claims)), taxonomy.sensitive), query.text, taxonomy.names)
    return Wishes(
        {name: weight for name, weight in weights.items() if name in taxonomy.by_id},
        {name: weight for name, weight in weights.items() if name not in taxonomy.by_id},
        [claim.span for claim in claims if claim.weight > 0],
        [claim.span for claim in claims if claim.weight < 0],
        [span for span in named if span in wanted],
        [
            claim.span
            for claim in claims
            # A synopsis with "a waste of time" in it does not say that the work is one.
            if claim.weight <= -1 and claim.span not in named and not taxonomy.from_reviews.issuperset(claim.shares)
        ],
    )


def _plain_shares(match: AskingMatch, weight: float, taxonomy: Taxonomy, *, is_for_young: bool) -> Mapping[str, float]:
    """Return what a phrase asks for, without what is sensitive unless it is asked for plainly."""
    if weight < 0 or (weight == 1 and match.is_plain and not is_for_young):
        return match.shares
    return {dimension: share for dimension, share in match.shares.items() if dimension not in taxonomy.sensitive}


def _is_request(query: Query, clauses: Clauses) -> bool:
    """Return whether any sentence asks for something; if none does, the text tells a plot."""
    for start, end in clauses.stretches:
        sentence = query.text[start:end]
        is_bare = len(sentence) < 12 * MAX_BARE_WORDS and len(WORD.findall(sentence)) <= MAX_BARE_WORDS
        asks = REQUEST_WORD.search(sentence) or ASKS_FOR_WORKS.search(sentence)
        if is_bare or TAKEN in sentence or asks or _refuses(sentence):
            return True
    return False


def _refuses(sentence: str) -> bool:
    return not _REFUSING.isdisjoint(sentence.lower().split())


# --- the weight of one phrase ---


def _weight(
    query: Query,
    match: AskingMatch,
    span: Span,
    taxonomy: Taxonomy,
    clauses: Clauses,
    labels: TokenLabels | None,
    *,
    is_request: bool,
) -> float:
    if _is_of_person(query, match) or _is_name(query, match) or _is_place(query, match):
        return 0.0
    by_clause = _weight_by_clause(query, match, span, taxonomy, clauses, is_request=is_request)
    if by_clause == 0 and clauses.governor(span[0]) is None and _is_asked_again(query, match, span):
        return _degree(query, match)
    is_refused_from_afar = any(start <= span[0] < end for start, end in clauses.refused_spans)
    if labels is None or is_refused_from_afar:
        return by_clause
    if by_clause > 0 and _is_demanded(query, match):
        return by_clause
    is_left_open = clauses.governor(span[0]) is not None and clauses.polarity(*span) == 0
    return by_clause if is_left_open else _combine(by_clause, labels.share(*span), _degree(query, match))


def _weight_by_clause(
    query: Query, match: AskingMatch, span: Span, taxonomy: Taxonomy, clauses: Clauses, *, is_request: bool
) -> float:
    """Return the weight of a phrase by the grammar of its clause and by its part of the request."""
    start, end = span
    polarity = clauses.polarity(start, end)
    if polarity < 0:
        governor = clauses.governor(start)
        return polarity if query.part(start if governor is None else governor) == "request" else 0.0
    if polarity == 0 or clauses.reports_past(start, end):
        return 0.0
    return _degree(query, match) * _share_of_part(query, match, taxonomy, is_request=is_request)


def _combine(by_clause: float, shares: Mapping[Label, float], degree: float) -> float:
    """Return the weight of a phrase by its clause and its labels.

    Where one wants what the other refuses, it weighs nothing. Where only the labels say something, it weighs half: what
    is sensitive needs both. Where the labels are unsure, the clause decides.
    """
    if shares["wish"] >= LEAST_SHARE_OF_LABEL:
        return by_clause if by_clause > 0 else LESS_SURE * degree * (by_clause == 0)
    if shares["dislike"] >= LEAST_SHARE_OF_LABEL:
        return by_clause if by_clause < 0 else -LESS_SURE * (by_clause == 0)
    if by_clause < 0:
        return by_clause if shares["dislike"] >= LEAST_SHARE_OF_DISLIKE else 0.0
    return by_clause if shares["other"] < SURE_OF_OTHER else 0.0


def _share_of_part(query: Query, match: AskingMatch, taxonomy: Taxonomy, *, is_request: bool) -> float:
    """Return how far a phrase counts in its part of the request: "a sad film" in full, "about a sad clown" not."""
    part = query.part(query.tokens[match.first].start)
    is_theme = any(name in taxonomy.by_id and taxonomy.by_id[name].facet == "theme" for name in match.shares)
    if part == "about":
        is_direct = query.word(match.first - 1) in ("about", "and", "or", "of", "on", "involving", "featuring")
        return float(is_direct or is_theme)
    if not is_request or part == "setting":
        return 0.0
    return 1.0 if part == "request" else LESS_SURE * is_theme


def _degree(query: Query, match: AskingMatch) -> float:
    near = {query.word(match.first - 2), query.word(match.first - 1)}
    return A_LITTLE if near & _LITTLE else 1.0


def _is_of_person(query: Query, match: AskingMatch) -> bool:
    """Return whether the words belong to the person who asks: "my family", "our twins", "a brutal week"."""
    is_own = query.word(match.first - 1) in _OWN and query.joined(match.first - 1)
    return is_own or (query.word(match.last + 1) in _TIMES and query.joined(match.last))


def _is_place(query: Query, match: AskingMatch) -> bool:
    """Return whether a word only says where somebody is: "at the bakery"."""
    is_at = query.word(match.first - 1) in _ARTICLES and query.word(match.first - 2) in ("at", "to")
    return is_at and match.first == match.last and query.word(match.first) in _PLACES


def _is_asked_again(query: Query, match: AskingMatch, span: Span) -> bool:
    """Return whether a noun for works is reported, and another of the sort is asked for after it."""
    is_noun = match.first == match.last and _GENRE_NOUN.fullmatch(query.text, *span)
    return bool(is_noun and query.part(span[0]) == "request" and _ANOTHER.match(query.text, span[1]))


def _is_demanded(query: Query, match: AskingMatch) -> bool:
    """Return whether a word is said to be needed: "it has to be clever", "it should be short"."""
    before = [query.word(match.first - back) for back in (1, 2, 3, 4)]
    needs = before[1] in _MUST or (before[1] == "to" and before[2] in ("has", "have", "needs", "need", "ought"))
    return before[0] == "be" and needs and ("it" in before[2:] or query.word(match.first - 4) in ("it", "they"))


def _is_name(query: Query, match: AskingMatch) -> bool:
    """Return whether a capital within a sentence marks a word as a name: "films with Joy Bryant"."""
    start = query.tokens[match.first].start
    before = query.text[:start].rstrip()[-1:]
    is_within = bool(before) and before not in '.!?:("' and before != TAKEN
    is_capital = query.text[start].isupper()
    return match.first == match.last and is_within and is_capital and not query.is_capitalised


# --- many phrases ---


def _merge(claims: Iterable[_Claim]) -> list[_Claim]:
    """Return the claims with those of the same words, for values and for tags, made one."""
    merged: list[_Claim] = []
    for claim in sorted(claims, key=lambda claim: claim.span):
        last = merged[-1] if merged else None
        if last and claim.span[0] < last.span[1] and claim.weight == last.weight:
            span = (last.span[0], max(last.span[1], claim.span[1]))
            merged[-1] = _Claim(claim.weight, {**claim.shares, **last.shares}, span)
        else:
            merged.append(claim)
    return merged


def _without_modifiers(claims: list[_Claim]) -> list[_Claim]:
    """Return the claims without refused words that only describe the refused word after them.

    "Hard sci-fi, no space wizards" refuses wizards, not space.
    """
    wanted = {dimension for claim in claims if claim.weight > 0 for dimension in claim.shares}
    return [
        claim
        for claim, after in zip(claims, [*claims[1:], None], strict=False)
        if not (
            claim.weight < 0
            and after
            and after.weight < 0
            and after.span[0] - claim.span[1] == 1
            and wanted.issuperset(claim.shares)
        )
    ]


def _soften_pairs(claims: list[_Claim], sensitive: frozenset[str]) -> list[_Claim]:
    """Return the claims with two refused words that stand side by side refused by half.

    "No comic fantasy" refuses neither what is comic nor fantasy, but what is both. What is sensitive stays refused.
    """
    is_pair = [
        one.weight == other.weight == -1.0
        and other.span[0] - one.span[1] == 1
        and not one.shares.keys() & other.shares
        and sensitive.isdisjoint((*one.shares, *other.shares))
        for one, other in pairwise(claims)
    ]
    return [
        claim._replace(weight=-0.5) if any(is_pair[max(at - 1, 0) : at + 1]) else claim
        for at, claim in enumerate(claims)
    ]


def _settle(claims: list[_Claim], said: str, names: Mapping[str, str]) -> dict[str, float]:
    """Return the weight of each dimension over all phrases.

    A refused narrow word does not refuse what is wanted: in "no vampires, a proper ghost story" supernatural beings
    stay wanted, and only the tag of vampires is refused. Where a phrase refuses nothing but what another wants, the
    two contradict each other and weigh nothing.
    """
    wanted: dict[str, float] = {}
    for claim in claims:
        for dimension, share in claim.shares.items():
            weight = claim.weight * share
            if weight > 0:
                wanted[dimension] = max(wanted.get(dimension, 0.0), weight)
    wanted_by_name = {
        dimension
        for claim in claims
        for dimension, share in claim.shares.items()
        if claim.weight * share > 0 and _is_named(names[dimension], said[slice(*claim.span)])
    }
    refused: dict[str, float] = {}
    contradicted: set[str] = set()
    for claim in claims:
        negative = {
            dimension: claim.weight * share for dimension, share in claim.shares.items() if claim.weight * share < 0
        }
        apart = {dimension: weight for dimension, weight in negative.items() if dimension not in wanted}
        if claim.weight < 0 and len(apart) < len(negative):
            named = {dimension for dimension in negative if _is_named(names[dimension], said[slice(*claim.span)])}
            named -= wanted_by_name
            for dimension in named & wanted.keys():  # "sad but not depressing": "depressing" is refused by its name
                del wanted[dimension]
            apart = {dimension: negative[dimension] for dimension in named or apart}
            if not apart:
                contradicted |= negative.keys() - wanted_by_name
        if claim.weight > -1.0:  # "scary, but not too scary" is a bit scary
            for dimension in contradicted & wanted.keys() & negative.keys():
                wanted[dimension] = min(wanted[dimension], A_LITTLE)
                contradicted.discard(dimension)
        for dimension, weight in apart.items():
            refused[dimension] = min(refused.get(dimension, 0.0), weight)
    return {name: weight for name, weight in (wanted | refused).items() if name not in contradicted}


def _is_made_of(words: str, names: Collection[str]) -> bool:
    """Return whether all words are from names of what is asked for; words like "film" do not count."""
    said = [word for word in WORD.findall(words.casefold()) if word not in _SAYS_NO_VALUE]
    return all(any(_are_akin(word, name) for name in names) for word in said)


def _are_akin(word: str, name: str) -> bool:
    """Return whether one is the other with another ending, as "sad" and "sadness", "funny" and "funnier"."""
    short, long = sorted((word, name), key=len)
    return len(short) >= LEAST_LETTERS_OF_NAME and long.startswith(short[:-1] if short[-1] in "ey" else short)


def _is_named(name: str, words: str) -> bool:
    """Return whether words hold the name of a dimension, in the singular or the plural."""
    key = name.casefold().replace("-", " ").rstrip("s")
    return key in words.casefold().replace("-", " ")
