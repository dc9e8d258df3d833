"""Where the works asked for come from, and in which language they are: "a Swedish film", "in Swedish"; pure.

An adjective of a country before a noun for a work asks for the country; so does the country's name after "from" or
"made in". "In Swedish" and "Swedish-language" ask for the language. "About a Swedish cook", "set in Sweden" and "my
Swedish teacher" ask for neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from crawler.countries import ASKED_COUNTRIES
from crawler.languages import ASKED_LANGUAGES, language_of_name
from search_api.records import Choice
from search_api.understanding.phrase_table import PhraseHit, PhraseTable, is_within_phrase
from search_api.understanding.phrases import any_case, word_set
from search_api.understanding.query import Query, Span
from search_api.understanding.scope import Polarity, Scope, list_polarity

Codes: TypeAlias = tuple[str, ...]

# --- words ---


def _codes(text: str) -> Codes:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("; "))


_ARAB = _codes("AE BH DZ EG IQ JO KW LB LY MA MR OM PS QA SA SD SY TN YE")
_LATIN_AMERICA = _codes("AR BO BR CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV UY VE")
_SOUTH_AMERICA = _codes("AR BO BR CL CO EC GY PE PY SR UY VE")
_AFRICA = _codes(
    "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG RW "
    "SC SD SL SN SO SS ST SZ TD TG TN TZ UG ZA ZM ZW"
)
_EAST_ASIA = _codes("CN HK JP KP KR MN MO TW")
_SOUTH_EAST_ASIA = _codes("BN ID KH LA MM MY PH SG TH TL VN")
_SOUTH_ASIA = _codes("BD BT IN LK MV NP PK")
_EASTERN_EUROPE = _codes("BG BY CS CZ DD HU MD PL RO RU SK SU UA")
_BALKANS = _codes("AL BA BG GR HR ME MK RO RS SI XK YU")
_EUROPE = tuple(
    dict.fromkeys(
        (*_codes("AT BE CH DE DK EE ES FI FR GB IE IS IT LT LU LV MT NL NO PT SE"), *_EASTERN_EUROPE, *_BALKANS)
    )
)
REGIONS: Mapping[str, Codes] = {
    "african": _AFRICA,
    "africa": _AFRICA,
    "arab": _ARAB,
    "asian": (*_EAST_ASIA, *_SOUTH_EAST_ASIA, *_SOUTH_ASIA),
    "asia": (*_EAST_ASIA, *_SOUTH_EAST_ASIA, *_SOUTH_ASIA),
    "balkan": _BALKANS,
    "the balkans": _BALKANS,
    "baltic": ("EE", "LT", "LV"),
    "caribbean": _codes("AG BB BS CU DM DO GD GP HT JM KN LC MQ PR TT VC"),
    "the caribbean": _codes("AG BB BS CU DM DO GD GP HT JM KN LC MQ PR TT VC"),
    "bollywood": ("IN",),
    "east asian": _EAST_ASIA,
    "eastern european": _EASTERN_EUROPE,
    "eastern europe": _EASTERN_EUROPE,
    "european": _EUROPE,
    "europe": _EUROPE,
    "hollywood": ("US",),
    "j horror": ("JP",),
    "k drama": ("KR",),
    "k dramas": ("KR",),
    "kdrama": ("KR",),
    "kdramas": ("KR",),
    "k horror": ("KR",),
    "latin american": _LATIN_AMERICA,
    "latin america": _LATIN_AMERICA,
    "middle eastern": tuple(dict.fromkeys((*_ARAB, "IL", "IR", "TR"))),
    "the middle east": tuple(dict.fromkeys((*_ARAB, "IL", "IR", "TR"))),
    "nollywood": ("NG",),
    "nordic": ("DK", "FI", "IS", "NO", "SE"),
    "nordic noir": ("DK", "FI", "IS", "NO", "SE"),
    "scandi": ("DK", "NO", "SE"),
    "scandi noir": ("DK", "NO", "SE"),
    "scandinavian": ("DK", "NO", "SE"),
    "scandinavia": ("DK", "NO", "SE"),
    "south american": _SOUTH_AMERICA,
    "south america": _SOUTH_AMERICA,
    "south asian": _SOUTH_ASIA,
    "southeast asian": _SOUTH_EAST_ASIA,
    "south east asian": _SOUTH_EAST_ASIA,
    "spaghetti western": ("IT",),
    "spaghetti westerns": ("IT",),
    "telenovela": _LATIN_AMERICA,
}
"""Regions, and film industries and genres of one country. Scandinavia is Denmark, Norway and Sweden; the Nordic
countries are these with Finland and Iceland."""

_SHORT_NAMES: Mapping[str, Codes] = dict.fromkeys(("u.s.", "u.s.a.", "usa", "us", "the states", "america"), ("US",)) | {
    "nz": ("NZ",),
    "brit": ("GB",),
}
_BLOCKED: Mapping[str, Codes] = dict.fromkeys(
    _phrases(
        "native american; african american; north american; central american; asian american; english; korean war; "
        "vietnam war; iraq war; american football; american dream; indian ocean; indian summer; british empire; "
        "french kiss; french fries; swiss army; spanish flu; turkish delight; us vs them"
    ),
    (),
)
"""Phrases that have a country's adjective in them and ask for no country."""
_COUNTRIES = PhraseTable[Codes]({**ASKED_COUNTRIES, **REGIONS, **_SHORT_NAMES, **_BLOCKED})
_MORE_LANGUAGES = """
    afrikaans albanian armenian basque bosnian bulgarian burmese catalan croatian estonian filipino flemish galician
    georgian irish kannada kazakh khmer kurdish latin latvian lithuanian malay malayalam maltese maori marathi mongolian
    nepali punjabi quechua serbian sinhala slovak slovenian somali swahili tagalog tibetan welsh wolof xhosa yiddish
    yoruba zulu
"""
"""Names that a request uses for a language after "in" only."""
_LANGUAGES = PhraseTable[Codes](
    {
        **{name: (code,) for name in _MORE_LANGUAGES.split() if (code := language_of_name(name))},
        **ASKED_LANGUAGES,
    }
)

_TELLTALE = frozenset(
    _phrases(
        "k drama; k dramas; kdrama; kdramas; j horror; k horror; nordic noir; scandi noir; telenovela; "
        "spaghetti western; spaghetti westerns"
    )
)
"""Words that name works by themselves, with no noun after them."""
_AMBIGUOUS_BEFORE_NOUN = word_set("vietnam iraq afghanistan america asia africa europe korea israel")
"""Names that before a noun say what a work is about ("Vietnam films")."""

_NOUNS = word_set(
    "action nonsense rubbish remake remakes epic epics saga sagas giallo giallos "
    "film films movie movies flick flicks cinema book books novel "
    "novels novella novellas fiction literature poetry prose comedy comedies drama dramas thriller thrillers "
    "horror horrors western westerns romance romances romcom romcoms classic classics musical musicals "
    "documentary documentaries cartoon cartoons mystery mysteries animation anime noir noirs whodunnit whodunnits "
    "whodunit whodunits crime slasher slashers fantasy memoir memoirs biopic biopics production productions "
    "filmmaking series show shows sitcom sitcoms telly tv title titles gem gems masterpiece masterpieces weepie "
    "weepies weepy story stories tale tales read reads fairytale picture pictures blockbuster blockbusters one "
    "ones stuff release releases sci scifi rom western indie indies feature features short shorts hit hits"
)
_MAKERS = word_set(
    "author authors writer writers novelist novelists poet poets playwright playwrights director directors "
    "filmmaker filmmakers auteur auteurs woman women"
)
_PLAIN = word_set(
    "kitchen sink expressionist neorealist surrealist giallo outback wave "
    "absurd absurdist acclaimed action adventure age all "
    "and ambitious animated arthouse art award winning based bad beautiful best big bleak bittersweet black "
    "brilliant cheerful cheesy classic clever coming comic contemporary cosy courtroom cozy creepy "
    "crime crazy cult dark deadpan decent detective dramatic dry dystopian early epic erotic existential "
    "experimental fairy family famous fantastic fantasy fast feel female feminist fiction folk forgotten fun "
    "funny gangster gay gentle ghost good gothic gory great gripping gritty gentle happy hard haunting "
    "heartwarming heist hidden high historical horror house independent indie inspiring intense kids known late "
    "lesser lesbian light lighthearted literary little long love low magical melancholic mid modern monster "
    "moving mystery neo new noir obscure odd old older paced period poetic police political popular post postwar "
    "profound psychological queer quiet quirky realist realism recent revenge road romantic rural sad satirical "
    "scary science sexy short silent silly slow small smart social speculative spy stylish supernatural surreal "
    "suspense suspenseful sweet teen tense terrifying thoughtful tragic translated true underrated unusual "
    "uplifting urban violent war warm weird whimsical witty women women's young zombie vampire samurai martial "
    "arts kung fu of"
)
"""Words that may stand between an adjective of a country and the noun: "a Danish crime drama"."""
MAX_WORDS_BETWEEN = 4

# --- what stands around a country ---

_FROM = any_case(
    r"\b(?P<from>from|made in|produced in|shot and set in|coming (?:from|out of)|out of|originating in|by)"
    r"(?: (?:somewhere|anywhere) in| countries like| places like)? (?:the )?$"
)
_ORIGIN_HEAD = any_case(
    r"(?:(?<![\w'-])(?:films?|movies?|flicks?|books?|novels?|cinema|comed(?:y|ies)|dramas?|thrillers?|horrors?"
    r"|westerns?|romances?"
    r"|rom-?coms?|classics?|musicals?|documentar(?:y|ies)|cartoons?|myster(?:y|ies)|animation|fiction|literature"
    r"|poetry|noir"
    r"|series|shows?|sci-?fi|fantasy|crime|stuff|something|anything|nothing|everything|one|ones|not|no|but"
    r"|hidden gems?|gems?|stor(?:y|ies)"
    r"|pages|minutes|(?:as|so) long as (?:it|they)(?:'s|'re| is| are)"
    r"|(?:must|should|(?:has|have|needs?|ought) to) (?:be|come)"
    r"|authors?|writers?|novelists?|poets?|directors?|filmmakers?|women|ideally|preferably|recommendations|\d0s|please)"
    r"(?: (?:only|also|mainly|that (?:is|are)|that's|coming))?|(?:something|anything|nothing) \w+|^|[,.;!?(:\0])\s*$"
)
"""What "from Peru" may belong to; not "my wife is", "a nun"."""
_SAID_OF_WORKS = any_case(
    r"(?:\b(?:something|anything|everything|nothing|stuff|ideally|preferably|but|make it|but not|not|nor|more|only|just"
    r"|(?:has|have|needs?|must|should|got) (?:to )?be|(?:that|which) (?:is|are|isn't|aren't)|that's|(?:is|are)n't|no"
    r"|nothing too|something more|a bit of|to be)|^|[,.;:!?(]|\bnon-?)\s*$"
)
"""Words before an adjective that stands without a noun: "something Swedish", "it has to be Korean"."""
_SAID_ENDS = any_case(
    r"\s*(?:$|[,.;!?):]|(?:and|or|but|please|pls|with|from|about|that|this|under|preferably|ideally|if|for|in|again)\b"
    r"|(?:instead|too|tonight|if possible|maybe|origin|made)\b)"
)
_IF_POSSIBLE = any_case(
    r",? (?:if (?:at all )?possible|if (?:you|they) (?:can|have|know|do)\b|for preference|for choice)"
)
"""After an adjective they make it a wish, wherever it stands: "Swedish if possible"."""
_BY_MAKER = any_case(r"\b(?:by|from) (?:(?:an?|some|the|any|other|young|female|contemporary|women|new|modern) )*$")
_BUT = any_case(
    r"\b(?:any(?:where|thing| (?:country|place|language|film|book|movie|other country|other language))?"
    r"|every(?:where|thing| country| language)|all (?:countries|languages)|somewhere|language|country|film|films"
    r"|movies|books|novels)"
    r"(?: that's| that is| from| in)*,? (?:but|except(?: for)?|other than|apart from|besides|outside(?: of)?|not|save"
    r"|bar)"
    r"(?: from| in| of| made in)? (?:the )?$",
    r"\b(?:outside(?: of)?|non-?) ?(?:the )?$",
)
""" "From anywhere but", "any language except"."""

_LIST_JOINT = any_case(r"(?:,? ?(?:or|and|nor)|,|/|-)? ?(?:from )?(?:the |an? )?")
"""What may stand between the members of a list of countries."""

_ADAPTED_FROM = any_case(r"\b(?:adaptations?|versions?|remakes?|retellings?) of (?:an? |the |some |any )?$")
_PLACE_OF_PLOT = any_case(
    r"\b(?:set|lives?|living|happen(?:s|ing)?|tak(?:es|ing) place) (?:anywhere|somewhere|everywhere)\b[^,.;]*$"
)

# --- languages ---

_IN_LANGUAGE = any_case(
    r"\b(?:(?:spoken|written|filmed|shot|made|entirely|only|all|originally|translated) )*in (?:the )?(?:original )?$",
    r"\btranslated from (?:the )?(?:original )?$",
)
_LANGUAGE_JOINT = any_case(r"(?:,? or|,? and|/|,)? ?(?:in )?")
_LANGUAGE_ENDS = any_case(
    r"\s*(?:$|[,.;!?)\0]|(?:and|or|but|with|from|about|under|please|pls|that|which|this|only|language|if|for|by|set"
    r"|directed|starring"
    r"|made|ideally|preferably|tonight|is|are|subtitled|too|not|rather|instead|of|since|before|after)\b)"
)
_LANGUAGE_NOUN = any_case(r"[ -](?:language|speaking|spoken|audio|dialogue)\b")
_ONLY = any_case(r" only\b")
_NO_SUBTITLES = any_case(
    r"\b(?P<no_subtitles>(?:no|without|can't do|hate|hates|nothing with|not up for(?: reading)?"
    r"|don't want(?: to read)?|no foreign[- ]language|nothing) "
    r"(?:any )?(?:subtitles|subtitled|subs))\b"
)
_FOREIGN = any_case(
    r"\bforeign(?:[ -]language)?(?= (?:[a-z-]+ ){0,2}?(?:films?|movies?|cinema|flicks?|horror|comed(?:y|ies)|dramas?"
    r"|thrillers?|ones?"
    r"|books?|novels?|fiction|classics?)\b)|\bforeign[ -]language\b|\bworld cinema\b|(?<=something )foreign\b"
)
"""Works that are not in English."""
_NO_ENGLISH = any_case(
    r"\b(?:no|not|nothing in|not in|without|anything but) english\b"
    r"(?= *(?:$|[,.;!?)\0]|(?:please|pls|language|ones?|stuff|dialogue|films?|movies?|books?)\b))"
)
_SIGNS = word_set("foreign world subtitles subtitled subs non english")

_MOST_COMPARED = 20
"""Of a region and a country in it ("African cinema, perhaps from Mali") the country counts; so many are compared."""
MAX_BEFORE = 60
_THE = any_case(r"\b(?:from|in|of|but|outside) the $")
_DECADE = re.compile(r"(?:19|20)?\d0s")
_PERSON_BEFORE = word_set("my her his our their learning learn study speak speaks")
_NOT_AFTER_NOUN = word_set(
    "school festival star stars director student buff maker makers industry teacher class boss lord family scene "
    "lover lovers history professor critic critics shop club store soundtrack poster"
)
"""Words that make "film" or "crime" a part of another noun."""

# --- reading ---


class Origin(NamedTuple):
    """The countries and languages asked for and against, and the spans that name them."""

    countries: Choice | None
    language: Choice | None
    spans: list[Span]


class _Claim(NamedTuple):
    """A wish for works of some countries or languages, or against them.

    `hit` is the phrase in the table, and `span` has the words that belong to the wish.
    """

    codes: Codes
    is_denied: bool
    span: Span
    hit: PhraseHit[Codes] | None = None


def read_origin(query: Query, scope: Scope | None = None) -> Origin:
    """Return the countries and languages that the works must have, or must not have."""
    scope = scope or Scope(query)
    language_hits = list(_LANGUAGES.find(query))
    languages = [*_languages(query, scope, language_hits), *_foreign(query, scope)]
    taken = {claim.hit.start for claim in languages if claim.hit}
    country_hits = [hit for hit in _COUNTRIES.find(query) if hit.start not in taken]
    countries = _countries(query, scope, country_hits)
    if any(not claim.is_denied for claim in countries):  # "a French film without subtitles" is not one in English
        languages = [claim for claim in languages if claim.hit or claim.is_denied]
    taken |= {hit.start for hit in country_hits}
    # "An Arabic novel", "Hindi films": an adjective of a language that is not one of a country.
    languages += _countries(
        query, scope, [hit for hit in language_hits if hit.start not in taken and query.word(hit.first) != "latin"]
    )
    return Origin(_choice(countries), _choice(languages), [claim.span for claim in (*languages, *countries)])


def _choice(claims: list[_Claim]) -> Choice | None:
    asked = [set(claim.codes) for claim in claims if not claim.is_denied]
    wanted = dict.fromkeys(
        code
        for claim in claims
        if not claim.is_denied and not any(narrower < set(claim.codes) for narrower in asked[:_MOST_COMPARED])
        for code in claim.codes
    )
    unwanted = dict.fromkeys(code for claim in claims if claim.is_denied for code in claim.codes if code not in wanted)
    return Choice(any=tuple(wanted), none=tuple(unwanted)) if wanted or unwanted else None


# --- countries ---


def _countries(query: Query, scope: Scope, hits: list[PhraseHit[Codes]]) -> list[_Claim]:
    """Return the countries asked for and against. The members of a list share the noun that follows the last."""
    uses = [_use(query, scope, hit) for hit in hits]
    for number in range(len(hits) - 2, -1, -1):  # "Swedish or Danish films": from the last to the first
        hit, following = hits[number], uses[number + 1]
        if uses[number] is None and following in ("wanted", "denied") and _in_list(query, hit, hits[number + 1]):
            before = scope.polarity(hit.start, hit.end)
            uses[number] = following if before == "wanted" else before
    for number in range(1, len(hits)):  # "nothing French or Italian", "from Peru or Chile": from the first to the last
        if uses[number - 1] == "wanted" and uses[number] is None and _in_list(query, hits[number - 1], hits[number]):
            is_last = scope.precedes_complements(hits[number].start) and _SAID_ENDS.match(query.text, hits[number].end)
            uses[number] = "wanted" if is_last else None
        if uses[number - 1] == "denied" and uses[number] in ("wanted", "unsure", None):
            handed_on = list_polarity(query.text, hits[number - 1].end, hits[number].start, "denied")
            uses[number] = handed_on or uses[number]
    return [
        _Claim(hit.value, use == "denied", _span(query, scope, hit, is_denied=use == "denied"), hit)
        for hit, use in zip(hits, uses, strict=True)
        if use in ("wanted", "denied") and hit.value
    ]


def _in_list(query: Query, hit: PhraseHit[Codes], following: PhraseHit[Codes]) -> bool:
    return bool(following.value and hit.value and _LIST_JOINT.fullmatch(query.text, hit.end, following.start))


def _use(query: Query, scope: Scope, hit: PhraseHit[Codes]) -> Polarity | None:
    """Return how the words around a country use it; None where they do not ask for works from there."""
    text, low = query.text, max(0, hit.start - MAX_BEFORE)
    if scope.role(hit.start) != "asks" or scope.is_unsure(hit.start) or _PLACE_OF_PLOT.search(text, low, hit.start):
        return None
    if text[hit.start : hit.end] == "us" and not _THE.search(text, low, hit.start):  # "give us films"
        return None
    but = _BUT.search(text, low, hit.start)
    if but and scope.part(but.start()) == "request":
        return "denied"
    noun_end = _noun_end(query, hit)
    origin = _FROM.search(text, low, hit.start)
    if origin and noun_end is None:
        is_asked = _is_origin(query, scope, hit, origin)
    else:
        is_wished = _IF_POSSIBLE.match(text, hit.end) and scope.part(hit.start) == "request"
        is_asked = bool(is_wished or scope.asks(hit.start)) and query.word(hit.first - 1) not in _PERSON_BEFORE
        is_asked = is_asked and not _ADAPTED_FROM.search(text, low, hit.start)
        is_asked = is_asked and (noun_end is not None or _stands_alone(query, hit))
    if not is_asked:
        return None
    return scope.polarity(origin.start() if origin else hit.start, hit.end if noun_end is None else noun_end)


def _stands_alone(query: Query, hit: PhraseHit[Codes]) -> bool:
    """Return whether an adjective says something of the works without a noun: "something Swedish", "a K-drama"."""
    if query.words(hit.first, hit.last) in _TELLTALE:
        return True
    if _IF_POSSIBLE.match(query.text, hit.end):
        return True
    before = _SAID_OF_WORKS.search(query.text, max(0, hit.start - 30), hit.start)
    return bool(before and _SAID_ENDS.match(query.text, hit.end))


def _is_origin(query: Query, scope: Scope, hit: PhraseHit[Codes], origin: re.Match[str]) -> bool:
    """Return whether "from Peru" or "made in Peru" says where the works come from."""
    text, part, preposition = query.text, scope.part(origin.start()), origin["from"].lower()
    closes = part == "about" and not re.match(r"[ -]?[\w']", text[hit.end : hit.end + 2])
    is_way = query.joined(hit.last) and query.word(hit.last + 1) in ("to", "in", "on")  # "from Chile to Peru"
    if is_way or preposition == "by":
        return False
    if preposition.startswith(("made", "produced")):
        return part == "request" or closes
    return part == "request" and bool(_ORIGIN_HEAD.search(text, max(0, origin.start() - 40), origin.start()))


def _noun_end(query: Query, hit: PhraseHit[Codes]) -> int | None:
    """Return where the noun for works, or for who makes them, ends that follows a country; None where none follows.

    "A Danish crime drama", "by Irish writers"; but not "a Danish chef", and not "French film school".
    """
    if query.words(hit.first, hit.last) in _AMBIGUOUS_BEFORE_NOUN:
        return None
    is_by = bool(_BY_MAKER.search(query.text, max(0, hit.start - MAX_BEFORE), hit.start))
    last = min(hit.last + 1 + MAX_WORDS_BETWEEN, len(query.tokens) - 1)
    for number in range(hit.last + 1, last + 1):
        gap = query.text[query.tokens[number - 1].end : query.tokens[number].start]
        if not (is_within_phrase(gap) or gap == ", "):
            return None
        word = query.word(number)
        if word in _NOUNS:
            is_whole = not query.joined(number) or query.word(number + 1) not in _NOT_AFTER_NOUN
            return query.tokens[number].end if is_whole else None
        if word in _MAKERS and (is_by or (number == hit.last + 1 and word not in ("woman", "women"))):
            return query.tokens[number].end
        if word not in _PLAIN and not _DECADE.fullmatch(word):
            return None
    return None


def _span(query: Query, scope: Scope, hit: PhraseHit[Codes], *, is_denied: bool) -> Span:
    """Return the characters that ask for a country, with the words before it that belong to the wish."""
    low = max(0, hit.start - MAX_BEFORE)
    opening = _BUT.search(query.text, low, hit.start) or _FROM.search(query.text, low, hit.start)
    start = opening.start() if opening else hit.start
    negation = scope.negation(start) if is_denied and not opening else None
    return (negation.start() if negation else start), hit.end


# --- languages ---


def _languages(query: Query, scope: Scope, hits: list[PhraseHit[Codes]]) -> Iterator[_Claim]:
    """Yield the languages that are said to be languages: "in Danish", "Danish-language", "any language but English"."""
    previous: _Claim | None = None
    for hit in hits:
        claim = None
        if scope.role(hit.start) == "asks" and not scope.is_unsure(hit.start):
            claim = _language(query, scope, hit) or _next_in_list(query, hit, previous)
        if claim:
            yield claim
        previous = claim


def _language(query: Query, scope: Scope, hit: PhraseHit[Codes]) -> _Claim | None:
    """Return what the words around a language say of it, if they say that it is one."""
    text, low = query.text, max(0, hit.start - MAX_BEFORE)
    noun = _LANGUAGE_NOUN.match(text, hit.end)
    if query.word(hit.first) == "english":  # "French only" means the country
        noun = noun or _ONLY.match(text, hit.end)
    but = _BUT.search(text, low, hit.start)
    is_language = noun or query.word(hit.first) == "english" or (but and "language" in but[0].lower())
    within = _IN_LANGUAGE.search(text, low, hit.start) if _LANGUAGE_ENDS.match(text, hit.end) else None
    opening = but if but and is_language else within
    start, end = opening.start() if opening else hit.start, noun.end() if noun else hit.end
    if not (opening or noun) or scope.part(start) not in ("request", "about"):
        return None
    polarity = "denied" if opening is but and but else scope.polarity(start, end)
    if polarity == "denied" and opening is not but and (negation := scope.negation(start)):
        start = negation.start()
    return _Claim(hit.value, polarity == "denied", (start, end), hit) if polarity in ("wanted", "denied") else None


def _next_in_list(query: Query, hit: PhraseHit[Codes], previous: _Claim | None) -> _Claim | None:
    """Return the claim of a language that follows another in a list: "in French or Italian"."""
    if previous is None or previous.hit is None or not _LANGUAGE_ENDS.match(query.text, hit.end):
        return None
    if not _LANGUAGE_JOINT.fullmatch(query.text, previous.hit.end, hit.start):
        return None
    return _Claim(hit.value, previous.is_denied, (hit.start, hit.end), hit)


def _foreign(query: Query, scope: Scope) -> Iterator[_Claim]:
    """Yield what "foreign" and "no subtitles" say: works that are not in English, or that are."""
    if not any(token.word in _SIGNS for token in query.tokens):
        return
    for match in _FOREIGN.finditer(query.text):
        use = scope.polarity(*match.span())
        if scope.asks(match.start()) and use in ("wanted", "denied"):
            yield _Claim(("en",), use == "wanted", match.span())
    english = _NO_ENGLISH.search(query.text)
    if english and scope.part(english.start()) == "request" and scope.role(english.start()) == "asks":
        yield _Claim(("en",), is_denied=True, span=english.span())
    subtitles = _NO_SUBTITLES.search(query.text)
    if subtitles and scope.part(subtitles.start()) == "request" and scope.role(subtitles.start()) == "asks":
        yield _Claim(("en",), is_denied=False, span=subtitles.span())
