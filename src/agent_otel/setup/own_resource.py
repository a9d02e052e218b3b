"""The resource of what we send: the host's, scrubbed, with our distribution in it."""

from __future__ import annotations

from collections.abc import Mapping
import json

from opentelemetry.sdk.environment_variables import OTEL_RESOURCE_ATTRIBUTES
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from agent_otel._version import __version__
from agent_otel.emit import (
    ContentWriter,
)

__all__ = ["own_resource", "service_namespace", "without_instance"]

_INSTANCE = "service.instance.id"


def service_namespace(resource: Resource) -> str:
    """Give the default namespace of derived ids: the service's namespace and name.

    Without a name the SDK makes one of the interpreter's file name; the same events must not give another trace because
    ``python`` is called ``python3`` there.
    """
    parts = [str(resource.attributes.get(name, "")) for name in ("service.namespace", "service.name")]
    if parts[1].startswith("unknown_service"):
        parts[1] = ""
    return json.dumps(parts)  # so that a/b and c are not a and b/c


def own_resource(
    content: ContentWriter, host: TracerProvider | None = None, extra: Mapping[str, str] | None = None
) -> Resource:
    """Give the host's resource, which makes each process a ``service.instance.id`` unless the user says which.

    It is scrubbed here as well: processors of the host that share our provider see it.
    """
    own = {"telemetry.distro.name": "agent-otel", "telemetry.distro.version": __version__, **(extra or {})}
    resource = Resource(own).merge(Resource.create())
    if host is not None:
        resource = resource.merge(host.resource)
    return _OwnResource(content.resource(resource))


def without_instance(resource: Resource, environ: Mapping[str, str]) -> Resource:
    """Leave out the id that was drawn for this process: read twice, a recording has to give the very same spans.

    Backends compare the resource too (Jaeger shows a span twice that came with two), and the process that reads is not
    the one in which it happened.
    """
    if _INSTANCE in environ.get(OTEL_RESOURCE_ATTRIBUTES, ""):
        return resource
    kept = {name: value for name, value in resource.attributes.items() if name != _INSTANCE}
    return _OwnResource(Resource(kept, resource.schema_url))


class _OwnResource(Resource):
    """A resource that computes its hash once: the encoder asks for it with every span, and the SDK's writes JSON."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource.attributes, resource.schema_url)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash
