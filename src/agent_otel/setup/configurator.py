"""``AgentOtelConfigurator``: zero code. ``OTEL_PYTHON_CONFIGURATOR=agent_otel opentelemetry-instrument python app.py``.

Our policy and delivery take the place of the stock ones for traces, metrics and logs of the whole process.
"""

from __future__ import annotations

from importlib import metadata
import logging
import os
from typing import Any, Final

from agent_otel.model import SettingsError
from agent_otel.setup.building import is_disabled
from agent_otel.setup.installing import install_globally

__all__ = ["AgentOtelConfigurator"]

_log = logging.getLogger("agent_otel")
_NAME: Final = "agent_otel"
_GROUP: Final = "opentelemetry_configurator"
_AUTO_VERSION: Final = "telemetry.auto.version"
_LOGGING: Final = "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED"


class AgentOtelConfigurator:
    """What ``opentelemetry-instrument`` calls before it loads instrumentations."""

    def configure(self, *, auto_instrumentation_version: str | None = None, **more: Any) -> None:
        """Put telemetry in place as the environment says. Never raises: without it, the program runs as it would.

        Nobody needs to have asked for us: where ``OTEL_PYTHON_CONFIGURATOR`` names none, another one that is installed
        comes first.

        Args:
            auto_instrumentation_version: Told in the resource.
            **more: For other configurators.
        """
        other = None if os.environ.get("OTEL_PYTHON_CONFIGURATOR", "").strip() == _NAME else _another()
        if other is not None:
            other.load()().configure(auto_instrumentation_version=auto_instrumentation_version, **more)
            return
        if is_disabled(os.environ):
            return
        if os.environ.get("OTEL_CONFIG_FILE", "").strip():
            _log.warning(
                "OTEL_CONFIG_FILE is not read by the configurator agent_otel; "
                "to use both, leave the configurator out and name the exporter agent_otlp in the file"
            )
        extra = {_AUTO_VERSION: auto_instrumentation_version} if auto_instrumentation_version else None
        try:
            install_globally(os.environ, extra)
            if os.environ.get(_LOGGING, "").strip().lower() == "true":
                _send_python_logging()
        except SettingsError as error:
            _log.error("telemetry is off: %s", error)
        except Exception as error:  # noqa: BLE001  the program is not ours to stop
            _log.error("telemetry is off: it could not be set up (%s)", type(error).__name__)


def _send_python_logging() -> None:
    """Send what the program logs, in the way of the stock configurator, which has no public name for it."""
    from opentelemetry.sdk._configuration import _overwrite_logging_config_fns  # noqa: PLC0415  few ask for it
    from opentelemetry.sdk._logs import LoggingHandler  # noqa: PLC0415

    handler = LoggingHandler()  # of the global provider
    logging.getLogger().addHandler(handler)
    _overwrite_logging_config_fns(handler)  # else basicConfig() would do nothing, or remove it


def _another() -> metadata.EntryPoint | None:
    return next((entry for entry in metadata.entry_points(group=_GROUP) if entry.name != _NAME), None)
