"""TMDb: film details become records, other answers a reason; and the requests of the spider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from recorded import RECORDED, needs_recorded, recorded_truth
from scrapy.http import Request, TextResponse

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.errors import SelectionRefused
from crawler.records import Creator, Rating, Review, Series, SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.tmdb import TMDB
from crawler.sources.tmdb.answers import parse_answer
from crawler.sources.tmdb.spider import LAST_DATE, TmdbSpider

ACTORS = [f"Actor {number}" for number in range(12)]
FILM: dict[str, Any] = {
    "adult": False,
    "backdrop_path": None,
    "budget": 0,
    "genres": [{"id": 18, "name": "Drama"}, {"id": 10752, "name": "War"}],
    "id": 4711,
    "imdb_id": "tt0047110",
    "original_language": "fi",
    "original_title": "Hiljainen satama",
    "overview": "A dock worker hides a deserter.\r\n\r\nNobody on the quay asks why.",
    "poster_path": "/quiet-Harbour_1.jpg",
    "release_date": "1961-09-02",
    "runtime": 94,
    "title": "The Quiet Harbour",
    "vote_average": 7.25,
    "vote_count": 31,
    "credits": {
        # As answered: the billing is in `order`, and one person may have several jobs.
        "cast": [{"name": name, "order": order} for order, name in reversed(list(enumerate(ACTORS)))],
        "crew": [
            {"name": "Aino Virta", "department": "Writing", "job": "Screenplay"},
            {"name": "Olli Maa", "department": "Sound", "job": "Sound"},
            {"name": "Aino Virta", "department": "Writing", "job": "Story"},
            {"name": "Eero Koski", "department": "Directing", "job": "Director"},
            {"name": "Helmi Salo", "department": "Writing", "job": "Novel"},
            {"name": "Aino Virta", "department": "Directing", "job": "Director"},
        ],
    },
    "keywords": {"keywords": [{"id": 1, "name": "harbour"}, {"id": 2, "name": "desertion"}]},
    "external_ids": {"imdb_id": "tt0047110", "wikidata_id": "Q4711", "facebook_id": None},
    "reviews": {
        "page": 1,
        "results": [
            {"author": "a", "content": "Slow, and <em>worth it</em>.", "author_details": {"rating": 8}},
            {"author": "b", "content": "No.", "author_details": {"rating": None}},
            {"author": "c", "content": " "},
        ],
    },
    "origin_country": ["FI"],
    "production_countries": [{"iso_3166_1": "FI", "name": "Finland"}, {"iso_3166_1": "SE", "name": "Sweden"}],
    "belongs_to_collection": {"id": 7, "name": "Harbour Collection"},
    "release_dates": {
        "results": [
            {
                "iso_3166_1": "FI",
                "release_dates": [
                    {"certification": "", "type": 1},
                    {"certification": "K-16", "type": 5},
                    {"certification": "K-12", "type": 3},
                ],
            },
            {"iso_3166_1": "DE", "release_dates": [{"certification": "", "type": 3}]},
        ]
    },
}
RECORD = SourceRecord(
    source="tmdb",
    source_id="4711",
    kind="movie",
    title="The Quiet Harbour",
    original_title="Hiljainen satama",
    description="A dock worker hides a deserter.\nNobody on the quay asks why.",
    year=1961,
    creators=(
        Creator(name="Eero Koski", role="director"),
        Creator(name="Aino Virta", role="director"),
        Creator(name="Aino Virta", role="writer"),
        Creator(name="Helmi Salo", role="writer"),
        *(Creator(name=name, role="actor") for name in ACTORS[:10]),
    ),
    genres=("Drama", "War"),
    keywords=("harbour", "desertion"),
    language="fi",
    countries=("FI",),
    series=Series(name="Harbour"),
    certificates={"FI": "K-12"},
    runtime_minutes=94,
    rating=Rating(mean=7.25, count=31, scale=10),
    ids={"tmdb": "4711", "imdb": "tt0047110", "wikidata": "Q4711"},
    url="https://www.themoviedb.org/movie/4711",
    image_url="https://image.tmdb.org/t/p/w500/quiet-Harbour_1.jpg",
    reviews=(Review(text="Slow, and worth it.", rating=8), Review(text="No.")),
    licence=TMDB.licence,
    attribution=TMDB.attribution,
)


def read(content: Any, status: int = 200) -> ParseResult:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    (result,) = parse_answer(Answer(body, status=status))
    return result


def test_details_to_record() -> None:
    assert read(FILM) == RECORD
    assert TMDB.attribution.startswith("This product uses TMDB and the TMDB APIs but is not endorsed, certified, or")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"runtime": 0}, {"runtime_minutes": None}),
        ({"runtime": None}, {"runtime_minutes": None}),
        ({"vote_count": 0, "vote_average": 0}, {"rating": None}),
        ({"release_date": ""}, {"year": None}),
        ({"release_date": "sometime"}, {"year": None}),
        ({"overview": ""}, {"description": ""}),
        ({"overview": None}, {"description": ""}),
        ({"poster_path": None}, {"image_url": None}),
        ({"original_language": "xx"}, {"language": None}),
        ({"original_language": "cn"}, {"language": "zh"}),
        ({"origin_country": []}, {"countries": ("FI", "SE")}),
        ({"origin_country": ["Atlantis", "SU"]}, {"countries": ("SU",)}),
        ({"belongs_to_collection": None}, {"series": None}),
        ({"title": ""}, {"title": "Hiljainen satama"}),
        ({"imdb_id": ""}, {"ids": RECORD.ids}),
        ({"imdb_id": None, "external_ids": None}, {"ids": {"tmdb": "4711"}}),
        ({"reviews": None}, {"reviews": ()}),
        ({"genres": [{"id": 18, "name": None}, {"id": 10752, "name": "War"}]}, {"genres": ("War",)}),
        ({"credits": {"cast": "?", "crew": [None, {"job": ["?"]}]}}, {"creators": ()}),
    ],
)
def test_a_garbled_fact_does_not_spoil_the_others(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read({**FILM, **changes}) == RECORD.model_copy(update=expected)


def test_old_layouts() -> None:
    plain = {name: value for name, value in FILM.items() if not isinstance(value, dict)}
    releases = {"countries": [{"iso_3166_1": "DE", "certification": "12", "primary": False}]}
    old = {**plain, "casts": FILM["credits"], "releases": releases, "trailers": {"youtube": []}}
    assert read(old) == RECORD.model_copy(
        update={
            "keywords": (),
            "reviews": (),
            "ids": {"tmdb": "4711", "imdb": "tt0047110"},
            "series": None,
            "certificates": {"DE": "12"},
        }
    )
    result = read(plain)
    assert isinstance(result, SourceRecord)
    assert result.creators == ()


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps(FILM).encode()) == RECORD


ROW = {name: FILM[name] for name in ("id", "title", "original_title", "overview", "release_date", "vote_average")}


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        ({"success": False, "status_code": 7, "status_message": "Invalid API key."}, Reason.ERROR, "Invalid API key."),
        ({"status_code": 34, "status_message": "Not there."}, Reason.NOT_FOUND, "Not there."),
        ({"success": False, "status_code": 6, "status_message": "Invalid id."}, Reason.NOT_FOUND, "Invalid id."),
        ({"errors": ["page must be less than 501"]}, Reason.ERROR, "page must be less than 501"),
        ({"page": 1, "results": [ROW], "total_pages": 1, "total_results": 1}, Reason.LIST, "results"),
        ({"movie_results": [ROW], "tv_results": []}, Reason.LIST, "movie_results"),
        ({**ROW, "genre_ids": [18]}, Reason.LIST, "genre_ids"),
        ({"id": 5, "name": "A Collection", "overview": "", "parts": [ROW]}, Reason.LIST, "parts"),
        ({"id": 4711, **FILM["credits"]}, Reason.OTHER, "cast, crew"),
        ({"id": 4711, **FILM["keywords"]}, Reason.OTHER, "keywords"),
        ({"id": 4711, "translations": []}, Reason.OTHER, "translations"),
        ({"id": 4711, **FILM["external_ids"]}, Reason.OTHER, "imdb_id"),
        ({"change_keys": ["title"], "images": {"poster_sizes": []}}, Reason.OTHER, "change_keys, images"),
        ({"id": 9, "name": "A Series", "first_air_date": "1990-01-01", "number_of_seasons": 2}, Reason.SERIES, ""),
        ({"id": 9, "name": "Pilot", "episode_number": 1, "season_number": 1}, Reason.SERIES, ""),
        ({**FILM, "title": "", "original_title": " "}, Reason.UNTITLED, "4711"),
        ({**FILM, "id": None}, Reason.UNKNOWN, "a film without an id"),
        ({"kind": "books#volume", "id": "x"}, Reason.UNKNOWN, ""),
        (b"<html>502 Bad Gateway</html>", Reason.UNKNOWN, "not JSON"),
    ],
)
def test_what_is_not_a_film_says_why(content: Any, reason: Reason, detail: str) -> None:
    assert read(content) == NotAWork(reason, detail)


def test_a_daily_export_is_a_list() -> None:
    line = b'{"adult":false,"id":3924,"original_title":"Blondie","popularity":1.8,"video":false}\n'
    assert read(line) == read(line * 3) == NotAWork(Reason.LIST, "a daily export of ids")


def test_a_cut_answer_is_broken_and_a_missing_one_not_found() -> None:
    body = json.dumps(FILM).encode()
    for end in range(0, len(body), 50):
        result = read(body[:end])
        assert isinstance(result, NotAWork)
        assert result.reason is Reason.BROKEN
    assert read(b"", status=404) == NotAWork(Reason.NOT_FOUND)


def test_flipped_bytes_never_raise() -> None:
    body = json.dumps(FILM).encode()
    for position in range(len(body)):
        assert read(body[:position] + bytes([body[position] ^ 0x11]) + body[position + 1 :])


SETTINGS = CrawlSettings(tmdb_api_key="the-key", source_urls={"tmdb": "http://127.0.0.1:1/3/"})


def query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


def asked(selection: Selection) -> list[Request]:
    return list(TmdbSpider(selection, SETTINGS).first_requests())


def test_films_are_asked_for_by_id_with_what_a_record_needs() -> None:
    first, second = asked(Selection(ids=("550", "tt0047110/../x")))
    assert first.url.startswith("http://127.0.0.1:1/3/movie/550?")
    assert query(first) == {
        "append_to_response": "keywords,credits,reviews,external_ids,release_dates",
        "api_key": "the-key",
    }
    assert urlsplit(second.url).path == "/3/movie/tt0047110%2F..%2Fx"


def test_a_token_is_sent_as_a_header_instead_of_the_key() -> None:
    settings = CrawlSettings(tmdb_api_key="the-key", tmdb_token="the-token")  # noqa: S106
    (request,) = TmdbSpider(Selection(ids=("550",)), settings).first_requests()
    assert request.headers["Authorization"] == b"Bearer the-token"
    assert "the-" not in request.url


def test_without_a_selection_the_most_popular_are_asked_for() -> None:
    (request,) = asked(Selection())
    assert urlsplit(request.url).path == "/3/discover/movie"
    assert query(request) == {"sort_by": "popularity.desc", "page": "1", "api_key": "the-key"}


@pytest.mark.parametrize(
    ("selection", "settings", "named"),
    [
        (Selection(ids=("550",)), CrawlSettings(), "EVOKE_TMDB_API_KEY or EVOKE_TMDB_TOKEN"),
        (Selection(query="harbour", from_date=date(2020, 1, 1)), SETTINGS, "not by both"),
    ],
)
def test_what_cannot_be_served_is_refused(selection: Selection, settings: CrawlSettings, named: str) -> None:
    with pytest.raises(SelectionRefused, match=named):
        TmdbSpider.check(selection, settings)


def crawl(selection: Selection, answer: Any) -> Iterator[Request]:
    """Yield all requests, if `answer` makes the answers to list requests."""
    spider = TmdbSpider(selection, SETTINGS)
    waiting = list(spider.first_requests())
    while waiting:
        request = waiting.pop()
        yield request
        if "page" in query(request):
            response = TextResponse(request.url, body=json.dumps(answer(query(request))).encode(), request=request)
            waiting.extend(spider.follow(response, list(spider.read(Answer(response.body)))))


def test_a_search_is_read_to_its_last_page_and_no_further_than_500() -> None:
    def answer(parameters: dict[str, str]) -> dict[str, Any]:
        assert parameters["query"] == "quiet harbour"
        return {"page": 1, "results": [{"id": int(parameters["page"])}], "total_pages": total_pages}

    for total_pages in (1, 3, 501):
        requests = list(crawl(Selection(query="quiet harbour"), answer))
        films = [request for request in requests if "/3/movie/" in request.url]
        assert len(films) == len(requests) - len(films) == min(total_pages, 500)


def test_a_date_is_asked_for_in_spans_without_gap_or_overlap() -> None:
    """A day has 3 pages, each with one film of its own: two years are too many for one span."""
    first = LAST_DATE - timedelta(days=730)

    def answer(parameters: dict[str, str]) -> dict[str, Any]:
        since = date.fromisoformat(parameters["primary_release_date.gte"])
        until = date.fromisoformat(parameters["primary_release_date.lte"])
        n_pages, page = ((until - since).days + 1) * 3, int(parameters["page"])
        assert page <= 500
        listed.append(film := (since - first).days * 3 + page)
        return {"page": page, "results": [{"id": film}], "total_pages": n_pages}

    listed: list[int] = []
    films = [request.url for request in crawl(Selection(from_date=first), answer) if "/3/movie/" in request.url]
    assert set(listed) == set(range(1, 731 * 3 + 1))
    assert len(listed) < 731 * 3 + 10  # the first pages of spans that were too long come twice
    assert len(set(films)) == 731 * 3


def test_of_a_day_with_too_many_films_the_first_500_pages_are_read(caplog: pytest.LogCaptureFixture) -> None:
    def answer(_: dict[str, str]) -> dict[str, Any]:
        return {"page": 1, "results": [], "total_pages": 501}

    assert len(list(crawl(Selection(from_date=LAST_DATE), answer))) == 500
    assert "2199-12-31 has more than 500 pages of films" in caplog.text


@needs_recorded
@pytest.mark.parametrize("entry", recorded_truth("tmdb"), ids=lambda entry: entry["file"])
def test_recorded_answers(entry: dict[str, Any]) -> None:
    body = (RECORDED / entry["file"]).read_bytes()
    result, truth = read(body), entry["ground_truth"]
    for tenths in range(10):
        assert isinstance(read(body[: len(body) * tenths // 10]), NotAWork)
    if "runtime" not in truth or "/tv_" in entry["file"]:
        assert isinstance(result, NotAWork)
        assert result.reason not in (Reason.BROKEN, Reason.UNKNOWN)
        return
    assert isinstance(result, SourceRecord)
    names = [creator.name for creator in result.creators if creator.role == "director"]
    actors = [creator.name for creator in result.creators if creator.role == "actor"]
    assert (result.source_id, result.ids["imdb"]) == (str(truth["tmdb_id"]), truth["imdb_id"])
    assert (result.title, result.original_title, result.language) == (
        truth["title"],
        truth["original_title"],
        truth["lang"],
    )
    assert (result.year, result.runtime_minutes) == (int(truth["release_date"][:4]), truth["runtime"])
    assert result.rating == Rating(mean=truth["vote_average"], count=truth["vote_count"], scale=10)
    assert list(result.genres) == truth["genres"]
    assert (names, actors[:3], len(actors)) == (truth["directors"], truth["cast3"], min(truth["cast_n"] or 0, 10))
    assert len(result.keywords) == (truth["keywords_n"] or 0)
    assert " ".join(result.description.split()).startswith(" ".join(truth["overview"].split()))
