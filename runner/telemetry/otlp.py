"""Traces by OpenTelemetry's own SDK (the extra `otel`), which is imported here alone and only when it is asked for.

Source: https://opentelemetry.io/docs/specs/otlp/ (HTTP, and the JSON encoding that collectors read from files).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from runner.errors import EnvironmentFault, OptionError
from runner.telemetry.spans import ROOT, Trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

BATCH: Final = 500
_IDS: Final = ("traceId", "spanId", "parentSpanId")


def sent(trace: Trace, url: str) -> int:
    """Send the trace to a collector; how many spans it has. `url` without a path means `/v1/traces`, as OTLP has it;
    headers come from `OTEL_EXPORTER_OTLP_HEADERS`.

    Raises OptionError for what is no URL, and EnvironmentFault if the SDK or the collector is not there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(f"--otlp {url}: this is no URL of a collector (http://localhost:4318)")
    made = _spans(trace)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    exporter = OTLPSpanExporter(endpoint=url if parts.path.strip("/") else f"{url.rstrip('/')}/v1/traces")
    try:
        for batch in _batches(made):
            if exporter.export(batch) is not SpanExportResult.SUCCESS:
                raise EnvironmentFault(f"the collector at {url} did not take the trace")
    finally:
        exporter.shutdown()
    return len(made)


def as_lines(trace: Trace) -> str:
    """The trace as OTLP's JSON, one request a line. Raises EnvironmentFault if the SDK is not there."""
    made = _spans(trace)
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    lines = []
    for batch in _batches(made):
        request: dict[str, Any] = MessageToDict(encode_spans(batch), use_integers_for_enums=True)
        for span in _spans_in(request):
            # OTLP's JSON has ids in hex, unlike Protobuf's own.
            span.update({name: base64.b64decode(span[name]).hex() for name in _IDS if name in span})
        lines.append(json.dumps(request, sort_keys=True, separators=(",", ":")) + "\n")
    return "".join(lines)


def _spans_in(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            yield from scope["spans"]


def _batches(spans: list[ReadableSpan]) -> Iterator[list[ReadableSpan]]:
    for start in range(0, len(spans), BATCH):
        yield spans[start : start + BATCH]


def _spans(trace: Trace) -> list[ReadableSpan]:
    """The SDK's spans. Nothing of them comes from the environment or from chance."""
    try:
        import opentelemetry.exporter.otlp.proto.http  # noqa: F401
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
    except ImportError as error:
        raise EnvironmentFault(f"traces need OpenTelemetry: pip install 'pbrun[otel]' ({error})") from None
    contexts = [
        SpanContext(trace.id, (trace.id + number) % (1 << 64) or 1, False, TraceFlags(TraceFlags.SAMPLED))
        for number in range(len(trace.spans))
    ]
    resource, scope = Resource(dict(trace.resource)), InstrumentationScope("pbrun")
    return [
        ReadableSpan(
            name=span.name,
            context=contexts[number],
            parent=None if span.parent == ROOT else contexts[span.parent],
            resource=resource,
            attributes=dict(span.attributes),
            kind=SpanKind.INTERNAL,
            instrumentation_scope=scope,
            status=Status(StatusCode.OK) if span.error is None else Status(StatusCode.ERROR, span.error),
            start_time=span.start_ns,
            end_time=span.end_ns,
        )
        for number, span in enumerate(trace.spans)
    ]
