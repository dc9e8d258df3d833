"""What a collector of traces gets, and what the service says when there is none."""

import contextlib
import logging
import sys
import time
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_processes import serving
from sink import Sink, closed_port, receiving

import evoke
from search_api.account import Account, Part
from search_api.service.observing import Exchange, Observer
from search_api.service.traces import Tracing, send_traces

WORD = "divorced"
KEY = "swordfish-key"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def received(sink: Sink) -> list[ExportTraceServiceRequest]:
    return [ExportTraceServiceRequest.FromString(body) for body in sink.bodies]


def spans(sink: Sink) -> list[Span]:
    return [
        span
        for request in received(sink)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Sink:
    """What a collector got of a service that was asked once, and then stopped."""
    with receiving() as sink:
        # FastAPI would send traces of its own, with the query.
        environment = {ENDPOINT: f"http://127.0.0.1:{sink.port}", "FASTAPI_OTEL_AUTO_CONFIGURE": "true"}
        with serving(tmp_path_factory.mktemp("traces"), EVOKE_API_KEY=KEY, **environment) as front:
            headers = {"X-API-Key": KEY, "X-Request-ID": "mine", "traceparent": f"00-{TRACE}-{PARENT}-01"}
            with contextlib.closing(front.connect()) as connection:
                connection.request("GET", f"/v1/search?q={WORD}", headers=headers)
                assert connection.getresponse().status == 200
            front.stop()
    return sink


def test_a_trace_continues_that_of_the_caller_and_is_sent_before_the_service_ends(sink: Sink) -> None:
    assert sink.paths == ["/v1/traces"]
    by_name = {span.name: span for span in spans(sink)}
    assert by_name.keys() == {"GET /v1/search", "search", "reading", "encoder"}
    server = by_name["GET /v1/search"]
    assert (server.trace_id.hex(), server.parent_span_id.hex(), server.kind) == (TRACE, PARENT, Span.SPAN_KIND_SERVER)
    attributes = {each.key: each.value for each in server.attributes}
    assert attributes["http.route"].string_value == "/v1/search"
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["evoke.request_id"].string_value == "mine"
    (request,) = received(sink)
    resource = {each.key: each.value.string_value for each in request.resource_spans[0].resource.attributes}
    assert resource["service.name"] == "evoke"


def test_neither_queries_nor_keys_are_sent(sink: Sink) -> None:
    assert WORD.encode() not in sink.everything()
    assert KEY.encode() not in sink.everything()


def test_each_part_is_within_the_part_around_it_at_its_time() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    parts = [
        Part("encoder", 0.002, 0.003),
        Part("reading", 0.001, 0.009),
        Part("legs", 0.02, 0.02),
        Part("ranking", 0.02, 0.03),
        Part("payloads", 0.05, 0.002),
        Part("hits", 0.05, 0.01),
    ]
    account = Account(opened=1000.0, seconds=0.07, parts=parts)
    Tracing(provider.get_tracer("test"))(
        Exchange("id", "GET", "/v1/search", "/v1/search", f"q={WORD}", 503, "", 999.5, 0.6, 9, "", "", account)
    )
    made = {span.name: span for span in exporter.get_finished_spans()}
    names = {span.context.span_id: span.name for span in made.values() if span.context}
    parents = {name: names[span.parent.span_id] for name, span in made.items() if span.parent}
    assert parents == {
        "search": "GET /v1/search",
        "reading": "search",
        "encoder": "reading",
        "ranking": "search",
        "legs": "ranking",
        "hits": "search",
        "payloads": "hits",
    }
    times = {name: (span.start_time, span.end_time) for name, span in made.items()}
    assert times["GET /v1/search"] == (999_500_000_000, 1_000_100_000_000)
    assert times["legs"] == (1_000_020_000_000, 1_000_040_000_000)
    assert made["GET /v1/search"].status.status_code.name == "ERROR"


def test_a_path_that_no_endpoint_answers_is_not_sent() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing = Tracing(provider.get_tracer("test"))
    tracing(Exchange("id", "GET", "unmatched", f"/{WORD}", "", 404, "", 0.0, 0.1, 9, "", "00-not-one-00", None))
    tracing(Exchange("id", "", "unmatched", "", "", 408, "", 0.0, 0.1, 9, "", "", None))
    refused, slow = exporter.get_finished_spans()
    assert (refused.name, slow.name) == ("GET", "HTTP")
    assert WORD not in refused.to_json()


ASKED = Exchange("id", "GET", "/v1/values", "/v1/values", "", 200, "", 0.0, 0.1, 9, "", "", None)
LOST = "traces are lost, since the collector does not take them"


def wait_for(caplog: pytest.LogCaptureFixture, message: str) -> None:
    while not any(message in each for each in caplog.messages):
        time.sleep(0.01)


def test_a_collector_that_is_away_is_one_line_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = closed_port()
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.75")  # the library waits .8 s or more before it tries again
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    caplog.set_level(logging.INFO)
    observers: list[Observer] = []
    with contextlib.ExitStack() as collector, send_traces(observers):
        for _ in range(3):
            observers[0](ASKED)
        wait_for(caplog, LOST)
        collector.enter_context(receiving(port))  # until all traces are sent
        observers[0](ASKED)
        wait_for(caplog, "the collector takes traces again")
    assert [message.partition(":")[0] for message in caplog.messages] == [LOST, "the collector takes traces again"]


def test_the_line_says_why_traces_are_lost(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1.5")
    observers: list[Observer] = []
    with send_traces(observers):
        observers[0](ASKED)
    (message,) = caplog.messages
    assert message.startswith(LOST)
    assert "refused" in message


def test_a_service_whose_collector_is_away_answers_and_ends(tmp_path: Path) -> None:
    with serving(tmp_path, **{ENDPOINT: f"http://127.0.0.1:{closed_port()}"}) as front:
        assert front.get("/v1/search?q=hope")[0] == 200
        lines = front.stop()
        assert front.process.returncode == 0
    assert len(lines) <= 1


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({ENDPOINT: "localhost:4318"}, f"{ENDPOINT}: is not an address such as http://127.0.0.1:4318"),
        (
            {ENDPOINT: "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line_and_code_2(
    variables: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert evoke.main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"evoke serve: {line}")
    assert message.count("\n") == 1


def test_a_library_that_is_missing_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert evoke.main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert f"{ENDPOINT} needs opentelemetry.exporter: pip install" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("switch", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}, {}])
def test_without_an_endpoint_or_switched_off_nothing_is_traced(
    switch: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ({ENDPOINT: "http://127.0.0.1:4318", **switch} if switch else {}).items():
        monkeypatch.setenv(name, value)
    observers: list[Observer] = []
    with send_traces(observers):
        assert observers == []
