"""Items in, export requests as OTLP JSON out, one text per signal: for files that people and collectors read.

It is protobuf's JSON mapping with OTLP's exceptions: ids are hexadecimal and enums are numbers
(https://opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"). 64-bit integers are texts, names are camelCase.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
import json
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agent_otel.delivery.item import Envelope, Item, Signal
from agent_otel.delivery.otlp.request import grouped

__all__ = ["request_json"]

# The message of a signal, and its names for groups by resource, groups by scope, and items.
_SHAPES: Final[Mapping[Signal, tuple[Any, str, str, str]]] = {
    "traces": (Span, "resourceSpans", "scopeSpans", "spans"),
    "logs": (LogRecord, "resourceLogs", "scopeLogs", "logRecords"),
}
_IDS: Final = ("traceId", "spanId", "parentSpanId")


def request_json(items: Iterable[Item], signal: Signal, *, raw: bool = False) -> str:
    """Render an export request on one line, without its end.

    Args:
        items: Of this signal.
        signal: Which it is.
        raw: Whether raw forms are taken where items have them.

    Raises:
        google.protobuf.message.DecodeError: An item or an envelope is not OTLP.
    """
    message, by_resource, by_scope, name = _SHAPES[signal]
    resources = [
        {
            "resource": _rendered(Resource, resource),
            by_scope: [
                _scope_json(envelope, name, [_with_hex_ids(_rendered(message, payload)) for payload in payloads])
                for envelope, payloads in scopes.items()
            ],
            **_schema_url(url),
        }
        for (resource, url), scopes in grouped(items, raw=raw).items()
    ]
    return json.dumps({by_resource: resources}, separators=(",", ":"))


def _scope_json(envelope: Envelope, name: str, rendered: list[dict[str, Any]]) -> dict[str, Any]:
    scope = _rendered(InstrumentationScope, envelope.scope)
    return {"scope": scope, name: rendered, **_schema_url(envelope.scope_schema_url)}


def _schema_url(url: str) -> dict[str, str]:
    return {"schemaUrl": url} if url else {}


def _rendered(message: Any, payload: bytes) -> dict[str, Any]:
    rendered: dict[str, Any] = MessageToDict(message.FromString(payload), use_integers_for_enums=True)
    return rendered


def _with_hex_ids(rendered: dict[str, Any]) -> dict[str, Any]:
    for carrier in (rendered, *rendered.get("links", ())):
        for name in _IDS:
            if name in carrier:
                carrier[name] = b64decode(carrier[name]).hex()
    return rendered
