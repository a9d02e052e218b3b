"""Asks the real backends what arrived, again and again until it has."""

from __future__ import annotations

from collections.abc import Callable
import json
import threading
import time
from typing import Any, TypeVar
import urllib.error
from urllib.parse import urlencode
import urllib.request

Answer = TypeVar("Answer")

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_POLL_SECONDS = 0.1
_PAUSE = threading.Event()


def until(ask: Callable[[], Answer], *, seconds: float = 60.0) -> Answer:
    """Ask until the answer is true in the sense of `if`, and give it; fail if it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        _PAUSE.wait(_POLL_SECONDS)
    return answer


def get(url: str, **query: object) -> Any:
    """Give the JSON that an address answers with, or nothing if it does not know what was asked for."""
    try:
        return json.loads(get_text(f"{url}?{urlencode(query)}"))
    except urllib.error.HTTPError as problem:
        with problem:
            if problem.code == 404:
                return None
            raise


def get_text(url: str) -> str:
    """Give what an address answers with."""
    request = urllib.request.Request(url, headers={"Accept": "application/json, text/plain"})
    with _OPENER.open(request, timeout=30) as answer:
        return answer.read().decode()


def jaeger_spans(jaeger: str, trace_id: str) -> list[dict[str, Any]]:
    """Give the spans of a trace as Jaeger shows them: operationName, references, tags, logs, microseconds."""
    answer = get(f"{jaeger}/api/traces/{trace_id}")
    return answer["data"][0]["spans"] if answer and answer["data"] else []


def tempo_spans(tempo: str, trace_id: str) -> list[dict[str, Any]]:
    """Give the spans of a trace as Tempo has them: OTLP in JSON, ids in base64."""
    answer = get(f"{tempo}/api/v2/traces/{trace_id}")
    resources = answer["trace"].get("resourceSpans", []) if answer else []
    return [span for each in resources for scope in each["scopeSpans"] for span in scope["spans"]]


def tempo_search(tempo: str, traceql: str, *, start: int, end: int) -> list[dict[str, Any]]:
    """Give the traces that match, of a time in seconds."""
    return get(f"{tempo}/api/search", q=traceql, start=start, end=end)["traces"]


def prometheus_series(prometheus: str, promql: str) -> list[dict[str, Any]]:
    """Give the series that a query gives now, each with `metric` (its labels) and `value` (time, text)."""
    return get(f"{prometheus}/api/v1/query", query=promql)["data"]["result"]


def prometheus_exemplars(prometheus: str, selector: str, *, start: float, end: float) -> list[dict[str, Any]]:
    """Give the exemplars of a time in seconds, each with `labels` (trace_id, span_id), value and timestamp."""
    answer = get(f"{prometheus}/api/v1/query_exemplars", query=selector, start=start, end=end)
    return [exemplar for series in answer["data"] for exemplar in series["exemplars"]]
