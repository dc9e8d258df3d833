"""For whom the works are to be: for children, a family or teenagers; by words, by age and by occasion; pure.

That somebody has children says nothing: it must be said that they watch or read too ("for", "with"), or how old they
are. "Children" in the plot ("about children", "no dead children") say nothing either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from search_api.records import Audience
from search_api.understanding.clauses import Clauses
from search_api.understanding.phrases import any_case, word_set
from search_api.understanding.query import Query, Span

OLDEST_CHILD, OLDEST_TEENAGER = 11, 17
"""Our choice: libraries shelve "young adult" from twelve on."""

# --- words ---

_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS.split(), start=1)}
_AGE = rf"(?:\d{{1,2}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b"
_OWNERS = r"(?:my|our|his|her|their|the|a|an|some|all)"
_KIN = (
    r"(?:(?:grand|god|step)?(?:sons?|daughters?|child(?:ren)?)|nieces?|nephews?|grandkids?|kids?|kiddos?|boys?|girls?"
    r"|twins|triplets|brothers?|sisters?|cousins?|little (?:one|brother|sister)s?|pupils|students|class|lads?"
    r"|lass(?:es)?|youngest|eldest|oldest)"
)
_CHILD = (
    rf"(?:(?:{_OWNERS}|little|small|young|younger) )*(?:kids?|kiddos?|child(?:ren)?|toddlers?|pre-?schoolers?|tweens?"
    r"|grandkids?|grandchild(?:ren)?|little (?:ones?|boys?|girls?)|kindergart(?:n?ers?|eners?)|young readers?"
    r"|(?:first|second|third|fourth) graders?|bab(?:y|ies))\b"
)
_TEEN = (
    rf"(?:{_OWNERS} )*(?:teen(?:s|agers?)?|adolescents?|high[ -]?schoolers?|young adults?|teenage (?:kids?|sons?"
    r"|daughters?|boys?|girls?|nieces?|nephews?|children))\b"
)
_ADULT = (
    rf"(?:(?:{_OWNERS}|and) )*(?:grand(?:ma|pa|parents?|mother|father|dad|mum)s?|gran(?:ny|nies)?|parents?|adults?"
    r"|grown-?ups?|mum|mom|dad|husband|wife|everyone|everybody)\b"
)
_AGED = any_case(
    rf"\b(?P<old>{_AGE})[ -]?(?:years?|yrs?)[ -]?olds?\b",
    rf"\b(?P<yo>{_AGE}) ?y/?os?\b",
    rf"\b{_KIN}\W{{0,3}}\((?:aged? )?(?P<bracketed>{_AGE}(?:(?:, ?| and | & ){_AGE})*)\)",
    rf"\b(?P<subject>{_KIN}|he|she|they|i|we)(?:'s|'re|'m| is| are| am)(?: (?:only|just|now|almost|nearly|about to be"
    rf"|turning|about to turn|aged?|soon|both|all))* (?P<said>{_AGE}(?: and {_AGE})?)(?! ?(?:%|/|(?:hours?|minutes?"
    r"|months?|weeks?|of|times|pages|out|hundred|films?|movies?|books?|or|people)\b))",
    rf"\b{_KIN}(?: of|,? aged?|,? who(?:'s| is| just turned| has just turned)| turns| turned"
    rf"| just turned)?,? (?P<after_kin>{_AGE})"
    r"(?= *(?:$|[,.;!?)\0]| (?:and|or|who|but|loves?|likes?|wants?|needs?)\b))",
    rf"\b{_KIN},? (?:(?:aged|all|who are|aged from|ranging) )?(?:between|from)? ?(?P<range>{_AGE}(?: and | to "
    rf"|-){_AGE})"
    r"(?= *(?:$|[,.;!?)\0]|(?:and|or|who|but|years?)\b))",
    rf"\b(?:ages?|aged|turning|turns) (?P<aged>{_AGE}(?:(?: and |-| to | or |, ?){_AGE})?)",
)
"""Ages: "ten-year-old", "4 yo", "my niece (6)", "nephew's 15", "a boy of eleven", "turning 14"."""
_NOT_AN_AGE = any_case(
    r"[ -](?:films?|movies?|books?|novels?|car|dog|cat|laptop|tv|telly|phone|house|whisky|marriage|relationship|show)\b"
)
_OWN_PAST = any_case(r"\b(?:as an?|when (?:i|we) (?:was|were)|since (?:i|we) (?:was|were)|i was|we were) $")
_POINTED = any_case(rf"\b(?:for|with|my|our|his|her) (?:{_OWNERS} )?(?:{_KIN},? who(?:'s| is)? (?:\w+ )?)?$")
"""What ties an age to somebody who is there: "for my", "with a", "my daughter, who is"."""
_IN_COMPANY = any_case(rf"\bwith (?:{_OWNERS} )*$")

_GRADE_OF_CHILD = r"(?:1st|2nd|3rd|[4-6]th|first|second|third|fourth|fifth|sixth)[ -]grade(?:rs?)?\b"
_GRADE_OF_TEEN = (
    r"(?:(?:[7-9]|1[0-2])th|seventh|eighth|ninth|tenth|eleventh|twelfth)[ -]grade(?:rs?)?\b"
    r"|(?:middle|high|secondary) school (?:class(?:es)?|students?|pupils?|kids)\b"
)
_TO_PUPILS = r"\b(?:teach(?:es|ing)?|taught|my|our|(?:for|with)(?: a| my| the| our| some)?|teacher of|class of) "
_FOR = r"\b(?:for|suits?|suitable for|suited to|safe for|appropriate for|fit for|ok for|okay for|aimed at|to) "
_SIGNS = any_case(
    rf"(?P<children>{_FOR}{_CHILD}(?! (?:of|in|who die)\b)"
    r"|\b(?:kid|child|toddler|children)[ -](?:friendly|safe|appropriate)\b|\bbedtime (?:stor(?:y|ies)|books?)\b"
    r"|\bpicture books?\b|\b(?:children|kid|child)'?s?'? (?:books?|films?|movies?|stor(?:y|ies)|novels?)\b"
    r"|\b(?:in|starting) (?:kindergarten|nursery|pre-?school|primary school|elementary school"
    r"|(?:first|second|third|fourth) grade)\b"
    r"|\b(?:the|my|our) (?:kids|children|grandkids|grandchildren|little ones|kiddos|twins|boys|girls|son|daughter"
    r"|niece|nephew) (?:will|would|can|could|might|should) (?:also |all |really |both )*(?:enjoy|like|love|watch|see"
    r"|read|follow|handle)\b"
    r"|\b(?:keep|entertain|amuse) (?:the|my|our) (?:kids|children|grandkids|little ones)\b"
    rf"|\bmy kids (?:love|like|adore|enjoy|want|need)\b|{_TO_PUPILS}{_GRADE_OF_CHILD})",
    rf"(?P<teens>(?:{_FOR}|\bwith ){_TEEN}|{_TO_PUPILS}(?:{_GRADE_OF_TEEN})|\bteen[ -]friendly\b)",
    rf"(?P<family>\bwith {_CHILD}(?! (?:who|that|in it)\b|['\u2019]s (?:eyes?|mind|heart|imagination|curiosity)\b)"
    r"|\b(?:kids|children|toddlers?|little ones|teenagers?) (?:and an? \w+ )?(?:in the room|present|around|watching"
    r"|with us)\b"
    r"|\bfamily[ -](?:(?:movie|film|game|cinema) )?(?:nights?|evenings?|viewing|time|afternoon|friendly)\b"
    r"|\bfamily (?:films?|movies?)\b|\b(?:whole|entire|all the) family\b"
    r"|\b(?:for (?:the|my|our)|with (?:the|my|our)(?: whole)?) family\b"
    r"|\ball ages\b|\ball the generations\b|\byoung and old\b|\b(?:rated pg|pg rated|pg or lower|pg-rated)\b"
    r"|\b(?:not|nothing|non|isn't|no|don't want)(?: an?| anything)?[ -]?r[ -]rated\b)",
)
"""Words and occasions, by the group that they name."""
_TOGETHER = any_case(
    r"\btogether\b|\ball (?:\w+ )?of us\b|\b(?:movie|film|cinema) night\b|\b(?:me|us),? (?:my|the|and)\b",
    rf"\b(?:olds?|{_CHILD}),? and {_ADULT}|\b{_ADULT},? and {_CHILD}",
    r"\b(?:their|the|both) (?:grand)?parents (?:will|too|are (?:here|coming))\b|\bso (?:can|do|will) (?:i|we)\b",
    r"\bboth (?:kids|children) and (?:adults|grown-?ups)\b|\bas well as (?:us|me|adults|grown-?ups)\b",
)
"""Signs that adults watch or read as well."""
_FOR_ADULTS = any_case(
    r"\b(?:for|only) (?:adults|grown-?ups|mature (?:audiences|readers))\b|\badults[ -]only\b|\badult audience\b"
)
_AWAY = any_case(
    r"\b(?:asleep|in bed|away|cancell?ed|called off|off to"
    r"|(?:is|are|was|were|'s|'re|stay|staying|off) at (?:my|his|her|their|the|a|school|nan|gran)\b|with their"
    r"|without|gone|out of (?:the house|town)|babysitter|child-?free|kid-?free|left home|moved out|grown up)\b"
)
"""Signs that those who are named do not watch: "the kids are asleep", "family night got cancelled"."""
_REFUSING = any_case(r"not|nothing|non|isn't|no\b|don't")
_TRIGGERS = word_set(
    "kid kids kid's kids' kiddo kiddos child children child's children's childrens toddler toddlers preschooler "
    "preschoolers preschool pre nursery kindergarten kindergartner kindergartners kindergartener grandkids grandchild "
    "grandchildren baby babies little young younger son sons daughter daughters niece nieces nephew nephews grandson "
    "grandsons granddaughter granddaughters boy boys girl girls twins triplets godson goddaughter stepson stepdaughter "
    "brother sister cousin cousins pupils students class lad lads lass youngest eldest oldest son's daughter's niece's "
    "nephew's teen teens teenager teenagers teenage tween tweens adolescent adolescents high school family ages "
    "generations bedtime picture grader graders grade primary elementary rated yo yos aged turning turns old"
)
"""Words without which, and without a number, nothing says an audience: most requests are read no further."""

# --- reading ---

_Group: TypeAlias = Literal["children", "teens", "family"]


class _Sign(NamedTuple):
    group: _Group
    span: Span


def read_audience(query: Query, clauses: Clauses) -> tuple[Audience | None, list[Span]]:
    """Return for whom the works are to be, None where nothing says it, and the words that say it."""
    if not any(token.word in _TRIGGERS or token.word in _NUMBERS or token.word[0].isdigit() for token in query.tokens):
        return None, []
    signs = [sign for sign in (*_ages(query), *_words(query)) if not _is_denied(sign.span, query, clauses)]
    if not signs or _FOR_ADULTS.search(query.text):
        return None, []
    groups = {sign.group for sign in signs}
    spans = [sign.span for sign in signs]
    if "family" in groups or {"children", "teens"} <= groups:
        return "family", spans
    if "teens" in groups:
        return "teens", spans
    return ("family" if _TOGETHER.search(query.text) else "children"), spans


def _ages(query: Query) -> Iterator[_Sign]:
    """Yield the signs by age. An age in the plot ("about a ten-year-old") is none, nor is one of the person's past."""
    text = query.text
    for match in _AGED.finditer(text):
        before = text[max(0, match.start() - 40) : match.start()]
        is_in_plot = query.part(match.start()) != "request" and not _POINTED.search(before)
        if is_in_plot or _NOT_AN_AGE.match(text, match.end()) or _OWN_PAST.search(before):
            continue
        is_asker = (match["subject"] or "").lower() in ("i", "we")
        said = next(value for name, value in match.groupdict().items() if value and name != "subject")
        for word in re.findall(r"\w+", said.lower()):
            years = _NUMBERS.get(word) or (int(word) if word.isdecimal() else OLDEST_TEENAGER + 1)
            if years <= OLDEST_CHILD and not is_asker:
                yield _Sign("family" if _IN_COMPANY.search(before) else "children", match.span())
            elif OLDEST_CHILD < years <= OLDEST_TEENAGER:
                yield _Sign("teens", match.span())


def _words(query: Query) -> Iterator[_Sign]:
    """Yield the signs by words and occasions."""
    groups: dict[str, _Group] = {"children": "children", "teens": "teens", "family": "family"}
    for match in _SIGNS.finditer(query.text):
        group = groups[str(match.lastgroup)]
        part = query.part(match.start())
        if part in ("request", "about") and (group != "family" or part == "request"):
            yield _Sign(group, match.span())


def _is_denied(span: Span, query: Query, clauses: Clauses) -> bool:
    """Return whether it is said that the works are not for these people, or that they are away."""
    start, end = span
    if clauses.polarity(start, end) < 0 and not _REFUSING.match(query.text, start):
        return True
    clause = clauses.clause_at(start)
    return clause is not None and bool(_AWAY.search(query.text, start, clause.end))
