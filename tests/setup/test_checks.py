"""Bad ``OTEL_*`` values are one clear error, whatever the SDK would have made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_otel.model import SettingsError
from agent_otel.setup.checks import check_otel_variables

BAD = {
    "OTEL_BSP_SCHEDULE_DELAY": "x",
    "OTEL_BSP_EXPORT_TIMEOUT": "-1",
    "OTEL_BSP_MAX_QUEUE_SIZE": "1000000000000000000000000",
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "0",
    "OTEL_METRIC_EXPORT_INTERVAL": "soon",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "soon",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "nan",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "br",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "ftp://localhost",
    "OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such/file",
    "OTEL_TRACES_SAMPLER": "alwayson",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "-1",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "x",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_named_with_what_is_expected(name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        check_otel_variables({name: BAD[name]})
    assert str(raised.value).startswith(f"{name}={BAD[name]!r}: expected ")


def test_what_is_good_or_empty_passes(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.touch()
    check_otel_variables(
        {
            **dict.fromkeys(BAD, ""),
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2.5",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318/otlp",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x,tenant=a",
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.25",
        }
    )


def test_grpc_endpoints_need_no_scheme() -> None:
    check_otel_variables({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"})


@pytest.mark.parametrize("argument", ["a lot", "2", "-0.1", "nan"])
def test_a_ratio_lies_between_zero_and_one(argument: str) -> None:
    with pytest.raises(SettingsError, match="OTEL_TRACES_SAMPLER_ARG"):
        check_otel_variables({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": argument})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization made-up-secret"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "user:made-up-secret@host:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "host:4318?key=made-up-secret"),
    ],
)
def test_credentials_in_a_bad_value_are_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as raised:
        check_otel_variables({name: value})
    assert "made-up-secret" not in str(raised.value)
