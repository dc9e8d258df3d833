"""How well known or how well rated the works are to be, such as "acclaimed" or "lesser-known"; pure."""

from __future__ import annotations

from collections.abc import Mapping

from search_api.records import Standing
from search_api.understanding.phrase_table import PhraseHit, PhraseTable
from search_api.understanding.phrases import any_case, word_set
from search_api.understanding.query import Query, Span
from search_api.understanding.scope import Scope

# --- words ---

_ACCLAIMED = """
    acclaimed; critically acclaimed; award winning; awardwinning; prize winning; oscar winning; oscar winner; oscar
    winners; oscar nominated; best picture winner; best picture winners; award winner; award winners; prize winner;
    prize winners; pulitzer winners; booker winners; booker prize winners; high rating; high ratings; great ratings;
    good ratings; high score; everyone should see; everyone should read; everyone should watch; won an oscar; won
    oscars; won awards; won a pulitzer; pulitzer winner; pulitzer prize winner; pulitzer prize winning; pulitzer
    winning; booker winner; booker prize winner; palme d'or winner; palme d'or winners; cannes winner; well
    reviewed; best reviewed; good reviews; great reviews; rave reviews; critically praised; critically lauded;
    critics' favourite; critics love; highly rated; highest rated; top rated; best rated; well rated; highly
    regarded; highly praised; well regarded; 10 10; 10 out of 10; ten out of ten; 9 10; five star; 5 star; five
    stars; 5 stars; masterpiece; masterpieces; masterwork; masterworks; must see; must sees; must watch; must read;
    must reads; essential; essentials; canonical; the canon; greatest; of all time; all time best; all time great;
    all time greats; best ever; classic; classics; timeless
"""
_POPULAR = """
    popular; most popular; famous; well known; widely read; widely known; blockbuster; blockbusters; bestseller;
    bestsellers; best seller; best sellers; bestselling; best selling; box office hit; box office hits; smash hit;
    smash hits; big hit; big hits; crowd pleaser; crowd pleasers; crowdpleaser; mainstream; talked about; everyone
    is talking about; everyone's talking about; everybody is talking about; everybody's talking about; everyone has
    seen; everyone has read; everyone knows; trending; most watched; most read; on everyone's lips; hyped
"""
_LESSER_KNOWN = """
    lesser known; less known; less well known; little known; littleknown; not well known; not so well known; not
    very well known; unknown; relatively unknown; underseen; under seen; underread; overlooked; obscure; obscurer;
    under the radar; deep cut; deep cuts; off the beaten track; off the beaten path; neglected; nobody talks about;
    no one talks about; nobody knows; no one knows; nobody has heard of; no one has heard of; nobody's heard of;
    i've never heard of; i haven't heard of; i won't have heard of; i've not heard of; less famous; lesser seen;
    less obvious; off the radar; left field
"""
_UNDERRATED = """
    underrated; under rated; underappreciated; under appreciated; hidden gem; hidden gems; hidden treasure; hidden
    treasures; unsung; slept on; sleeper hit; sleeper hits; cult gem; forgotten gem; forgotten gems; overlooked gem;
    overlooked gems; sadly forgotten; unjustly forgotten
"""


def _phrases(words: str, standing: Standing) -> dict[str, Standing]:
    return dict.fromkeys(" ".join(words.split()).split("; "), standing)


_STANDINGS: Mapping[str, Standing] = {
    **_phrases(_ACCLAIMED, "acclaimed"),
    **_phrases(_POPULAR, "popular"),
    **_phrases(_LESSER_KNOWN, "lesser-known"),
    **_phrases(_UNDERRATED, "underrated"),
    "best": "acclaimed",
    "finest": "acclaimed",
}
_TABLE = PhraseTable[Standing](_STANDINGS)
_ORDER: tuple[Standing, ...] = ("underrated", "lesser-known", "acclaimed", "popular")
"""The first of these that is asked for counts."""
_OPPOSITE: Mapping[Standing, Standing | None] = {
    "underrated": "popular",
    "lesser-known": "popular",
    "popular": "lesser-known",
    "acclaimed": None,
}
"""What a refusal asks for: "nothing too famous" the lesser known; "not a classic" nothing."""

_NOUNS = word_set(
    "film films movie movies flick flicks cinema book books novel novels fiction comedy comedies drama dramas "
    "thriller thrillers horror western westerns romance romances classic classics musical musicals documentary "
    "documentaries cartoon cartoons mystery mysteries animation anime noir sci scifi fantasy memoir memoirs one "
    "ones stuff series story stories title titles of british american french italian german japanese korean "
    "spanish swedish danish indian russian chinese animated crime war action romantic foreign world modern recent "
    "new you rom science historical literary indie gangster spy heist ghost something from possible ever"
)
_NEEDS_NOUN = word_set("best finest classic essential famous popular unknown greatest timeless neglected")
"""Words that say something of a work only before a noun for one ("the best westerns"), or after "something"."""
_POPULAR_SUBJECT = word_set("science culture music fiction opinion demand kid girl guy")
_NOT_AFTER = word_set(
    "known science culture music demand friend friends man wishes interests way picture part thing bits mate selling"
)
_NOT_BEFORE = word_set("my his her our your their its a-list")
_ENDS = any_case(
    r"\s*(?:$|[,.;!?):]|(?:and|or|but|please|pls|with|from|about|that|if|for|in|by|like|on|among|because|though|yet"
    r"|rather|,)\b)"
)
_OF_WORK = any_case(
    r"\b(?:something|anything|nothing|stuff|ones?|films?|movies?|books?|novels?|comed(?:y|ies)|dramas?|thrillers?"
    r"|horrors?|westerns?"
    r"|is|are|be|isn't|aren't|but|and|more|too|not|that|the|a|an|some|any|very|really|ideally|preferably|relatively"
    r"|of|,)[ ,]*$"
    r"|^\W*$|[,.(;:]\s*$"
)
_OF_OTHER = any_case(
    r"\b(?:it's|it is|it was|i'm|he's|she's|which|who|was|were) (?:an? |the |so |really |very |all )*$"
)
"""Before a predicate of something that the person has named: "it's a masterpiece"."""


def read_standing(query: Query, scope: Scope | None = None) -> tuple[Standing | None, list[Span]]:
    """Return how well known or well rated the works are to be, and the spans that say so."""
    scope = scope or Scope(query)
    wanted: dict[Standing, list[Span]] = {}
    for hit in _TABLE.find(query):
        if not scope.asks(hit.start) or not _is_of_works(query, hit):
            continue
        polarity = scope.polarity(hit.start, hit.end)
        standing = hit.value if polarity == "wanted" else _OPPOSITE[hit.value] if polarity == "denied" else None
        if standing is None:
            continue
        negation = scope.negation(hit.start)
        wanted.setdefault(standing, []).append((negation.start() if negation else hit.start, hit.end))
    if "lesser-known" in wanted and "acclaimed" in wanted:  # "lesser-known but acclaimed"
        wanted.setdefault("underrated", []).extend((*wanted["lesser-known"], *wanted["acclaimed"]))
    for standing in _ORDER:
        if standing in wanted:
            return standing, wanted[standing]
    return None, []


def _is_of_works(query: Query, hit: PhraseHit[Standing]) -> bool:
    """Return whether the words speak of the works asked for: "the best westerns", but not "my best friend"."""
    before, after = query.word(hit.first - 1), query.word(hit.last + 1) if query.joined(hit.last) else ""
    if before in _NOT_BEFORE or after in _NOT_AFTER:
        return False
    if _OF_OTHER.search(query.text, max(0, hit.start - 40), hit.start):
        return False
    words = query.words(hit.first, hit.last)
    if words in _NEEDS_NOUN:
        is_said = bool(_ENDS.match(query.text, hit.end)) and words not in ("best", "greatest", "finest")
        return after in _NOUNS or (is_said and bool(_OF_WORK.search(query.text, max(0, hit.start - 30), hit.start)))
    return True
