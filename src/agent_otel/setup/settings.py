"""Our own settings, ``AGENT_OTEL_*``: one table that reads, checks and documents them."""

from __future__ import annotations

from collections.abc import Mapping
import difflib
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from attrs import Factory, evolve, field, fields, frozen

from agent_otel.correlate import CorrelationLimits
from agent_otel.model import NANOS_PER_SECOND, ContentKind, SettingsError
from agent_otel.policy import ContentPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.setup.config_file import CONFIG_VARIABLE, ConfigFile, FileSink, read_config_file
from agent_otel.setup.content_choice import capture_warning, content_policy
from agent_otel.setup.content_settings import CONTENT_SETTINGS
from agent_otel.setup.setting import Setting, at_least, printable

__all__ = [
    "SETTINGS",
    "Setting",
    "Settings",
    "StatedSetting",
    "read_settings",
    "settings_warnings",
    "stated_settings",
]

PREFIX = "AGENT_OTEL_"


@frozen(kw_only=True)
class Settings:
    """What ``AGENT_OTEL_*`` say.

    Args:
        id_namespace: Part of every derived trace id; None means the service's namespace and name.
        handover_bytes: Bound of the queue between the agent's thread and the worker.
        event_bytes: Bound of one event's snapshot.
        duplicate_window: Record ids that are remembered.
        metric_names: Distinct names per metric label.
        names: Names that people know, by the ids that sources give.
        state: Directory of ``--resume``; None means the user's state directory.
        spool: Directory in which what waits is kept on disk; None keeps it in memory only.
        spool_bytes: Bound of one process's file there.
        limits: Bounds of correlation.
        config_file: Where settings were read beside the environment.
        content: What may leave.
        sinks: Sinks that settings name: what each may see at most, and those with an endpoint of their own.
    """

    id_namespace: str | None = None
    handover_bytes: int = 32 * 1024 * 1024
    event_bytes: int = 1024 * 1024
    duplicate_window: int = 100_000
    metric_names: int = 200
    names: Mapping[str, str] = field(factory=dict)
    state: Path | None = None
    spool: Path | None = None
    spool_bytes: int = 256 * 1024 * 1024
    limits: CorrelationLimits = Factory(CorrelationLimits)
    config_file: Path | None = None
    content: ContentPolicy = Factory(ContentPolicy)
    sinks: Mapping[str, FileSink] = field(factory=dict)


def _seconds(text: str) -> int:
    value = float(text)
    if not 0 <= value <= 10**9:
        raise ValueError
    return int(value * NANOS_PER_SECOND)


def _names(text: str) -> dict[str, str]:
    """Read ``id=name,id=name``, percent-encoded as ``OTEL_RESOURCE_ATTRIBUTES`` is."""
    names = {}
    for pair in filter(None, (pair.strip() for pair in text.split(","))):
        word, equals, name = (unquote(part).strip() for part in pair.partition("="))
        if not (word and equals and name and name.isprintable()):
            raise ValueError
        names[word] = name
    return names


_COUNT = "a whole number of at least 1"
_BYTES = "a number of bytes of at least 1024"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "AGENT_OTEL_ID_NAMESPACE",
        "id_namespace",
        printable,
        "printable text",
        "service.namespace and service.name",
        "Keeps equal ids of two tenants apart: part of every derived trace id.",
    ),
    Setting(
        "AGENT_OTEL_HANDOVER_BYTES",
        "handover_bytes",
        at_least(1024),
        _BYTES,
        "33554432",
        "Bound of the queue between the agent's thread and the worker.",
    ),
    Setting(
        "AGENT_OTEL_EVENT_BYTES",
        "event_bytes",
        at_least(1024),
        _BYTES,
        "1048576",
        "Bound of what is kept of one event; the rest becomes a marker.",
    ),
    Setting(
        "AGENT_OTEL_DUPLICATE_WINDOW",
        "duplicate_window",
        at_least(1),
        _COUNT,
        "100000",
        "Record ids that are remembered to recognise repetitions.",
    ),
    Setting(
        "AGENT_OTEL_METRIC_NAMES",
        "metric_names",
        at_least(1),
        _COUNT,
        "200",
        "Distinct tool, model and agent names per metric; later ones become _OTHER.",
    ),
    Setting(
        "AGENT_OTEL_NAMES",
        "names",
        _names,
        "id=name pairs with commas between them, percent-encoded where they hold commas or =",
        "",
        "Names for ids of agents, providers and models: `agent.7=reviewer,provider.main=anthropic`.",
    ),
    Setting(
        "AGENT_OTEL_STATE",
        "state",
        Path,
        "a directory",
        "~/.local/state/agent-otel",
        "Where --resume remembers what was delivered.",
    ),
    Setting(
        "AGENT_OTEL_SPOOL",
        "spool",
        Path,
        "a directory of the user's own",
        "",
        "Keeps what waits on disk, so that neither an outage nor the death of the process loses it. See delivery.md.",
    ),
    Setting(
        "AGENT_OTEL_SPOOL_BYTES",
        "spool_bytes",
        at_least(65536),
        "a number of bytes of at least 65536",
        "268435456",
        "Bound of what one process keeps there.",
    ),
    Setting("AGENT_OTEL_MAX_OPEN_RUNS", "max_open_runs", at_least(1), _COUNT, "10000", "Runs open at once."),
    Setting(
        "AGENT_OTEL_MAX_OPEN_OPERATIONS",
        "max_open_operations",
        at_least(1),
        _COUNT,
        "50000",
        "Starts that wait for their end.",
    ),
    Setting(
        "AGENT_OTEL_MAX_CLOSED_RUNS",
        "max_closed_runs",
        at_least(1),
        _COUNT,
        "20000",
        "Ended runs remembered for late children and sub-agents.",
    ),
    Setting(
        "AGENT_OTEL_MAX_FINISHED_OPERATIONS",
        "max_finished_operations",
        at_least(1),
        _COUNT,
        "100000",
        "Finished operations remembered to recognise repetitions.",
    ),
    Setting(
        "AGENT_OTEL_MAX_CONVERSATIONS",
        "max_conversations",
        at_least(1),
        _COUNT,
        "20000",
        "Conversations remembered to link a resumed one.",
    ),
    Setting(
        "AGENT_OTEL_MAX_MARKS",
        "max_marks",
        at_least(0),
        "a whole number of at least 0",
        "100",
        "Span events kept per run.",
    ),
    Setting(
        "AGENT_OTEL_IDLE_LIMIT",
        "idle_limit_ns",
        _seconds,
        "seconds",
        "86400",
        "Seconds after which a live bridge closes a silent run, or a start without end.",
    ),
    Setting(
        "AGENT_OTEL_LATE_CHILD_GRACE",
        "late_child_grace_ns",
        _seconds,
        "seconds",
        "5",
        "Seconds that children may end after their run did, in a live bridge.",
    ),
    *CONTENT_SETTINGS,
    Setting(
        CONFIG_VARIABLE,
        "config_file",
        Path,
        "a TOML file",
        "",
        "Where the same settings stand, in lower case and without `AGENT_OTEL_`. Variables win. See content-policy.md.",
    ),
)
_OWN_FIELDS = frozenset(attribute.name for attribute in fields(Settings)) - {"limits", "content", "sinks"}
_ALL_CONTENT = "AGENT_OTEL_CONTENT"
_OF_KINDS = frozenset(f"{_ALL_CONTENT}_{kind.name}" for kind in ContentKind)
_CONTENT_FIELDS = frozenset(setting.field for setting in CONTENT_SETTINGS)


_OF_TOOLS = ("AGENT_OTEL_BACKENDS",)  # where `make backends` builds; the library does not read it


class StatedSetting(NamedTuple):
    """A setting, the text of its value, and who says so. The text may be a secret; see ``Setting.is_secret``."""

    setting: Setting
    text: str
    origin: Literal["environment", "file", "default"]


def stated_settings(environ: Mapping[str, str], file: ConfigFile | None = None) -> list[StatedSetting]:
    """Tell what each setting is and where it comes from, in the order of ``SETTINGS``. Values are not checked.

    Args:
        environ: Environment variables. An empty value counts as unset, as OpenTelemetry has it.
        file: The settings file; None reads the one that the environment names.

    Raises:
        SettingsError: If the file cannot be used.
    """
    file = file if file is not None else read_config_file(environ)
    of_file = _below(environ, file.values)
    stated = []
    for setting in SETTINGS:
        if text := environ.get(setting.name, "").strip():
            stated.append(StatedSetting(setting, text, "environment"))
        elif text := of_file.get(setting.name, "").strip():
            stated.append(StatedSetting(setting, text, "file"))
        else:
            stated.append(StatedSetting(setting, setting.default, "default"))
    return stated


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings, from the environment and from the file that it names.

    Args:
        environ: Environment variables. An empty value counts as unset, as OpenTelemetry has it.

    Raises:
        SettingsError: For the first value that cannot be used.
    """
    file = read_config_file(environ)
    own: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    content: dict[str, Any] = {}
    for setting, text, origin in stated_settings(environ, file):
        if origin == "default":
            continue
        try:
            value = setting.read(text)
        except ValueError:
            raise SettingsError(setting.name, "…" if setting.is_secret else text, setting.expected) from None
        group = own if setting.field in _OWN_FIELDS else content if setting.field in _CONTENT_FIELDS else limits
        group[setting.field] = value
    sinks = dict(file.sinks)
    for name, mode in content.get("content_sinks", {}).items():
        known = sinks.get(name, FileSink(name=name))
        caps = every_kind(mode)
        sinks[name] = evolve(known, modes={kind: cap.least(known.modes.get(kind, cap)) for kind, cap in caps.items()})
    return Settings(
        **own,
        limits=CorrelationLimits(**limits),
        content=content_policy(content, environ, file.detectors),
        sinks=sinks,
    )


def _below(environ: Mapping[str, str], of_file: Mapping[str, str]) -> Mapping[str, str]:
    """Give what a file says that no variable does: a variable for all kinds of content stands above kinds in the file.

    Raises:
        SettingsError: If the file says what is no setting: a policy must not have holes for want of a letter.
    """
    known = {setting.name for setting in SETTINGS}
    for name in of_file:
        if name not in known:
            key = name.removeprefix(PREFIX).lower()
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            hint = f"{close[0].removeprefix(PREFIX).lower()}, perhaps" if close else "a setting, sinks or detectors"
            raise SettingsError(key, "", f"a key that exists in {CONFIG_VARIABLE}: {hint}")
    if not environ.get(_ALL_CONTENT, "").strip():
        return of_file
    return {name: text for name, text in of_file.items() if name not in _OF_KINDS}


def settings_warnings(environ: Mapping[str, str]) -> list[str]:
    """Give a warning for each ``AGENT_OTEL_*`` variable that does not exist, with the nearest one that does.

    So is a standard variable whose value is not known.
    """
    known = [*(setting.name for setting in SETTINGS), *_OF_TOOLS]
    warnings = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            warnings.append(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
    warning = capture_warning(environ)
    return [*warnings, warning] if warning is not None else warnings
