"""Wikipedia: pages of films and books become records with their plots, other pages a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import TextResponse

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.errors import SelectionRefused
from crawler.records import Creator, SourceRecord
from crawler.saved import read_saved
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.wikipedia import WIKIPEDIA
from crawler.sources.wikipedia.answers import parse_answer
from crawler.sources.wikipedia.plots import MOST_CHARACTERS, plot_or_lead
from crawler.sources.wikipedia.spider import WikipediaSpider, title_of

PLOT = "Two sisters fold boats of old newspapers and let them sail through their flooded street. " * 4
LEAD = "Paper Boats is a 1999 French-Portuguese drama film directed by Ana Brook."


def page(title: str, categories: list[str], text: str | None, **more: Any) -> dict[str, Any]:
    """Return a page as formatversion 2 has it."""
    return {
        "pageid": 4711,
        "ns": 0,
        "title": title,
        "contentmodel": "wikitext",
        "pagelanguage": "en",
        "length": 20_000,
        "categories": [{"ns": 14, "title": f"Category:{each}"} for each in categories],
        "pageprops": {"wikibase_item": "Q4242"},
        **({} if text is None else {"extract": text}),
        **more,
    }


FILM = page(
    "Paper Boats (1999 film)",
    [
        "1999 films", "1999 drama films", "1990s French films", "1990s Portuguese films", "1990s French-language films",
        "Films directed by Ana Brook (director)", "Films with screenplays by Ana Brook", "Films about sisters",
        "Films set in Lisbon", "Films based on Portuguese novels", "French coming-of-age romantic drama films",
    ],
    f"{LEAD}\n\n\n== Plot ==\n{PLOT}\n\n=== Epilogue ===\nThe last boat comes back.\n\n\n== Cast ==\nJo Mota as Eva",
)  # fmt: skip
NOVEL = page(
    "The Salt Atlas",
    [
        "1954 South African novels", "English-language novels", "Novels by Una Reed", "Novels about maps",
        "South African fantasy novels", "South African novels adapted into films",
    ],
    "The Salt Atlas is a novel by Una Reed.\n\n\n== Publication ==\nIt was printed in Durban.",
    pageid=12, pageprops=[],
)  # fmt: skip


def answer(*pages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"batchcomplete": True, "query": {"pages": list(pages)}, **more}


def parse(content: Any, status: int = 200) -> list[ParseResult]:
    return list(parse_answer(Answer(json.dumps(content).encode(), status=status)))


def test_a_film_has_its_plot_and_the_facts_of_its_categories() -> None:
    assert parse(answer(FILM)) == [
        SourceRecord(
            source="wikipedia",
            source_id="4711",
            kind="movie",
            title="Paper Boats",
            description=f"{PLOT}\nThe last boat comes back.",
            year=1999,
            creators=(Creator(name="Ana Brook", role="director"), Creator(name="Ana Brook", role="writer")),
            genres=("Drama", "Romance"),
            keywords=("sisters", "set in Lisbon"),
            language="fr",
            countries=("FR", "PT"),
            ids={"wikipedia": "4711", "wikidata": "Q4242"},
            url="https://en.wikipedia.org/wiki/Paper_Boats_%281999_film%29",
            licence=WIKIPEDIA.licence,
            attribution=WIKIPEDIA.attribution,
        )
    ]


def test_a_book_without_a_plot_has_the_lead() -> None:
    """Formatversion 1 has pages by their ids, and [] for an empty object."""
    (book,) = parse({"batchcomplete": "", "query": {"pages": {"12": NOVEL}}})
    assert isinstance(book, SourceRecord)
    assert (book.kind, book.title, book.year, book.language) == ("book", "The Salt Atlas", 1954, "en")
    assert book.description == "The Salt Atlas is a novel by Una Reed."
    assert book.creators == (Creator(name="Una Reed", role="author"),)
    assert (book.countries, book.genres, book.keywords) == (("ZA",), ("Fantasy",), ("maps",))
    assert book.ids == {"wikipedia": "12"}


@pytest.mark.parametrize(
    ("document", "reason", "detail"),
    [
        (answer({"ns": 0, "title": "Nowhere", "missing": True}), Reason.NOT_FOUND, "Nowhere"),
        (answer({"title": "A|B", "invalidreason": "a bar", "invalid": True}), Reason.NOT_FOUND, "A|B"),
        (answer({**FILM, "pageprops": {"disambiguation": ""}}), Reason.OTHER, "a disambiguation page"),
        (answer(page("Paper boat", [], "", redirect=True)), Reason.OTHER, "a redirect"),
        (answer(page("List of boats", ["Lists of films"], "A list.")), Reason.OTHER, "a list"),
        (answer({**FILM, "ns": 1}), Reason.OTHER, "not an article"),
        (
            answer(page("Ana Brook", ["1950 births", "French film directors"], "A director.")),
            Reason.OTHER,
            "1950 births",
        ),
        (answer(page("Drama film", ["Film genres", "Drama films"], "A genre.")), Reason.OTHER, "Film genres"),
        (answer(page("1999 in film", ["1999 in film"], "A year.")), Reason.OTHER, "1999 in film"),
        (answer(page("Boats", ["Film series introduced in 1999", "1999 films"], "")), Reason.SERIES, "Film series"),
        (answer(page("Boats", ["1999 French television series debuts"], "")), Reason.SERIES, "1999 French"),
        (answer(page("Paper Boats", ["1999 films"], None)), Reason.EMPTY, "one page only"),
        (answer({"pageid": 5, "ns": 0}), Reason.UNKNOWN, "without an id or a title"),
        ({"error": {"code": "maxlag", "info": "Waiting: 7 seconds lagged"}}, Reason.ERROR, "maxlag"),
        ({"entities": {"Q9": {"id": "Q9", "missing": ""}}}, Reason.NOT_FOUND, "Q9"),
        ({"entities": {"Q9": {"sitelinks": {"enwiki": {"title": "Boats"}}}}}, Reason.LIST, "Q9"),
        ({"batchcomplete": True, "query": {"search": []}}, Reason.LIST, ""),
        ({"cookies": 3}, Reason.UNKNOWN, "cookies"),
        ([], Reason.UNKNOWN, ""),
    ],
)
def test_what_is_not_a_work(document: Any, reason: Reason, detail: str) -> None:
    (result,) = parse(document)
    assert isinstance(result, NotAWork)
    assert result.reason is reason
    assert detail in result.detail


def test_a_film_of_a_novel_stays_a_film_and_a_novel_a_novel() -> None:
    (film,) = parse(answer(page("A", ["1999 films", "Films based on French novels", "Films directed by B"], "A.")))
    (novel,) = parse(answer(page("A", ["1954 French novels", "Novels by C", "Novels adapted into films"], "A.")))
    (neither,) = parse(answer(page("A", ["1999 films", "1954 French novels"], "A.")))
    assert isinstance(film, SourceRecord)
    assert isinstance(novel, SourceRecord)
    assert (film.kind, novel.kind) == ("movie", "book")
    assert isinstance(neither, NotAWork)


def test_years_before_the_calendar_are_left_out() -> None:
    (result,) = parse(answer(page("Ode", ["8th-century BC poems", "Poems by Hesiod"], "An ode.")))
    assert isinstance(result, SourceRecord)
    assert (result.kind, result.year) == ("book", None)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Paper Boats (film)", "Paper Boats"),
        ("Paper Boats (Reed novel)", "Paper Boats"),
        ("Birdman or (The Unexpected Virtue)", "Birdman or (The Unexpected Virtue)"),
        ("(500) Boats", "(500) Boats"),
    ],
)
def test_a_title_has_no_kind_in_brackets(title: str, shown: str) -> None:
    (result,) = parse(answer({**FILM, "title": title}))
    assert isinstance(result, SourceRecord)
    assert result.title == shown


def test_a_plot_that_is_a_word_is_not_taken() -> None:
    assert plot_or_lead("The lead.\n== Plot ==\nSee the novel.\n== Synopsis ==\n" + PLOT).startswith("Two sisters")
    assert plot_or_lead("The lead.\n== Plot ==\nSee the novel.") == "The lead."


def test_text_of_any_size_is_bounded_and_read_in_linear_time() -> None:
    paragraphs = plot_or_lead("Lead.\n== Plot ==\n" + "A paragraph of a plot.\n" * 100_000)
    assert MOST_CHARACTERS - 30 < len(paragraphs) <= MOST_CHARACTERS
    assert paragraphs.endswith("plot.")
    assert len(plot_or_lead("=" * 1_000_000)) == MOST_CHARACTERS
    many = [f"{year} films" for year in range(1000, 9999)] + ["Films about " + "x" * 1_000_000] * 3
    (result,) = parse(answer({**FILM, "categories": [{"title": f"Category:{each}"} for each in many]}))
    assert isinstance(result, SourceRecord)
    assert result.keywords == ()


def test_a_cut_or_damaged_answer_is_never_an_exception() -> None:
    body = json.dumps(answer(FILM, NOVEL)).encode()
    for cut in range(0, len(body), 11):
        assert [each.reason for each in parse_answer(Answer(body[:cut])) if isinstance(each, NotAWork)] == [
            Reason.BROKEN
        ]
    for place in range(0, len(body), 7):
        for result in parse_answer(Answer(body[:place] + b"7" + body[place + 1 :])):
            assert isinstance(result, (SourceRecord, NotAWork))


def test_saved_answers_are_read(tmp_path: Path) -> None:
    (tmp_path / "film.json").write_text(json.dumps(answer(FILM)))
    (tmp_path / "both.json").write_text(json.dumps(answer(FILM, NOVEL, {"title": "Gone", "missing": True})))
    report = read_saved("wikipedia", [tmp_path / "film.json", tmp_path / "both.json"], tmp_path / "out.jsonl")
    assert (report.n_records, report.n_repeated, report.no_work) == (2, 1, {Reason.NOT_FOUND: 1})


SETTINGS = CrawlSettings(contact="me@example.org", source_urls={"wikipedia": "http://a/", "wikidata": "http://b/"})


def test_titles_addresses_and_items_are_asked_for() -> None:
    wanted = (
        "Paper_Boats",
        "https://en.wikipedia.org/wiki/Caf%C3%A9_%28film%29?a=1#Plot",
        "Q4242",
        "Q4343",
        "Paper Boats",
    )
    boats, cafe, items = WikipediaSpider(Selection(ids=wanted), SETTINGS).first_requests()
    assert boats.url.startswith("http://a/w/api.php?action=query&")
    assert "titles=Paper+Boats&" in boats.url
    assert "titles=Caf%C3%A9+%28film%29&" in cafe.url
    assert items.url.startswith("http://b/w/api.php?action=wbgetentities&ids=Q4242%7CQ4343&")
    assert all("maxlag=5" in request.url for request in (boats, cafe, items))


def test_items_are_asked_for_fifty_at_a_time_and_lead_to_pages() -> None:
    spider = WikipediaSpider(Selection(ids=tuple(f"Q{number}" for number in range(1, 102))), SETTINGS)
    requests = list(spider.first_requests())
    assert [request.url.count("%7C") for request in requests] == [49, 49, 0]
    entities = {"Q1": {"sitelinks": {"enwiki": {"title": "Paper Boats"}}}, "Q2": {"sitelinks": {}}}
    body = json.dumps({"entities": entities}).encode()
    response = TextResponse("http://b/", body=body, request=requests[0])
    (page_request,) = spider.follow(response, [])
    assert "titles=Paper+Boats&" in page_request.url


def test_selections() -> None:
    WikipediaSpider.check(Selection(ids=("Paper Boats",)), SETTINGS)
    with pytest.raises(SelectionRefused, match="EVOKE_CONTACT"):
        WikipediaSpider.check(Selection(ids=("Paper Boats",)), CrawlSettings(contact=None))
    with pytest.raises(SelectionRefused, match="name them with --ids"):
        WikipediaSpider.check(Selection(), SETTINGS)
    for wrong in ("A|B", " ", "[[A]]", "x" * 256):
        with pytest.raises(SelectionRefused, match="is not a page"):
            title_of(wrong)
