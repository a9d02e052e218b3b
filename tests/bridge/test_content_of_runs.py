"""The content policy over a whole run: what passes from one operation to another."""

from __future__ import annotations

import contextlib

from opentelemetry.trace import get_current_span
import pytest

SAID = "DENIEDRESULT is bad"


def received(bridge, receiver):
    assert bridge.flush()
    return {span.name: span for span in receiver.spans()}


@pytest.mark.parametrize("how", ["same", "cause", "context"])
def test_the_error_text_of_a_denied_tool_leaves_on_no_enclosing_call(make_bridge, receiver, how):
    bridge = make_bridge(AGENT_OTEL_CONTENT_DENIED_TOOLS="vault_*")
    with contextlib.suppress(ValueError, RuntimeError), bridge.run(agent="a") as run:
        try:
            with run.tool_call("vault_get"):
                raise ValueError(SAID)  # noqa: TRY301  how it passes on is what is tested
        except ValueError as error:
            if how == "same":
                raise
            if how == "cause":
                raise RuntimeError(f"because {error}") from error
            raise RuntimeError(f"because {error}")  # noqa: B904  the context is what is tested
    spans = received(bridge, receiver)
    assert spans["invoke_agent a"].status_code == "error"
    assert [span.status_message for span in spans.values()] == ["", ""]
    assert spans["invoke_agent a"].attributes["agent_otel.content.denied_by"] == ["denied_tool"]


def test_the_error_text_of_other_tools_stands_on_the_run_as_well(make_bridge, receiver):
    bridge = make_bridge(AGENT_OTEL_CONTENT_DENIED_TOOLS="vault_*")
    with contextlib.suppress(ValueError), bridge.run(agent="a") as run, run.tool_call("ls"):
        raise ValueError("no such file")
    assert {span.status_message for span in received(bridge, receiver).values()} == {"no such file"}


def test_what_is_essential_survives_a_full_span_that_user_code_wrote_first(make_bridge, receiver):
    bridge = make_bridge(OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="40")
    with bridge.run(agent="a") as run, run.tool_call("ls", arguments={"a": 1}):
        get_current_span().set_attribute("gen_ai.operation.name", "mine")
        get_current_span().set_attribute("gen_ai.tool.name", "mine")
        for number in range(60):
            get_current_span().set_attribute(f"user{number}", number)
    attributes = received(bridge, receiver)["execute_tool ls"].attributes
    assert (attributes["gen_ai.operation.name"], attributes["gen_ai.tool.name"]) == ("execute_tool", "ls")
    assert "gen_ai.tool.call.arguments" in attributes


def test_counts_at_a_sink_that_sees_more_are_those_of_what_it_sees(make_bridge, receiver, tmp_path):
    from agent_otel.testing import OtlpReceiver

    with OtlpReceiver() as archive:
        (tmp_path / "f.toml").write_text(
            f"[sinks.otlp]\ncontent = 'off'\n[sinks.archive]\nendpoint = '{archive.http_endpoint}'\n"
        )
        bridge = make_bridge(AGENT_OTEL_CONFIG_FILE=str(tmp_path / "f.toml"))
        with bridge.run(agent="a") as run, run.tool_call("ls", arguments={"password": "abc", "token": "def"}):
            get_current_span().set_attribute("exception.message", "mine")
        narrow = received(bridge, receiver)["execute_tool ls"].attributes
        wide = next(span for span in archive.spans() if span.name == "execute_tool ls").attributes
        assert "agent_otel.content.redacted" not in narrow
        assert wide["agent_otel.content.redacted"] == 2
        assert wide["gen_ai.tool.call.arguments"].count("[REDACTED") == 2
        assert bridge.health().content["archive/traces"]["redacted"] == 2
