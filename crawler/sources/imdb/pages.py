"""Parse IMDb's title pages, saved by a person, in every layout since the 2010s."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import jmespath  # type: ignore[import-untyped]
from parsel import Selector
from pydantic import ValidationError

from crawler.answers import ADULT, Answer, NotAWork, ParseResult, Reason
from crawler.records import SourceRecord
from crawler.sources.imdb import IMDB
from crawler.sources.imdb.tables import RATING_SCALE, title_url, why_not_a_film
from crawler.sources.json_answers import make_record
from crawler.text import clean_text

Facts: TypeAlias = Mapping[str, Sequence[Any]]
"""The facts in one layout of a page: the values of each fact by its name, best first; empty if it is missing."""

_CONCEPT = "amzn1.imdb.concept"
_GROUPS = {
    "director": ("director", f"{_CONCEPT}.name_credit_category.ace5cb4c-8708-4238-9542-04641e7c8171"),
    "writer": ("writer", f"{_CONCEPT}.name_credit_category.c84ecaff-add5-4f2e-81db-102a41881fe3"),
    "actor": ("cast", f"{_CONCEPT}.name_credit_group.7caf7d16-5db9-4f4f-8864-d4c6e711c686"),
}
"""IMDb's two names for each role: until 2025, and since."""


def _credits(role: str, *groups: str, names: str = "[]") -> str:
    """Return the JMESPath of the names in a role.

    It searches the groups of credits (`groups` are further ones), the full list of a reference page, and `names`.
    """
    former, current = _GROUPS[role]
    groups += (
        f"principalCredits[?category.id=='{former}']",
        f"principalCreditsV2[?grouping.groupingId=='{current}']",
        f"crewV2[?grouping.groupingId=='{current}']",
    )
    full_list = f"categories[?id=='{current}'].section.items[].rowTitle"
    return f"[[{', '.join(groups)}][].credits[].name.nameText.text, {full_list}, {names}][]"


_NEXT_DATA = {
    "type": "titleType.id",
    "id": "id",
    "title": "titleText.text",
    "original_title": "originalTitleText.text",
    "description": "plot.plotText.plainText",
    "year": "releaseYear.year",
    "director": _credits("director", "directors", "directorsPageTitle"),
    "writer": _credits("writer", "writers"),
    "actor": _credits("actor", "castV2", names="cast.edges[].node.name.nameText.text"),
    "genre": "[genres.genres[].text, titleGenres.genres[].genre.text][]",
    "keyword": "[keywords.edges[].node.text, storylineKeywords.edges[].node.text][]",
    "language": "spokenLanguages.spokenLanguages[0].id",
    "country": "countriesOfOrigin.countries[].id",
    "certificate": "certificate.rating",
    "runtime": "runtime.seconds",
    "mean": "ratingsSummary.aggregateRating",
    "count": "ratingsSummary.voteCount",
    "image_url": "primaryImage.url",
    "review": "featuredReviews.edges[].node"
    ".{text: text.originalText.plainText || text.originalText.plaidHtml, rating: authorRating, "
    "helpful: helpfulness.upVotes, spoiler: spoiler}",
    "is_adult": "isAdult",
}
"""JMESPath within `aboveTheFoldData` and `mainColumnData` of the data in pages of the 2020s."""

_JSON_LD = {
    "type": '"@type"',
    "id": "url",
    # With an `alternateName`, which is the English title, `name` is the original one.
    "title": "alternateName || name",
    "original_title": "alternateName && name",
    "description": "description",
    "director": "[director][].name",
    "writer": """[creator][] | [?"@type"=='Person'].name""",  # the others are companies
    "actor": "[actor][].name",
    "genre": "[genre][]",
    "keyword": "[keywords][]",
    "certificate": "contentRating",
    "runtime": "duration",
    "mean": "aggregateRating.ratingValue",
    "count": "aggregateRating.ratingCount",
    "image_url": "image.url || image",
    "review": "[review][].{text: reviewBody, rating: reviewRating.ratingValue}",
    "release": "datePublished",
}
"""JMESPath within the JSON-LD of pages since 2018."""

_MARKUP = {
    "id": '//link[@rel="canonical"]/@href',
    "title": '//h1[@itemprop="name"]/text() | //h1//*[@itemprop="name"]/text() | //*[@class="title_wrapper"]/h1/text()',
    "original_title": '//*[@class="originalTitle"]/text()',
    # One of these links means that the outline is missing or cut short: then the storyline is taken.
    "description": 'normalize-space((//*[@class="summary_text" or @itemprop="description"]'
    '[not(.//a[contains(., "Add a Plot") or contains(., "full summary")])] | //*[@id="titleStoryLine"]//p)[1])',
    "director": '//*[@itemprop="director"]//*[@itemprop="name"]/text()',
    "writer": '//*[@itemprop="creator"][contains(@itemtype, "Person")]//*[@itemprop="name"]/text()',
    "actor": '//*[@itemprop="actors" or @itemprop="actor"]//*[@itemprop="name"]/text()',
    "genre": '//span[@itemprop="genre"]/text()',
    "keyword": '//span[@itemprop="keywords"]/text()',
    "language": '//a[contains(@href, "primary_language=")]/@href',
    "country": '//a[contains(@href, "country_of_origin=")]/@href',
    "certificate": '//meta[@itemprop="contentRating"]/@content',
    "runtime": '//time[@itemprop="duration"]/@datetime',
    "mean": '//*[@itemprop="aggregateRating"]//*[@itemprop="ratingValue"]/text()',
    "count": '//*[@itemprop="aggregateRating"]//*[@itemprop="ratingCount"]/text()',
    "image_url": '//*[@class="poster"]//img/@src',
    "release": '//meta[@itemprop="datePublished"]/@content',
}
"""XPath within the markup of the 2010s; on later pages only the first entry finds something."""

_TITLE_ID = re.compile(r"\btt[0-9]{7,9}\b")
_ROOT = r"(?:https?://[^/]+)?(?:/[a-z]{2}(?:-[a-z]{2})?)?"
_TITLE_PAGE = re.compile(rf"{_ROOT}/title/tt[0-9]{{7,9}}/?")
_LIST_PAGE = re.compile(rf"{_ROOT}/(?:find|chart|list|search|user|calendar)\b")
_HEADLINE = re.compile(r"(?P<title>.+) \((?P<type>[^()]*?) ?(?P<year>[0-9]{4})?(?:[\u2013-][0-9 ]*)?\) - IMDb")
_DURATION = re.compile(r"PT(?:([0-9]+)H)?(?:([0-9]+)M)?")
_FOUND_HELPFUL = re.compile(r"([0-9,]+) of [0-9,]+\s+people found")
_LANGUAGE = re.compile(r"(?:^|primary_language=)([a-z]{2,3})\b")
_COUNTRY = re.compile(r"(?:^|country_of_origin=)([A-Za-z]{2,4})\b")
_US_CERTIFICATES = frozenset(("G", "PG", "PG-13", "R", "NC-17", "TV-Y", "TV-Y7", "TV-G", "TV-PG", "TV-14", "TV-MA"))
"""A page has the certificate of its reader's country without saying which: those of the US are the ones known here."""
_ROLES = ("director", "writer", "actor")


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the film of a title page, or why a page is not a film's."""
    yield _parse_status(answer) or _parse_body(answer)


def _parse_status(answer: Answer) -> NotAWork | None:
    if "x-amzn-waf-action" in answer.headers:
        return NotAWork(Reason.BLOCKED)
    if answer.status in (404, 410):
        return NotAWork(Reason.NOT_FOUND)
    return NotAWork(Reason.ERROR, f"status {answer.status}") if answer.status >= 400 else None


def _parse_body(answer: Answer) -> ParseResult:
    try:
        text = answer.body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        is_page = b"<html" in answer.body[:2_000].lower() or answer.body.startswith(b"{")
        return NotAWork(Reason.BROKEN if is_page else Reason.UNKNOWN, "not UTF-8")
    if not text:
        return NotAWork(Reason.EMPTY)
    if text.startswith("imdb$"):  # suggestions, as a call of JavaScript
        return NotAWork(Reason.LIST)
    if text.startswith(("{", "[")):
        return _parse_json(text)
    if text.startswith("<"):
        return _parse_page(text, answer.url)
    is_export = text.startswith(("Const,", "Position,Const,"))
    other = "an exported list: `evoke index` and `evoke crawl table` read its films"
    return NotAWork(Reason.OTHER, other) if is_export else NotAWork(Reason.UNKNOWN)


def _parse_json(text: str) -> ParseResult:
    """Parse the JSON data of a page that was saved without the page."""
    document = _load_json(text)
    if document is None:
        return NotAWork(Reason.BROKEN, "not JSON")
    layouts = [_next_data_facts(document), _json_ld_facts([document])]
    if any(layouts):
        return _facts_to_record(layouts)
    if isinstance(document, list) or "d" in document or jmespath.search("data.*.edges", document):
        return NotAWork(Reason.LIST)
    if error := jmespath.search("errorMessage || message || errors[0].message", document):
        return NotAWork(Reason.ERROR, str(error))
    return _why_data_not_a_title(document) or NotAWork(Reason.UNKNOWN)


def _parse_page(text: str, url: str) -> ParseResult:
    page = Selector(text)
    document = _load_json(page.xpath('string(//script[@id="__NEXT_DATA__"])').get(""))
    json_ld = [_load_json(script) for script in page.xpath('//script[@type="application/ld+json"]/text()').getall()]
    data_facts, json_ld_facts, markup_facts = _next_data_facts(document), _json_ld_facts(json_ld), _markup_facts(page)
    if not data_facts and "<html" in text and "</html>" not in text:
        return NotAWork(Reason.BROKEN, "the page is cut short")
    is_title = any(_TITLE_PAGE.fullmatch(address) for address in markup_facts["id"]) and markup_facts["title"]
    if data_facts or json_ld_facts or is_title:
        return _facts_to_record([data_facts, json_ld_facts, markup_facts])
    return _why_data_not_a_title(document) or _why_page_not_a_title(page, text, url)


def _why_data_not_a_title(document: Any) -> NotAWork | None:
    """Return why the data of a page are not a title's; None if they are not the data of a page."""
    kind = jmespath.search("page", document)
    if not isinstance(kind, str):
        return None
    if _LIST_PAGE.match(kind):
        return NotAWork(Reason.LIST, kind)
    return NotAWork(Reason.EMPTY if kind in ("/title/[tconst]", "/title/[tconst]/reference") else Reason.OTHER, kind)


def _why_page_not_a_title(page: Selector, text: str, url: str) -> NotAWork:
    headline = page.xpath("normalize-space(//title)").get("")
    address = page.xpath('string(//link[@rel="canonical"]/@href | //meta[@property="og:url"]/@content)').get() or url
    if "AwsWafIntegration" in text or "gokuProps" in text:
        return NotAWork(Reason.BLOCKED)
    if _LIST_PAGE.match(address):
        return NotAWork(Reason.LIST, headline)
    if re.match(r"404\b", headline):
        return NotAWork(Reason.NOT_FOUND)
    if re.match(r"[45][0-9]{2}\b|error\b", headline, re.IGNORECASE):
        return NotAWork(Reason.ERROR, headline)
    if _TITLE_PAGE.fullmatch(address) or not page.xpath("normalize-space(//body)").get():
        return NotAWork(Reason.EMPTY, headline)
    return NotAWork(Reason.OTHER if "IMDb" in headline else Reason.UNKNOWN, headline)


def _load_json(text: str) -> Any:
    try:
        return json.loads(text, strict=False)  # some JSON-LD holds bare line ends
    except (ValueError, RecursionError):
        return None


def _next_data_facts(document: Any) -> Facts:
    """Return the facts of `__NEXT_DATA__`; none if it is not a title's."""
    parts = jmespath.search("(props.pageProps || pageProps || @).[aboveTheFoldData, mainColumnData][]", document)
    return _search(_NEXT_DATA, parts) if parts else {}


def _json_ld_facts(scripts: Sequence[Any]) -> Facts:
    """Return the facts of the first JSON-LD that describes a title; none without one."""
    works = [work for work in scripts if isinstance(work, dict) and _TITLE_ID.search(str(work.get("url")))]
    facts = _search(_JSON_LD, works[:1]) if works else {}
    keywords = [word for words in facts.get("keyword", ()) if isinstance(words, str) for word in words.split(",")]
    return {**facts, "keyword": keywords} if facts else {}


def _search(places: Mapping[str, str], parts: Sequence[Any]) -> Facts:
    return {
        fact: [value for part in parts for value in _values(jmespath.search(place, part))]
        for fact, place in places.items()
    }


def _values(result: Any) -> list[Any]:
    return [value for value in (result if isinstance(result, list) else [result]) if value]


def _markup_facts(page: Selector) -> Facts:
    """Return the facts of a page's markup; its headline has the kind of title and the year of the release."""
    page.xpath('//*[@id="titleStoryLine"]//em').drop()  # who wrote it
    facts = {fact: _values([text.strip() for text in page.xpath(place).getall()]) for fact, place in _MARKUP.items()}
    facts["review"] = [
        {
            "text": review.xpath('string(.//*[@itemprop="reviewBody"])').get(),
            "rating": review.xpath('.//*[@itemprop="reviewRating"]//*[@itemprop="ratingValue"]/@content').get(),
            "helpful": review.xpath("string(following-sibling::div[1])").re_first(_FOUND_HELPFUL),
        }
        for review in page.xpath('//*[@itemprop="review"]')
    ]
    if headline := _HEADLINE.fullmatch(page.xpath("normalize-space(//title)").get("")):
        facts["type"] = [headline["type"] or "Movie"]
        facts["title"] += [headline["title"]]
        facts["year"] = _values(headline["year"])
    return facts


def _facts_to_record(layouts: Sequence[Facts]) -> ParseResult:
    """Return the record of the facts of a page; each fact is taken from the first layout that has it."""
    facts = {fact: values for layout in reversed(layouts) for fact, values in layout.items() if values}
    best = {fact: values[0] for fact, values in facts.items()}
    title_id = _TITLE_ID.search(str(best.get("id")))
    if not title_id or "type" not in best:
        return NotAWork(Reason.BROKEN, f"a title without its {'type' if title_id else 'id'}")
    if not_a_film := why_not_a_film(str(best["type"])):
        return not_a_film
    if best.get("is_adult") is True:
        return ADULT
    fields = {
        "source_id": title_id[0],
        "kind": "movie",
        "title": best.get("title"),
        "original_title": best.get("original_title"),
        "description": best.get("description", ""),
        # Without a year, that of the release in the reader's country, which may be years later.
        "year": best.get("year") or str(best.get("release", ""))[:4] or None,
        "creators": [{"name": name, "role": role} for role in _ROLES for name in _texts(facts.get(role, ()))],
        "genres": _texts(facts.get("genre", ())),
        "keywords": _texts(facts.get("keyword", ())),
        "language": _language(str(best.get("language"))),
        "countries": [match[1] for each in facts.get("country", ()) if (match := _COUNTRY.search(str(each)))],
        "certificates": {"US": best["certificate"]} if best.get("certificate") in _US_CERTIFICATES else {},
        "runtime_minutes": _minutes(best.get("runtime")),
        "rating": _rating(best.get("mean"), best.get("count")),
        "ids": {"imdb": title_id[0]},
        "url": title_url(title_id[0]),
        "image_url": best.get("image_url"),
        "reviews": _reviews(facts.get("review", ())),
    }
    try:
        SourceRecord.model_validate({"source": IMDB.name, **fields})
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors()} - {"title"}
        fields = {name: value for name, value in fields.items() if name not in wrong}
    return make_record(IMDB, fields)


def _texts(values: Sequence[Any]) -> list[str]:
    """Return each text once."""
    return list(dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip()))


def _language(text: str) -> str | None:
    match = _LANGUAGE.search(text)
    return match[1] if match else None


def _minutes(duration: Any) -> int | None:
    """Return the whole minutes of a number of seconds or of a duration by ISO 8601."""
    if isinstance(duration, int):
        return duration // 60 or None
    hours, minutes = match.groups("0") if (match := _DURATION.fullmatch(str(duration))) else ("0", "0")
    return int(hours) * 60 + int(minutes) or None


def _rating(mean: Any, count: Any) -> dict[str, Any] | None:
    if mean is None or count is None:
        return None
    return {"mean": mean, "count": str(count).replace(",", ""), "scale": RATING_SCALE}


def _reviews(values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return each review once; a page may repeat one with line ends as markup and as text, and other facts."""
    reviews: dict[str, dict[str, Any]] = {}
    for review in values:
        if not review.get("text"):
            continue
        helpful = str(review.get("helpful") or "").replace(",", "")
        known = {
            "text": review["text"],
            "rating": review.get("rating"),
            "helpful": int(helpful) if helpful.isdecimal() else None,
            "spoiler": review.get("spoiler") is True or None,
        }
        earlier = reviews.setdefault(str(clean_text(review["text"])), {})
        earlier.update({name: value for name, value in known.items() if value is not None})
    return list(reviews.values())
