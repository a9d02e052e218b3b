from __future__ import annotations

import pytest

from agent_otel.correlate import SpanRef
from agent_otel.model import Content, ContentKind, DeliveryClass, EventIds, EventKind, Fact, Names, Outcome, Phase
from agent_otel.project import record_of
from project.operations import T0, occurrence

KINDS = [
    (EventKind.SESSION, Phase.START, "agent_otel.session.start", DeliveryClass.PROGRESS),
    (EventKind.SESSION, Phase.END, "agent_otel.session.end", DeliveryClass.RUN_END),
    (EventKind.MESSAGE, Phase.POINT, "agent_otel.message", DeliveryClass.PROGRESS),
    (EventKind.HEALTH, Phase.POINT, "agent_otel.source.health", DeliveryClass.HEALTH),
    (EventKind.HISTORY, Phase.POINT, "agent_otel.history", DeliveryClass.PROGRESS),
    (EventKind.CACHE, Phase.POINT, "agent_otel.cache", DeliveryClass.PROGRESS),
    (EventKind.ERROR, Phase.POINT, "agent_otel.error", DeliveryClass.ERROR),
    (EventKind.USAGE, Phase.POINT, "agent_otel.usage", DeliveryClass.USAGE),
    (EventKind.COST, Phase.POINT, "agent_otel.cost", DeliveryClass.USAGE),
    (EventKind.OTHER, Phase.POINT, "agent_otel.other", DeliveryClass.PROGRESS),
    (EventKind.OTHER, Phase.START, "agent_otel.other", DeliveryClass.PROGRESS),
]


@pytest.mark.parametrize(("kind", "phase", "name", "delivery_class"), KINDS)
def test_event_name_and_class(kind, phase, name, delivery_class):
    record = record_of(occurrence(kind, phase))
    assert (record.event_name, record.delivery_class, record.time_ns) == (name, delivery_class, T0)


def test_attributes():
    happened = occurrence(
        EventKind.HEALTH,
        span=SpanRef(1, 2),
        ids=EventIds(run="r-1"),
        names=Names(subject="worker", agent="coder", request_model="model-x"),
        facts={Fact.STATE: "degraded"},
        lineage={"shard": 3},
        outcome=Outcome.ERROR,
        error_type="disk_full",
        time_is_receipt=True,
    )
    record = record_of(happened)
    assert record.span == SpanRef(1, 2)
    assert record.attributes == {
        "agent_otel.source": "sample-source",
        "sample_source.shard": 3,
        "agent_otel.state": "degraded",
        "agent_otel.run.id": "r-1",
        "agent_otel.subject": "worker",
        "gen_ai.agent.name": "coder",
        "gen_ai.request.model": "model-x",
        "agent_otel.time.is_receipt": True,
        "agent_otel.outcome": "error",
        "error.type": "disk_full",
    }


@pytest.mark.parametrize(
    ("more", "severity"),
    [({}, 9), ({"outcome": Outcome.ERROR}, 13), ({"outcome": Outcome.TIMED_OUT}, 13), ({"outcome": Outcome.OK}, 9),
     ({"facts": {Fact.LOST_COUNT: 1}}, 13)],
)  # fmt: skip
def test_severity(more, severity):
    assert record_of(occurrence(EventKind.HEALTH, **more)).severity == severity


def test_content_stands_beside_and_error_text_is_no_error_type():
    contents = {ContentKind.ERROR_TEXT: Content("made-up secret")}
    record = record_of(occurrence(EventKind.ERROR, contents=contents, error_type="made-up secret text"))
    assert record.contents is contents
    assert "made-up" not in repr(record)
