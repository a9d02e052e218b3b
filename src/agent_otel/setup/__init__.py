"""Settings from the environment, and the providers that they describe."""

from agent_otel.setup.building import build_telemetry, is_disabled
from agent_otel.setup.exporters import endpoint_is_set, export_timeout_s, otlp_endpoint, otlp_protocol
from agent_otel.setup.installing import install, telemetry_of_process
from agent_otel.setup.own_resource import service_namespace
from agent_otel.setup.settings import (
    SETTINGS,
    Setting,
    Settings,
    StatedSetting,
    read_settings,
    settings_warnings,
    stated_settings,
)
from agent_otel.setup.telemetry import Telemetry

__all__ = [
    "SETTINGS",
    "Setting",
    "Settings",
    "StatedSetting",
    "Telemetry",
    "build_telemetry",
    "endpoint_is_set",
    "export_timeout_s",
    "install",
    "is_disabled",
    "otlp_endpoint",
    "otlp_protocol",
    "read_settings",
    "service_namespace",
    "settings_warnings",
    "stated_settings",
    "telemetry_of_process",
]
