"""IMDb's pages, in every layout and damaged, become records; and its data sets are fetched from a server that fails."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.catalogue import read_catalogue
from crawler.records import SourceRecord
from crawler.sources.imdb.pages import parse_answer
from tests.recorded import RECORDED, needs_recorded, recorded_truth

ALWAYS = {
    "source": "imdb",
    "source_id": "tt0000071",
    "kind": "movie",
    "ids": {"imdb": "tt0000071"},
    "url": "https://www.imdb.com/title/tt0000071/",
    "licence": "for personal and non-commercial use only (https://developer.imdb.com/non-commercial-datasets/)",
    "attribution": "Information courtesy of IMDb (https://www.imdb.com). Used with permission.",
}
PLOT = "Two brothers sail a boat of newspapers & 'glue'."
DIRECTOR_ID = "amzn1.imdb.concept.name_credit_category.ace5cb4c-8708-4238-9542-04641e7c8171"
WRITER_ID = "amzn1.imdb.concept.name_credit_category.c84ecaff-add5-4f2e-81db-102a41881fe3"
CAST_ID = "amzn1.imdb.concept.name_credit_group.7caf7d16-5db9-4f4f-8864-d4c6e711c686"


def parse(body: str | bytes, **answer: Any) -> ParseResult:
    (result,) = parse_answer(Answer(body.encode() if isinstance(body, str) else body, **answer))
    return result


def reason(body: str | bytes, **answer: Any) -> Reason:
    result = parse(body, **answer)
    assert isinstance(result, NotAWork)
    return result.reason


def record(**fields: Any) -> SourceRecord:
    return SourceRecord.model_validate({**ALWAYS, **fields})


def credit(*names: str) -> list[dict[str, Any]]:
    return [{"name": {"id": "nm1", "nameText": {"text": name}}} for name in names]


def edges(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"edges": [{"node": node} for node in nodes]}


def next_data(above: dict[str, Any], main: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a film's page, with some parts exchanged."""
    above = {
        "id": "tt0000071",
        "titleType": {"id": "movie"},
        "titleText": {"text": "Paper Boats"},
        "originalTitleText": {"text": "Barquitos de papel"},
        "releaseYear": {"year": 1999},
        "ratingsSummary": {"aggregateRating": 7.5, "voteCount": 1200},
        **above,
    }
    props = {"tconst": "tt0000071", "aboveTheFoldData": above, "mainColumnData": main}
    return {"props": {"pageProps": props}, "page": "/title/[tconst]"}


FULL_DATA = next_data(
    {
        "runtime": {"seconds": 5_330},
        "primaryImage": {"url": "https://m.media-amazon.com/images/M/boats.jpg"},
        "genres": {"genres": [{"text": "Drama"}, {"text": "Family"}]},
        "keywords": edges({"text": "brother"}, {"text": "flood"}),
        "plot": {"plotText": {"plainText": PLOT}},
        "principalCredits": [
            {"category": {"id": "director"}, "credits": credit("Ingrid Berg")},
            {"category": {"id": "cast"}, "credits": credit("Ana Ruiz")},
        ],
        "featuredReviews": edges({"text": {"originalText": {"plainText": "It's fine.\n\nReally."}}, "authorRating": 8}),
    },
    {
        "ratingsSummary": {"topRanking": None},
        "directors": [{"category": {"text": "Director"}, "credits": credit("Ingrid Berg")}],
        "writers": [{"category": {"text": "Writers"}, "credits": credit("O. Writer", "Ingrid Berg")}],
        "cast": edges(*credit("Ana Ruiz", "José Sol")),
        "spokenLanguages": {"spokenLanguages": [{"id": "es"}, {"id": "en"}]},
        "countriesOfOrigin": {"countries": [{"id": "ES"}, {"id": "XWG", "text": "West Germany"}]},
        "certificate": {"rating": "PG"},
        "featuredReviews": edges(
            {
                "text": {"originalText": {"plaidHtml": "It&#39;s fine.<br/><br/>Really."}},
                "authorRating": 8,
                "helpfulness": {"upVotes": 116, "downVotes": 13},
            },
            {"text": {"originalText": {"plaidHtml": "Too long."}}, "authorRating": None, "spoiler": True},
        ),
        "isAdult": False,
    },
)
FULL = record(
    title="Paper Boats",
    original_title="Barquitos de papel",
    description=PLOT,
    year=1999,
    creators=[
        {"name": "Ingrid Berg", "role": "director"},
        {"name": "O. Writer", "role": "writer"},
        {"name": "Ingrid Berg", "role": "writer"},
        {"name": "Ana Ruiz", "role": "actor"},
        {"name": "José Sol", "role": "actor"},
    ],
    genres=["Drama", "Family"],
    keywords=["brother", "flood"],
    language="es",
    countries=["ES", "DE"],
    certificates={"US": "PG"},
    runtime_minutes=88,
    rating={"mean": 7.5, "count": 1200, "scale": 10},
    image_url="https://m.media-amazon.com/images/M/boats.jpg",
    reviews=[
        {"text": "It's fine.\nReally.", "rating": 8, "helpful": 116},
        {"text": "Too long.", "spoiler": True},
    ],
)
JSON_LD = {
    "@context": "https://schema.org",
    "@type": "Movie",
    "url": "/title/tt0000071/",
    "name": "Barquitos de papel",
    "alternateName": "Paper Boats",
    "image": "https://m.media-amazon.com/images/M/boats.jpg",
    "description": "Two brothers sail a boat of newspapers &amp; &apos;glue&apos;.",
    "review": {"reviewBody": "It&apos;s fine.", "reviewRating": {"ratingValue": 8}},
    "aggregateRating": {"ratingCount": 1200, "ratingValue": "7.5"},
    "genre": ["Drama"],
    "datePublished": "2003-02-14",
    "keywords": "brother,flood",
    "actor": [{"@type": "Person", "name": "Ana Ruiz"}],
    "director": {"@type": "Person", "name": "Ingrid Berg"},
    "creator": [{"@type": "Organization", "url": "/company/co1/"}, {"@type": "Person", "name": "O. Writer"}],
    "duration": "PT1H28M",
}


def page(*scripts: tuple[str, Any], title: str = "Paper Boats (1999) - IMDb", body: str = "") -> str:
    tags = "".join(f"<script {attribute}>{json.dumps(content)}</script>" for attribute, content in scripts)
    return f"<!DOCTYPE html><html><head><title>{title}</title>{tags}</head><body>{body}</body></html>"


def data_script(data: Any) -> tuple[str, Any]:
    return 'id="__NEXT_DATA__" type="application/json"', data


def ld_script(data: Any) -> tuple[str, Any]:
    return 'type="application/ld+json"', data


def test_a_page_of_the_2020s() -> None:
    assert parse(page(ld_script(JSON_LD), data_script(FULL_DATA))) == FULL


@pytest.mark.parametrize("saved", [FULL_DATA, FULL_DATA["props"], FULL_DATA["props"]["pageProps"]])
def test_the_data_of_a_page_saved_alone(saved: dict[str, Any]) -> None:
    assert parse(json.dumps(saved)) == FULL


def test_json_ld_fills_what_the_data_lack() -> None:
    result = parse(page(ld_script(JSON_LD), data_script(next_data({"originalTitleText": None}, {}))))
    assert isinstance(result, SourceRecord)
    assert (result.original_title, result.year, result.runtime_minutes) == ("Barquitos de papel", 1999, 88)
    assert [creator.name for creator in result.creators] == ["Ingrid Berg", "O. Writer", "Ana Ruiz"]


def test_json_ld_alone_takes_the_year_from_the_headline() -> None:
    expected = record(
        title="Paper Boats",
        original_title="Barquitos de papel",
        description=PLOT,
        year=1999,
        creators=[
            {"name": "Ingrid Berg", "role": "director"},
            {"name": "O. Writer", "role": "writer"},
            {"name": "Ana Ruiz", "role": "actor"},
        ],
        genres=["Drama"],
        keywords=["brother", "flood"],
        runtime_minutes=88,
        rating={"mean": 7.5, "count": 1200, "scale": 10},
        image_url="https://m.media-amazon.com/images/M/boats.jpg",
        reviews=[{"text": "It's fine.", "rating": 8}],
    )
    assert parse(page(ld_script(JSON_LD))) == expected
    assert parse(page(ld_script(JSON_LD), title="IMDb")) == expected.model_copy(update={"year": 2003})


def test_credits_and_genres_of_a_reference_page() -> None:
    data = next_data(
        {
            "titleGenres": {"genres": [{"genre": {"text": "Drama"}}]},
            "castV2": [{"credits": credit("Ana Ruiz")}],
            "crewV2": [{"grouping": {"groupingId": DIRECTOR_ID}, "credits": credit("Ingrid Berg")}],
        },
        {
            "principalCreditsV2": [{"grouping": {"groupingId": WRITER_ID}, "credits": credit("O. Writer")}],
            "categories": [
                {"id": CAST_ID, "section": {"items": [{"rowTitle": "Ana Ruiz"}, {"rowTitle": "José Sol"}]}},
                {"id": "other", "section": {"items": [{"rowTitle": "Nobody"}]}},
            ],
            "storylineKeywords": edges({"text": "flood"}),
        },
    )
    result = parse(json.dumps(data))
    assert isinstance(result, SourceRecord)
    assert result.genres == ("Drama",)
    assert result.keywords == ("flood",)
    assert [(creator.role, creator.name) for creator in result.creators] == [
        ("director", "Ingrid Berg"), ("writer", "O. Writer"), ("actor", "Ana Ruiz"), ("actor", "José Sol"),
    ]  # fmt: skip


def test_a_page_with_hardly_a_fact() -> None:
    nothing = {
        "releaseYear": None,
        "ratingsSummary": {"aggregateRating": None, "voteCount": 0},
        "plot": {"plotText": None},
        "genres": {"genres": []},
        "principalCredits": [{"category": {"id": "writer"}, "credits": []}],
    }
    bare = {"@type": "Movie", "url": "/title/tt0000071/", "name": "Paper Boats"}
    result = parse(page(ld_script(bare), data_script(next_data(nothing, {})), title="Paper Boats (TV Movie) - IMDb"))
    assert result == record(title="Paper Boats", original_title="Barquitos de papel")


OLD = """<html><head><title>Paper Boats (1999) - IMDb</title>
<link rel="canonical" href="http://www.imdb.com/title/tt0000071/" /></head><body>
<h1 itemprop="name" class="">Paper Boats&nbsp;<span id="titleYear">(<a href="/year/1999/">1999</a>)</span></h1>
<div class="originalTitle">Barquitos de papel<span class="description"> (original title)</span></div>
<time itemprop="duration" datetime="PT88M">1h 28min</time>
<span class="itemprop" itemprop="genre">Drama</span><meta itemprop="datePublished" content="2003-02-14" />
<div itemprop="aggregateRating"><span itemprop="ratingValue">7.5</span>/<span itemprop="bestRating">10</span>
<span itemprop="ratingCount">1,200</span></div>
<div class="poster"><a><img src="https://images-na.ssl-images-amazon.com/boats.jpg" itemprop="image" /></a></div>
<div class="summary_text" itemprop="description">
   Two brothers sail a boat
   of newspapers &amp; 'glue'. </div>
<span itemprop="director" itemtype="http://schema.org/Person"><a><span itemprop="name">Ingrid Berg</span></a>,</span>
<span itemprop="creator" itemtype="http://schema.org/Person"><a><span itemprop="name">O. Writer</span></a></span>
<span itemprop="creator" itemtype="http://schema.org/Organization"><span itemprop="name">Boat Films</span></span>
<span itemprop="actors"><span itemprop="name">Ana Ruiz</span></span>
<td itemprop="actor"><span itemprop="name"> Ana Ruiz</span></td>
<td itemprop="actor"><span itemprop="name"> José Sol</span></td>
<div id="titleStoryLine"><div itemprop="description"><p>A longer story.<em>Written by somebody</em></p></div></div>
<span class="itemprop" itemprop="keywords">flood</span>
<a href="/search/title?title_type=feature&primary_language=es&sort=moviemeter,asc">Spanish</a>
<span itemprop="review"><strong itemprop="name">Fine</strong><span itemprop="reviewRating">
<meta itemprop="ratingValue" content="8" /></span><p itemprop="reviewBody">It's fine.</p></span>
<hr /><div class="yn">1,063 of 1,072
people found this review helpful.&nbsp;</div>
</body></html>"""


def test_a_page_of_2017() -> None:
    assert parse(OLD) == record(
        title="Paper Boats",
        original_title="Barquitos de papel",
        description=PLOT,
        year=1999,
        creators=[
            {"name": "Ingrid Berg", "role": "director"},
            {"name": "O. Writer", "role": "writer"},
            {"name": "Ana Ruiz", "role": "actor"},
            {"name": "José Sol", "role": "actor"},
        ],
        genres=["Drama"],
        keywords=["flood"],
        language="es",
        runtime_minutes=88,
        rating={"mean": 7.5, "count": 1200, "scale": 10},
        image_url="https://images-na.ssl-images-amazon.com/boats.jpg",
        reviews=[{"text": "It's fine.", "rating": 8, "helpful": 1063}],
    )


@pytest.mark.parametrize("link", ["Add a Plot", "See full summary"])
def test_an_outline_that_is_only_a_link_gives_way_to_the_storyline(link: str) -> None:
    result = parse(OLD.replace("of newspapers", f"<a href='/x'>{link}</a> of newspapers"))
    assert isinstance(result, SourceRecord)
    assert result.description == "A longer story."


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("TV Series 1999\u2013 ", Reason.SERIES), ("TV Episode 1999", Reason.SERIES), ("Video Game 1999", Reason.OTHER)],
)
def test_a_page_of_2017_that_is_not_a_films(kind: str, expected: Reason) -> None:
    assert reason(OLD.replace("<title>Paper Boats (1999)", f"<title>Paper Boats ({kind})")) is expected


def test_series_games_and_adult_titles_are_not_works() -> None:
    for kind, expected in [("tvSeries", Reason.SERIES), ("tvEpisode", Reason.SERIES), ("videoGame", Reason.OTHER)]:
        assert reason(json.dumps(next_data({"titleType": {"id": kind}}, {}))) is expected
    assert reason(json.dumps({**JSON_LD, "@type": "TVEpisode"})) is Reason.SERIES
    assert parse(json.dumps(next_data({}, {"isAdult": True}))) == NotAWork(Reason.OTHER, "adult")


@pytest.mark.parametrize(
    ("result", "language"), [("cmn", "zh"), ("yue", "zh"), ("zxx", None), ("qbn", None), ("gsw", "gsw"), (7, None)]
)
def test_languages(result: object, language: str | None) -> None:
    data = next_data({}, {"spokenLanguages": {"spokenLanguages": [{"id": result}]}})
    found = parse(json.dumps(data))
    assert isinstance(found, SourceRecord)
    assert found.language == language


def test_a_garbled_fact_is_left_out_and_the_others_stay() -> None:
    garbled = {
        "releaseYear": {"year": "19x9"},
        "primaryImage": {"url": "boats"},
        "ratingsSummary": {"aggregateRating": -3, "voteCount": 5},
        "genres": {"genres": [{"text": ["Drama"]}, {"text": "Family"}]},
        "runtime": {"seconds": 20},
        "plot": {"plotText": {"plainText": {"no": "text"}}},
    }
    assert parse(json.dumps(next_data(garbled, {}))) == record(
        title="Paper Boats", original_title="Barquitos de papel", genres=["Family"]
    )


def test_a_title_is_needed() -> None:
    assert reason(json.dumps(next_data({"titleText": {"text": " "}}, {}))) is Reason.UNTITLED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"d": [{"id": "tt0000071", "l": "Paper Boats"}], "q": "boats", "v": 1}', Reason.LIST),
        ('{"d": [], "q": "xyz", "v": 1}', Reason.LIST),
        ('imdb$boats({"v": 1, "d": []})', Reason.LIST),
        ('{"data": {"mainSearch": {"edges": [{"node": {"imdbId": "tt0000071"}}]}}}', Reason.LIST),
        ('{"props": {"pageProps": {"titleResults": {}}}, "page": "/find"}', Reason.LIST),
        ('{"props": {"pageProps": {"contentData": {}}}, "page": "/title/[tconst]/reviews"}', Reason.OTHER),
        ('{"props": {"pageProps": {}}, "page": "/title/[tconst]"}', Reason.EMPTY),
        ('{"errors": [{"message": "forbidden"}]}', Reason.ERROR),
        ('{"id": 71}', Reason.UNKNOWN),
        ("Const,Your Rating,Title\ntt0000071,8,Paper Boats\n", Reason.OTHER),
        (page(title="Find - IMDb").replace("<title>", '<link rel="canonical" href="/find/"><title>'), Reason.LIST),
        (page(title="404 Error - IMDb"), Reason.NOT_FOUND),
        (page(title="503 Service Unavailable"), Reason.ERROR),
        (page(title="Ana Ruiz - IMDb", body="An actress."), Reason.OTHER),
        (page(title="", body="<script>AwsWafIntegration.getToken()</script>"), Reason.BLOCKED),
        (page(title=""), Reason.EMPTY),
        (page(title="A blog", body="On boats."), Reason.UNKNOWN),
        ("", Reason.EMPTY),
        ("plain words", Reason.UNKNOWN),
        (b"\xff\xd8\xff\xe0 a photo", Reason.UNKNOWN),
    ],
)
def test_answers_that_are_not_titles(body: str | bytes, expected: Reason) -> None:
    assert reason(body) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 404}, Reason.NOT_FOUND),
        ({"status": 503}, Reason.ERROR),
        ({"status": 202, "headers": {"x-amzn-waf-action": "challenge"}}, Reason.BLOCKED),
    ],
)
def test_an_error_is_recognised_by_status_or_header(answer: dict[str, Any], expected: Reason) -> None:
    assert reason(b"<html></html>", **answer) is expected


WHOLE_PAGES = [page(ld_script(JSON_LD), data_script(FULL_DATA)), json.dumps(FULL_DATA), OLD]


@pytest.mark.parametrize("whole", WHOLE_PAGES)
def test_a_cut_page_is_broken_or_makes_the_whole_record(whole: str) -> None:
    full = parse(whole)
    for length in range(1, len(whole), 7):
        result = parse(whole[:length])
        assert result == full or isinstance(result, NotAWork)


@pytest.mark.parametrize("whole", WHOLE_PAGES)
def test_flipped_bytes_never_raise(whole: str) -> None:
    chance = random.Random(0)
    for _ in range(150):
        body = bytearray(whole.encode())
        for _ in range(3):
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        parse(bytes(body))


@needs_recorded
@pytest.mark.parametrize("entry", recorded_truth("imdb/pages"), ids=lambda entry: Path(entry["file"]).name)
def test_recorded_pages(entry: dict[str, Any]) -> None:
    truth, result = entry["ground_truth"], parse((RECORDED / entry["file"]).read_bytes())
    if "nd_tconst" not in truth:
        assert (result.title if isinstance(result, SourceRecord) else result.reason) in ("Smoke", Reason.LIST)
    elif "Series" in truth["nd_type"]:
        assert isinstance(result, NotAWork)
        assert result.reason is Reason.SERIES
    else:
        assert isinstance(result, SourceRecord)
        names = {role: [each.name for each in result.creators if each.role == role] for role in ("director", "actor")}
        assert (result.source_id, result.title, result.original_title, result.year) == (
            truth["nd_tconst"], truth["nd_title"], truth["nd_original"], truth["nd_year"],
        )  # fmt: skip
        assert result.runtime_minutes == (truth["nd_runtime_s"] // 60 if truth["nd_runtime_s"] else None)
        assert (result.rating and (result.rating.mean, result.rating.count)) == (
            (truth["nd_rating"], truth["nd_votes"]) if truth["nd_rating"] else None
        )
        assert list(result.genres) == truth["nd_genres"]
        assert names["director"] == truth["nd_directors"]
        assert names["actor"][: len(truth["actors"])] == truth["actors"]
        assert set(filter(None, truth["creators"])) <= {each.name for each in result.creators} | {"Organization"}
        assert result.description.startswith(truth["nd_plot"][:100])
        assert ",".join(result.keywords).startswith(truth["keywords"])


@needs_recorded
def test_recorded_data_and_suggestions() -> None:
    for folder in ("next_data", "suggestion"):
        for path in (RECORDED / "imdb" / folder).iterdir():
            assert reason(path.read_bytes()) is (Reason.SERIES if "series" in path.name else Reason.LIST)


@needs_recorded
def test_recorded_pages_cut_anywhere_make_the_same_record_or_none() -> None:
    chance = random.Random(0)
    for path in sorted((RECORDED / "imdb/pages").iterdir()):
        body = path.read_bytes()
        full = parse(body)
        for length in (chance.randrange(len(body)) for _ in range(3)):
            result = parse(body[:length])
            assert result == full or isinstance(result, NotAWork)


HEADER = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
FILMS = "".join(f"tt000007{n}\tmovie\tFilm {n}\t\\N\t0\t1999\t\\N\t88\tDrama\n" for n in range(5))
RATINGS = "tconst\taverageRating\tnumVotes\ntt0000071\t7.5\t120\n"
Failing = Callable[[str, int], str | None]
"""From a path and the number of earlier requests to a way of failing: `hang up`, `cut`, `busy`, `no ranges`."""


class DataSets:
    """A server of data sets, which sends ranges and fails as `failing` says."""

    def __init__(self, files: dict[str, bytes], failing: Failing) -> None:
        self.files, self.failing, self.edition = files, failing, "1"
        self.asked: list[tuple[str, str, int]] = []
        self.address = ""

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        failure = self.failing(handler.path, sum(path == handler.path for path, _, _ in self.asked))
        whole = self.files.get(handler.path.removeprefix("/").removesuffix(".tsv.gz"))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"])
        assert wanted
        start, end = int(wanted[1]), int(wanted[2])
        headers = {"ETag": f'"{self.edition}"'}
        status, body = 206, b""
        if failure == "hang up":
            status = 0
        elif failure == "busy":
            status, headers = 503, {"Retry-After": "0"}
        elif whole is None:
            status = 404
        elif handler.headers["If-None-Match"] == headers["ETag"]:
            status = 304
        elif failure == "no ranges":
            status, body = 200, whole
        elif start >= len(whole):
            status = 416
        else:
            body = whole[start : end + 1]
            headers["Content-Range"] = f"bytes {start}-{start + len(body) - 1}/{len(whole)}"
        self.asked.append((handler.path, handler.headers["Range"], status))
        handler.close_connection = True
        if status:
            handler.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body[: len(body) // 2] if failure == "cut" else body)


def serve(files: dict[str, str], failing: Failing) -> Iterator[DataSets]:
    packed = {name: gzip.compress(content.encode(), 1) for name, content in files.items()}
    data_sets = DataSets(packed, failing)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data_sets.reply(self)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    data_sets.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield data_sets
    server.shutdown()
    server.server_close()


@pytest.fixture
def failures() -> dict[tuple[str, int], str]:
    """How requests fail: a data set and the number of its request, from 0, to a way of failing."""
    return {}


@pytest.fixture
def data_sets(failures: dict[tuple[str, int], str]) -> Iterator[DataSets]:
    # Episodes that no gzip shrinks, so that title.basics comes in three pieces.
    noise = random.Random(0)
    episodes = "".join(
        f"tt1{n:06}\ttvEpisode\t{noise.randbytes(100_000).hex()}" + "\t\\N" * 6 + "\n" for n in range(90)
    )
    files = {"title.basics": HEADER + episodes + FILMS, "title.ratings": RATINGS}
    yield from serve(files, lambda path, before: failures.get((path[1:].removesuffix(".tsv.gz"), before)))


def crawl(data_sets: DataSets, home: Path, output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "EVOKE_HOME": str(home),
        "EVOKE_SOURCE_URLS": json.dumps({"imdb": data_sets.address}),
    }
    command = [sys.executable, "-m", "evoke", "crawl", "imdb", "-o", str(output), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def crawled(output: Path) -> dict[str, SourceRecord]:
    records = [entry[1] for entry in read_catalogue(output) if isinstance(entry, tuple)]
    return {each.source_id: each for each in records}


def statuses(data_sets: DataSets, name: str) -> list[int]:
    return [status for path, _, status in data_sets.asked if path == f"/{name}.tsv.gz"]


def test_a_crawl_fetches_the_data_sets_once_and_again_when_they_change(data_sets: DataSets, tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{n}.jsonl" for n in range(3))
    done = crawl(data_sets, tmp_path, first)
    assert done.returncode == 0, done.stderr
    films = crawled(first)
    assert [film.title for film in films.values()] == [f"Film {n}" for n in range(5)]
    assert films["tt0000071"].rating is not None
    assert films["tt0000071"].fetched_at is not None
    assert statuses(data_sets, "title.basics") == [206, 206, 206]
    assert statuses(data_sets, "title.crew") == [404]
    data_sets.asked.clear()
    assert crawl(data_sets, tmp_path, second, "--ids", "tt0000073", "tt0000071").returncode == 0
    assert set(crawled(second)) == {"tt0000071", "tt0000073"}
    assert statuses(data_sets, "title.basics") == [304]
    data_sets.edition = "2"
    data_sets.files["title.basics"] = gzip.compress((HEADER + FILMS.replace("Film", "Picture")).encode())
    assert crawl(data_sets, tmp_path, third, "--limit", "2").returncode == 0
    assert [film.title for film in crawled(third).values()] == ["Picture 0", "Picture 1"]


def test_a_crawl_continues_within_a_data_set_that_broke_off(
    data_sets: DataSets, failures: dict[tuple[str, int], str], tmp_path: Path
) -> None:
    failures |= {("title.basics", 0): "cut", ("title.basics", 2): "hang up", ("title.basics", 4): "busy"}
    failures |= {("title.ratings", 0): "no ranges"}
    output = tmp_path / "films.jsonl"
    done = crawl(data_sets, tmp_path, output)
    assert done.returncode == 0, done.stderr
    assert len(crawled(output)) == 5
    assert statuses(data_sets, "title.basics") == [206, 206, 0, 206, 503, 206]


def test_a_later_run_continues_but_drops_pieces_of_an_older_edition(data_sets: DataSets, tmp_path: Path) -> None:
    whole = data_sets.files["title.basics"]
    folder, output = tmp_path / "crawl" / "imdb", tmp_path / "films.jsonl"
    folder.mkdir(parents=True)
    part = folder / "title.basics.tsv.gz.part"
    part.write_bytes(whole[:5_000_000])
    (folder / "title.basics.tsv.gz.part.etag").write_text('"1"')
    assert crawl(data_sets, tmp_path, output).returncode == 0
    assert ("/title.basics.tsv.gz", "bytes=5000000-9194303", 206) in data_sets.asked
    assert len(crawled(output)) == 5
    for left, etag in [(whole[:5_000_000], '"0"'), (whole, '"1"'), (whole + b"x", '"1"')]:
        part.write_bytes(left)
        (folder / "title.basics.tsv.gz.part.etag").write_text(etag)
        output.unlink()
        assert crawl(data_sets, tmp_path, output).returncode == 0
        assert len(crawled(output)) == 5
        assert not part.exists()


def test_a_data_set_that_stays_damaged_ends_the_crawl(data_sets: DataSets, tmp_path: Path) -> None:
    data_sets.files["title.ratings"] = data_sets.files["title.ratings"][:-3]
    done = crawl(data_sets, tmp_path, tmp_path / "films.jsonl")
    assert done.returncode != 0
    assert "title.ratings.tsv.gz is damaged" in done.stderr
    assert "Traceback" not in done.stderr
