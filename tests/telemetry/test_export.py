"""`pbrun log export`: a run as a trace, in a file and at a collector that listens."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report_picture import records
from runner.cli.main import main
from runner.history import gathered
from runner.journal import line
from runner.telemetry.spans import ROOT, trace
from tests.reports import hostile


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"".join(line(record) for record in records(3, 6)))
    return path


def test_spans_lie_within_their_parents() -> None:
    made = trace(gathered(records(3, 6)))
    assert Counter(span.name for span in made.spans[:2]) == {"run": 1, "Application servers": 1}
    for number, span in enumerate(made.spans):
        assert span.start_ns <= span.end_ns and span.parent < number
        if span.parent != ROOT:
            parent = made.spans[span.parent]
            assert parent.start_ns <= span.start_ns and span.end_ns <= parent.end_ns
    task = next(span for span in made.spans if span.name == "app : Check the configuration")
    assert task.error == "failed on 2 of 3 hosts"
    assert (task.attributes["code.file.path"], task.attributes["code.line.number"]) == ("roles/app/tasks/main.yaml", 23)
    assert trace(gathered(records(3, 6))) == made


def test_every_text_of_a_hostile_run_can_be_sent() -> None:
    made = trace(hostile.run())
    texts = [span.name for span in made.spans] + [str(span.error) for span in made.spans]
    texts += [str(value) for span in made.spans for value in span.attributes.values()]
    assert "\u202e" not in "".join(texts).encode().decode()


def spans_of(text: str) -> list[dict[str, Any]]:
    requests = [json.loads(row) for row in text.splitlines()]
    return [
        span
        for request in requests
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def test_a_file_for_a_collector(log: Path, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="cannot be made without OpenTelemetry")
    out = tmp_path / "trace.jsonl"
    assert main(["log", "export", str(log), "--otel-file", str(out)]) == 0
    first = out.read_text()
    spans = spans_of(first)
    known = {span["spanId"] for span in spans}
    assert len(known) == len(spans) and all(len(span["spanId"]) == 16 for span in spans)
    assert {len(span["traceId"]) for span in spans} == {32} and len({span["traceId"] for span in spans}) == 1
    assert [span["name"] for span in spans if "parentSpanId" not in span] == ["run"]
    assert all(span.get("parentSpanId", spans[0]["spanId"]) in known for span in spans)
    assert main(["log", "export", str(log), "--otel-file", str(out)]) == 0
    assert out.read_text() == first


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Its address, and what it was sent: paths and sizes. It takes nothing at `/refuses`."""
    heard: list[tuple[str, int]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            self.rfile.read(size)
            heard.append((self.path, size))
            self.send_response(400 if self.path == "/refuses" else 200)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_collector_is_sent_the_trace(
    log: Path, collector: tuple[str, list[tuple[str, int]]], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="cannot be sent without OpenTelemetry")
    url, heard = collector
    assert main(["log", "export", str(log), "--otlp", url]) == 0
    assert [path for path, _size in heard] == ["/v1/traces"] and heard[0][1] > 200
    assert main(["log", "export", str(log), "--otlp", f"{url}/refuses"]) == 1
    assert "did not take the trace" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"), [([], "say where to"), (["--otlp", "localhost:4318"], "no URL of a collector")]
)
def test_mistakes(log: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", "export", str(log), *words]) == 5
    assert said in capsys.readouterr().err
