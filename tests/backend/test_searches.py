"""The searches of docs/jaeger-and-grafana.md, as they stand there, find what they say."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
import re
import shlex

import pytest

from agent_otel.model import parse_rfc3339
from agent_otel.testing import OtlpReceiver
from backend.asking import get, tempo_search, until
from backend.running import Backends
from end_to_end.recordings import RECORDINGS
from end_to_end.replaying import environment, replay

pytestmark = pytest.mark.backend

_SERVICE = "searched"
_PAGE = Path(__file__).parents[2] / "docs" / "jaeger-and-grafana.md"
_SECOND = 1_000_000_000
_FROM = parse_rfc3339("2026-05-04T10:00:00Z") // _SECOND
_TO = _FROM + 3600
_FINDS_NOTHING_HERE = {"slow model calls"}  # no recording has one


def searches() -> dict[str, tuple[str, str]]:
    """Give tag and TraceQL of each row of the page."""
    (table,) = re.findall(r"## Searches\n.*?\n\n(\|.*?)\n\n", _PAGE.read_text(), re.DOTALL)
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()[2:]]
    return {name: (tag.split("`")[1], traceql.strip("`")) for name, tag, traceql in rows}


SEARCHES = searches()


@pytest.fixture(scope="module")
def filled(backends: Backends, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    directory = tmp_path_factory.mktemp("recordings")
    with OtlpReceiver() as receiver:
        environ = environment(receiver, tmp_path_factory.mktemp("state"))
    environ |= {**backends.addresses.environment(), "OTEL_SERVICE_NAME": _SERVICE}
    for name in ("bamboo-wrapped", "zeroclaw-trace"):
        replay(environ, RECORDINGS[name](directory / f"{name}.jsonl"))
    cut = RECORDINGS["bamboo-feed"](directory / "cut.jsonl")
    cut.write_text("".join(cut.read_text().splitlines(keepends=True)[:2]))  # its run never ends
    replay({**environ, "AGENT_OTEL_ID_NAMESPACE": "another"}, cut)
    return environ


def in_jaeger(backends: Backends, tag: str) -> int:
    """Give how many traces Jaeger finds by tags, written as in its search form."""
    tags = dict(pair.split("=", 1) for pair in shlex.split(tag))
    found = get(
        f"{backends.addresses.jaeger}/api/traces",
        service=_SERVICE,
        tags=json.dumps(tags),
        start=_FROM * 1_000_000,
        end=_TO * 1_000_000,
    )
    return len(found["data"])


@pytest.mark.parametrize("name", sorted(SEARCHES.keys() - _FINDS_NOTHING_HERE))
def test_a_search_finds_what_it_says(backends: Backends, filled: Mapping[str, str], name: str) -> None:
    assert filled
    tag, traceql = SEARCHES[name]
    until(lambda: in_jaeger(backends, tag))
    until(lambda: tempo_search(backends.addresses.tempo, traceql, start=_FROM, end=_TO))


def test_searches_find_nothing_that_is_not_there(backends: Backends, filled: Mapping[str, str]) -> None:
    assert filled
    assert in_jaeger(backends, "gen_ai.tool.name=Nothing") == 0
    assert tempo_search(backends.addresses.tempo, '{ span.gen_ai.tool.name = "Nothing" }', start=_FROM, end=_TO) == []
