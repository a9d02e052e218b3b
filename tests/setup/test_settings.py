from __future__ import annotations

import contextlib
from pathlib import Path

from attrs import fields
from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.correlate import CorrelationLimits
from agent_otel.model import ContentKind, SettingsError
from agent_otel.setup import SETTINGS, Settings, read_settings, settings_warnings

BY_NAME = {setting.name: setting for setting in SETTINGS}
BAD = {
    "AGENT_OTEL_ID_NAMESPACE": ["a\nb", "\x00"],
    "AGENT_OTEL_HANDOVER_BYTES": ["many", "0", "1023", "-1", "1.5", "nan", "1 KiB"],
    "AGENT_OTEL_EVENT_BYTES": ["many", "0", "1023", "-5", "9" * 5000],
    "AGENT_OTEL_DUPLICATE_WINDOW": ["0", "-1", "x"],
    "AGENT_OTEL_METRIC_NAMES": ["0", "true"],
    "AGENT_OTEL_NAMES": ["agent.7", "=reviewer", "agent.7=", "agent.7=a%00b"],
    "AGENT_OTEL_STATE": [],
    "AGENT_OTEL_SPOOL": [],
    "AGENT_OTEL_SPOOL_BYTES": ["0", "many"],
    "AGENT_OTEL_MAX_OPEN_RUNS": ["0", "x"],
    "AGENT_OTEL_MAX_OPEN_OPERATIONS": ["0", "x"],
    "AGENT_OTEL_MAX_CLOSED_RUNS": ["0", "x"],
    "AGENT_OTEL_MAX_FINISHED_OPERATIONS": ["0", "x"],
    "AGENT_OTEL_MAX_CONVERSATIONS": ["0", "x"],
    "AGENT_OTEL_MAX_MARKS": ["-1", "x"],
    "AGENT_OTEL_IDLE_LIMIT": ["-1", "nan", "inf", "1e10", "a day"],
    "AGENT_OTEL_LATE_CHILD_GRACE": ["-0.1", "soon"],
    "AGENT_OTEL_CONTENT": ["on", "true", "redact"],
    **{f"AGENT_OTEL_CONTENT_{kind.name}": ["on", "full"] for kind in ContentKind},
    "AGENT_OTEL_CONTENT_DENIED_TOOLS": [],
    "AGENT_OTEL_CONTENT_SINKS": ["otlp", "otlp=", "=off", "otlp=on"],
    "AGENT_OTEL_CONTENT_MAX_CHARS": ["-1", "x"],
    "AGENT_OTEL_CONTENT_VALUE_BYTES": ["-1", "64 KiB"],
    "AGENT_OTEL_CONTENT_SPAN_BYTES": ["-1", "1.5"],
    "AGENT_OTEL_CONTENT_FOREIGN": ["keep"],
    "AGENT_OTEL_CONTENT_ALLOWED": [],
    "AGENT_OTEL_RAW_SOURCES": [],
    "AGENT_OTEL_RAW_BYTES": ["-1", "none"],
    "AGENT_OTEL_RAW_RETENTION": ["yes", "1"],
    "AGENT_OTEL_RAW_SAMPLE_RATIO": ["2", "-0.1", "nan", "half"],
    "AGENT_OTEL_SCRUB_OPT_IN": [],
    "AGENT_OTEL_SCRUB_DISABLED": [],
    "AGENT_OTEL_SCRUB_TAG_KEY": ["short"],
    "AGENT_OTEL_CONFIG_FILE": [],
}


def test_each_setting_has_its_bad_values_here():
    assert set(BAD) == set(BY_NAME)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_one_clear_error(name, value):
    with pytest.raises(SettingsError) as raised:
        read_settings({name: value})
    shown = "…" if BY_NAME[name].is_secret else value.strip()
    assert str(raised.value) == f"{name}={shown!r}: expected {BY_NAME[name].expected}"
    assert raised.value.name == name


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_documented_defaults_are_the_real_ones(setting):
    if setting.name in ("AGENT_OTEL_ID_NAMESPACE", "AGENT_OTEL_STATE", "AGENT_OTEL_SPOOL", "AGENT_OTEL_CONFIG_FILE"):
        assert getattr(Settings(), setting.field) is None
        return
    own = {field.name for kind in (Settings, CorrelationLimits) for field in fields(kind)} - {"content"}
    if setting.field not in own:
        assert read_settings({setting.name: setting.default}) == Settings()
        return
    owner = Settings() if setting.field in {field.name for field in fields(Settings)} else CorrelationLimits()
    assert read_settings({}).limits == CorrelationLimits()
    assert setting.read(setting.default) == getattr(owner, setting.field)
    assert setting.help


def test_every_limit_of_correlation_can_be_set():
    assert {field.name for field in fields(CorrelationLimits)} <= {setting.field for setting in SETTINGS}


def test_values_arrive():
    settings = read_settings(
        {
            "AGENT_OTEL_ID_NAMESPACE": "tenant ä",
            "AGENT_OTEL_HANDOVER_BYTES": " 2048 ",
            "AGENT_OTEL_NAMES": "agent.7=reviewer, model%2C1=a=b,",
            "AGENT_OTEL_STATE": "/somewhere",
            "AGENT_OTEL_IDLE_LIMIT": "1.5",
            "AGENT_OTEL_MAX_MARKS": "0",
        }
    )
    assert (settings.id_namespace, settings.handover_bytes, settings.state) == ("tenant ä", 2048, Path("/somewhere"))
    assert settings.names == {"agent.7": "reviewer", "model,1": "a=b"}
    assert (settings.limits.idle_limit_ns, settings.limits.max_marks) == (1_500_000_000, 0)


def test_an_empty_value_counts_as_unset():
    assert read_settings(dict.fromkeys(BY_NAME, " ")) == Settings()


@given(st.sampled_from(SETTINGS), st.text(max_size=30))
def test_any_text_is_a_value_or_a_settings_error(setting, text):
    with contextlib.suppress(SettingsError):
        assert isinstance(read_settings({setting.name: text}), Settings)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("AGENT_OTEL_HANDOVER_BYTE", "AGENT_OTEL_HANDOVER_BYTES"),
        ("AGENT_OTEL_IDLE_TIMEOUT", "AGENT_OTEL_IDLE_LIMIT"),
        ("AGENT_OTEL_METRICS_NAMES", "AGENT_OTEL_METRIC_NAMES"),
    ],
)
def test_an_unknown_name_is_a_warning_with_the_nearest_real_one(name, nearest):
    assert settings_warnings({name: "made-up secret"}) == [f"{name} is no setting; did you mean {nearest}?"]


def test_names_that_are_real_or_not_ours_are_no_warning():
    real = dict.fromkeys(BY_NAME.keys() - {"AGENT_OTEL_CONFIG_FILE"}, "1")
    assert settings_warnings({**real, "OTEL_WHATEVER": "1", "PATH": ""}) == []
