"""Which attribute names some convention knows: the namespaces of OpenTelemetry's semantic conventions, and our own."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = ["is_known"]

_NAMESPACES: Final = frozenset(
    """
    agent_otel android app artifact aspnetcore aws az azure browser cassandra cicd client cloud cloudevents
    cloudfoundry code container cpu db deployment destination device disk dns dotnet elasticsearch enduser error event
    exception faas feature_flag file gcp gen_ai geo go graphql heroku host http hw ios jsonrpc jvm k8s linux log mcp
    messaging net network nodejs oci openai opentracing os otel peer pprof process profile rpc security_rule server
    service session source system telemetry test thread tls url user user_agent v8js vcs webengine zos
    """.split()  # noqa: SIM905  a list of a hundred literals reads worse
)


@lru_cache(maxsize=4096)
def is_known(key: str) -> bool:
    """Say whether an attribute's name is in a namespace of the conventions."""
    return key.partition(".")[0] in _NAMESPACES
