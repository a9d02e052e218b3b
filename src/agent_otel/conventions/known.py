"""Which attribute names some convention knows: the namespaces of OpenTelemetry's semantic conventions, and our own."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = ["is_known"]

_NAMESPACES: Final = frozenset(
    """
    agent_otel android app artifact aspnetcore aws az azure browser cassandra cicd client cloud cloudevents
    cloudfoundry code container cpu db deployment destination device disk dns dotnet elasticsearch enduser error event
    exception faas feature_flag file geo go graphql heroku host http hw ios jsonrpc jvm k8s linux log
    messaging net network nodejs oci openai opentracing os otel peer pprof process profile rpc security_rule server
    service session source system telemetry test thread tls url user user_agent v8js vcs webengine zos
    """.split()  # noqa: SIM905  a list of a hundred literals reads worse
)


# Namespaces in which instrumentations put content under names of their own: only these of their attributes are known.
_KNOWN_WITHIN: Final = (
    "gen_ai.agent.",
    "gen_ai.aggregated_usage.",
    "gen_ai.conversation.",
    "gen_ai.data_source.",
    "gen_ai.embeddings.",
    "gen_ai.evaluation.",
    "gen_ai.operation.",
    "gen_ai.output.type",
    "gen_ai.prompt.name",
    "gen_ai.prompt.version",
    "gen_ai.provider.",
    "gen_ai.request.",
    "gen_ai.response.",
    "gen_ai.system",
    "gen_ai.token.",
    "gen_ai.tool.name",
    "gen_ai.tool.type",
    "gen_ai.tool.call.id",
    "gen_ai.usage.",
    "gen_ai.workflow.",
    "gcp.apphub.",
    "gcp.client.",
    "gcp.cloud_run.",
    "gcp.gce.",
    "mcp.method.name",
    "mcp.prompt.name",
    "mcp.protocol.version",
    "mcp.resource.uri",
    "mcp.session.id",
)


@lru_cache(maxsize=4096)
def is_known(key: str) -> bool:
    """Say whether an attribute's name is in a namespace of the conventions."""
    return key.partition(".")[0] in _NAMESPACES or key.startswith(_KNOWN_WITHIN)
