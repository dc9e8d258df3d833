"""The report shows systems, queries and labels, with parts missing and with hostile texts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from parsel import Selector

from evaluation.records import (
    ALL,
    GAIN,
    AddedFile,
    AddedRecords,
    BenchmarkResult,
    Comparison,
    Interval,
    LabelMeans,
    LabelResult,
    Refusals,
    SystemResult,
)
from evaluation.report.report import probability, render_report, results_to_markdown, signed, write_report

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
EVIL = 'a | **b** "><script>alert(1)</script></title></svg><img src=x> $\\frac{1}{2}$ [c](d) `e`'
HOSTILE = [
    EVIL,
    "x" * 100_000,
    "word " * 20_000,
    "\x00\x01\x1b[31mred\x7f\x85line\u2028line",
    "\u202eright to left\u2066 שלום עולם مرحبا",
    "unpaired \ud800 surrogate",
    "first line\r\nsecond | line\n\n# third",
    "🦔孤独な灯台守",
    "",
    "   ",
]


def make_system(scores: Mapping[str, float], **fields: object) -> SystemResult:
    value = sum(scores.values()) / len(scores)
    measured = SystemResult({"nDCG@10": Interval(value, value - 0.1, value + 0.1)}, {"nDCG@10": scores})
    return replace(measured, **fields)


def make_result(**fields: object) -> BenchmarkResult:
    baseline = {f"q{n}": 0.5 for n in range(30)}
    scores = {f"q{n}": n / 29 for n in range(30)}
    result = BenchmarkResult(
        benchmark="tot_books",
        split="validation",
        baseline="bm25",
        n_works=2_679,
        n_queries=30,
        n_qrels=31,
        queries={f"q{n}": f"the book about lighthouse {n}" for n in range(30)},
        systems={
            "bm25": make_system(baseline, latency_ms={"p50": 1.234, "p95": 5.0}),
            "dense": SystemResult(
                {"nDCG@10": Interval(0.3, 0.2, 0.4), "RR": Interval(0.7, 0.6, 0.8)},
                {"nDCG@10": dict.fromkeys(baseline, 0.3)},
                {"nDCG@10": Comparison(-0.2, 0.0004, 0, 30, 0)},
            ),
            "evoke": SystemResult(
                {"nDCG@10": Interval(0.9, 0.8, 0.95), "RR": Interval(0.6, 0.5, 0.7)},
                {"nDCG@10": scores},
                {"nDCG@10": Comparison(0.4, 0.0123, 15, 15, 0), "RR": Comparison(0.1, 0.05, 9, 8, 13)},
                {"p50": 3.0, "p95": 1_234.56},
            ),
        },
    )
    return replace(result, **fields)


@pytest.fixture(scope="module")
def result() -> BenchmarkResult:
    return make_result()


@pytest.fixture(scope="module")
def page(result: BenchmarkResult) -> str:
    return render_report([result])


@pytest.fixture(scope="module")
def markdown(result: BenchmarkResult) -> str:
    return results_to_markdown([result])


def tables(page: str) -> dict[str, list[list[str]]]:
    """Return the page's tables as rows of visible text, each named by the nearest heading above it."""
    selected = Selector(page).xpath("//table")
    return {
        table.xpath("string((preceding::h2 | preceding::h3)[last()])").get(""): [
            [" ".join(" ".join(cell.xpath(".//text()").getall()).split()) for cell in row.xpath("th | td")]
            for row in table.xpath(".//tr")
        ]
        for table in selected
    }


def markdown_rows(markdown: str, heading: str) -> list[str]:
    part = markdown.split(f"{heading}\n")[1].split("\n#", 1)[0]
    return [line for line in part.splitlines() if line.startswith("|")]


# Systems


def test_systems_are_ranked_with_intervals_marks_and_latency(page: str, markdown: str) -> None:
    assert tables(page)["tot_books"] == [
        ["system", "nDCG@10", "RR", "p50 ms", "p95 ms"],
        ["evoke", "▲ 0.900 0.800 to 0.950", "0.600 0.500 to 0.700", "3.0", "1,234.6"],
        ["bm25 baseline", "0.500 0.400 to 0.600", DASH, "1.2", "5.0"],
        ["dense", "▼ 0.300 0.200 to 0.400", "0.700 0.600 to 0.800", DASH, DASH],
    ]
    assert markdown_rows(markdown, "## tot_books") == [
        "| system | nDCG@10 | RR | p50 ms | p95 ms |",
        "| :-- | --: | --: | --: | --: |",
        "| evoke | **0.900** (0.800 to 0.950) ▲ | 0.600 (0.500 to 0.700) | 3.0 | 1,234.6 |",
        f"| bm25 | 0.500 (0.400 to 0.600) | {DASH} | 1.2 | 5.0 |",
        f"| dense | 0.300 (0.200 to 0.400) ▼ | **0.700** (0.600 to 0.800) | {DASH} | {DASH} |",
    ]


def test_the_best_by_each_measure_are_bold(page: str) -> None:
    assert Selector(page).css("strong::text").getall() == ["0.900", "0.700"]


@pytest.mark.parametrize(
    ("values", "bold"),
    [((0.30004, 0.29996, 0.2), ["**0.300**", "**0.300**"]), ((0.0, 0.0), ["**0.000**"] * 2), ((0.5,), [])],
)
def test_systems_with_equal_rounded_values_are_all_bold(values: Sequence[float], bold: list[str]) -> None:
    systems = {f"s{n}": make_system({"q": value}) for n, value in enumerate(values)}
    assert re.findall(r"\*\*.*?\*\*", results_to_markdown([make_result(systems=systems)])) == bold


def test_marks_are_explained_and_have_labels_for_screen_readers(page: str, markdown: str) -> None:
    shown = Selector(page)
    assert shown.css("[role=img]::attr(aria-label)").getall() == [
        "significantly above the baseline", "significantly below the baseline",
    ]  # fmt: skip
    legend = "▲ significantly above the baseline, ▼ significantly below the baseline (p < 0.05"
    assert legend in shown.css("header .note::text").get("")
    assert legend in markdown


def test_wins_and_losses_against_the_baseline(page: str, markdown: str) -> None:
    expected = [["evoke", "+0.400", "0.012", "15", "0", "15"], ["dense", f"{MINUS}0.200", "<0.001", "0", "0", "30"]]
    heading = "Against bm25, by nDCG@10"
    assert [row[:-1] for row in tables(page)[heading][1:]] == expected
    rows = markdown_rows(markdown, f"### {heading}")
    assert rows[2:] == [f"| {' | '.join(row)} |" for row in expected]


def test_several_benchmarks_have_a_summary_first() -> None:
    other = make_result(benchmark="value_films", systems={"bm25": make_system({"q": 0.25})})
    page = render_report([make_result(), other])
    assert tables(page)["nDCG@10"] == [
        ["system", "tot_books", "value_films"],
        ["bm25", "0.500 0.400 to 0.600", "0.250 0.150 to 0.350"],
        ["dense", "▼ 0.300 0.200 to 0.400", DASH],
        ["evoke", "▲ 0.900 0.800 to 0.950", DASH],
    ]
    linked = Selector(page).css("#summary a::attr(href)").getall()
    assert [Selector(page).css(f"{link} h2 *::text").get() for link in linked] == ["tot_books", "value_films"]
    rows = markdown_rows(results_to_markdown([make_result(), other]), "## nDCG@10")
    assert rows[-1] == f"| evoke | **0.900** (0.800 to 0.950) ▲ | {DASH} |"


def test_a_single_benchmark_has_no_summary(page: str, markdown: str) -> None:
    assert "summary" not in Selector(page).css("section::attr(id)").getall()
    assert "## nDCG@10\n" not in markdown


# Queries


def test_the_ten_largest_wins_and_losses_are_shown_with_both_scores(page: str, markdown: str) -> None:
    shown = tables(page)
    assert shown["Largest wins of evoke"][0] == ["query", "evoke", "bm25", "difference"]
    assert shown["Largest wins of evoke"][1] == ["the book about lighthouse 29 q29", "1.000", "0.500", "+0.500"]
    assert shown["Largest losses of evoke"][1] == ["the book about lighthouse 0 q0", "0.000", "0.500", f"{MINUS}0.500"]
    assert [len(shown[f"Largest {which} of evoke"]) for which in ("wins", "losses")] == [11, 11]
    rows = markdown_rows(markdown, "### Largest losses of evoke")
    assert rows[2] == f"| the book about lighthouse 0 | 0.000 | 0.500 | {MINUS}0.500 |"
    assert len(rows) == 12


def test_a_query_that_is_neither_won_nor_lost_is_not_shown() -> None:
    systems = {"bm25": make_system({"a": 0.5, "b": 0.5}), "evoke": make_system({"a": 0.5, "b": 0.75})}
    page = render_report([make_result(systems=systems)])
    assert len(tables(page)["Largest wins of evoke"]) == 2
    assert "Largest losses of evoke" not in tables(page)
    assert "There are none." in page
    assert "Largest losses" not in results_to_markdown([make_result(systems=systems)])


def test_queries_are_cut_at_200_characters() -> None:
    result = make_result(queries={"q29": "a" * 200, "q28": "b" * 201})
    shown = tables(render_report([result]))["Largest wins of evoke"]
    assert shown[1][0] == f"{'a' * 200} q29"
    assert shown[2][0] == f"{'b' * 200} ... q28"


# Labels


def test_labels_are_shown_worst_first_and_the_unjudged_last() -> None:
    labels = {
        "E5": LabelResult("inspiration", 1_500, 40, 0.5, 0.25, 1 / 3, 0.8, 0.6),
        "E6": LabelResult("fear", 1_500, 0, 0.0, 0.0, 0.0, math.nan, math.nan),
        "E1": LabelResult("joy", 1_500, 3, 0.1, 0.2, 0.133, 0.4, 0.3),
    }
    shown = tables(render_report([make_result(labels=labels)]))["3 labels, worst first"]
    assert shown[1:] == [
        ["joy E1", "1,500", "3", "0.100", "0.200", "0.133", "0.400", "0.300"],
        ["inspiration E5", "1,500", "40", "0.500", "0.250", "0.333", "0.800", "0.600"],
        ["fear E6", "1,500", "0", "0.000", "0.000", "0.000", DASH, DASH],
    ]
    rows = markdown_rows(results_to_markdown([make_result(labels=labels)]), "### Labels, worst first")
    assert rows[2] == "| joy (E1) | 1,500 | 3 | 0.100 | 0.200 | 0.133 | 0.400 | 0.300 |"


def test_means_of_labels_are_shown_with_intervals_and_the_gain_with_signs() -> None:
    means = {
        ALL: LabelMeans(1_556, 95, Interval(0.7, 0.65, 0.75), Interval(0.4, 0.3, 0.5)),
        GAIN: LabelMeans(202, 23, Interval(0.05, 0.01, 0.09), Interval(-0.02, -0.05, 0.01)),
    }
    shown = tables(render_report([make_result(label_means=means)]))["Labels, means"]
    assert shown[1:] == [
        ["all works", "1,556", "95", "0.700 (0.650 to 0.750)", "0.400 (0.300 to 0.500)"],
        ["gain", "202", "23", "+0.050 (+0.010 to +0.090)", f"{MINUS}0.020 ({MINUS}0.050 to +0.010)"],
    ]
    rows = markdown_rows(results_to_markdown([make_result(label_means=means)]), "### Labels, means")
    assert rows[2] == f"| {' | '.join(shown[1])} |"


# Missing parts


@pytest.mark.parametrize(
    ("fields", "n_plots"),
    [
        ({"systems": {"evoke": make_system({"q0": 0.5})}}, 1),
        ({"systems": {"bm25": make_system({"q0": 0.5}), "mine": make_system({"q0": 1})}}, 1),
        ({"systems": {"bm25": make_system({"q0": 0.5}), "evoke": make_system({"q0": 0.5})}, "n_queries": 1}, 2),
        ({"systems": {"bm25": make_system({"q0": 0.5}), "evoke": make_system({"q1": 1})}}, 1),
        ({"systems": {"bm25": make_system({"q0": 0}), "evoke": SystemResult({}, {})}}, 1),
        ({"systems": {"bm25": SystemResult({"RR": Interval(0.5, 0.5, 0.5)}, {})}}, 0),
        ({"systems": {}}, 0),
        ({"baseline": "evoke"}, 1),
        ({"baseline": "not there"}, 1),
        ({"queries": {}}, 2),
        ({"n_works": 0, "n_queries": 0, "n_qrels": 0}, 2),
    ],
)
def test_with_parts_missing_the_rest_is_shown(fields: dict[str, object], n_plots: int) -> None:
    result = make_result(**fields)
    page = render_report([result])
    assert page.count("<svg") == n_plots
    assert len(tables(page)["tot_books"]) == 1 + len(result.systems)
    assert len(markdown_rows(results_to_markdown([result]), "## tot_books")) == 2 + len(result.systems)
    assert ("Largest wins of evoke" in page) == (n_plots == 2)


@pytest.mark.parametrize(("difference", "shown"), [(0.0004, "+0.000"), (-0.0004, "+0.000"), (-0.0006, f"{MINUS}0.001")])
def test_a_difference_that_rounds_to_zero_has_no_minus(difference: float, shown: str) -> None:
    assert signed(difference) == shown


def test_a_p_value_is_never_shown_as_zero() -> None:
    assert [probability(p) for p in (0.0001, 0.001, 1.0)] == ["<0.001", "0.001", "1.000"]


# Hostile texts


def test_texts_are_shown_and_never_run(tmp_path: Path) -> None:
    queries = {f"q{n}{text}": text for n, text in enumerate(HOSTILE)}
    baseline = {f"{name} {EVIL}": make_system(dict.fromkeys(queries, 0.5)) for name in HOSTILE}
    result = make_result(
        benchmark=EVIL, split=EVIL, baseline=next(iter(baseline)), queries=queries,
        systems={"evoke": make_system(dict.fromkeys(queries, 0.75)), **baseline},
        labels={text: LabelResult(text, 1, 1, 1, 1, 1, 1, 1) for text in HOSTILE},
        added=AddedRecords(tuple(AddedFile(Path(text), (1,)) for text in (EVIL, HOSTILE[3])), "d", 1, 1, 1, 1,
                           {EVIL: Refusals(1, EVIL)}),
    )  # fmt: skip
    write_report([result, result], tmp_path)
    page, markdown = ((tmp_path / f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "md"))
    assert "<script" not in page
    assert "<img" not in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", page + markdown)
    assert "x" * 201 not in page + markdown
    assert [row[0].split(" q")[0] for row in tables(page)["Largest wins of evoke"][1:4]] == [
        EVIL, f"{'x' * 200} ...", f"{'word ' * 40}...",
    ]  # fmt: skip
    for table in re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    won = markdown_rows(markdown, "### Largest wins of evoke")[2:]
    assert len(won) == len(HOSTILE)
    assert re.sub(r"\\(\W)", r"\1", won[0]).startswith(f"| {EVIL} | 0.750 |")
    assert not re.search(r"(?<!\\)[<*`\[]", "".join(won))


# The page


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = render_report([make_result(), make_result(queries={"q29": "https://elsewhere.example/a.png"})])
    assert not re.findall(r"""(?:src|srcset|action)\s*=|url\((?!\#)|@import|href="(?!\#)""", page)
    assert "default-src 'none'" in page


def test_plots_use_the_colours_of_the_page_and_unique_ids() -> None:
    page = render_report([make_result(), make_result()])
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert {"var(--gain)", "var(--loss)", "var(--ink-soft)"} <= set(re.findall(r"var\(--[\w-]+\)", drawn))
    assert not re.findall(r"(?:fill|stroke): #", drawn)
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_the_plot_names_the_systems(page: str) -> None:
    drawn = Selector(page).css("svg text::text").getall()
    assert [name for name in drawn if name in {"evoke", "dense", "bm25"}] == ["evoke", "bm25", "dense"]


def test_the_folder_is_created_and_both_files_are_written(tmp_path: Path, markdown: str) -> None:
    write_report([make_result()], tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "a" / "b" / "report.md").read_text(encoding="utf-8") == markdown


def test_a_report_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(FileExistsError):
        write_report([make_result()], tmp_path / "report")
