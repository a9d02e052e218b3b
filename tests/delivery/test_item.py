from __future__ import annotations

from attrs import evolve
import pytest

from agent_otel.delivery import Item
from agent_otel.model import CaptureMode, DeliveryClass

BARE = Item(payload=b"scrubbed", trace_id=1, span_id=2, run_id="r", delivery_class=DeliveryClass.PROGRESS)


@pytest.mark.parametrize("mode", [mode.value for mode in CaptureMode])
def test_r37_without_raw_content_the_raw_mode_becomes_redacted_and_others_stay(mode):
    raw = evolve(BARE, raw_payload=b"as it was", content_mode=mode)
    bare = raw.without_raw_content()
    assert bare.raw_payload is None
    assert bare.content_mode == ("redacted_summary" if mode == "raw_content" else mode)
    assert bare.payload == b"scrubbed"
    assert bare.size < raw.size


@pytest.mark.parametrize("mode", [mode.value for mode in CaptureMode])
def test_r37_what_holds_no_raw_content_passes_unchanged_whatever_its_mode_says(mode):
    item = evolve(BARE, content_mode=mode)
    assert item.without_raw_content() is item


def test_neither_payload_is_shown():
    assert "scrubbed" not in repr(BARE)
    assert "as it was" not in repr(evolve(BARE, raw_payload=b"as it was"))
