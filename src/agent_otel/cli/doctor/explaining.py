"""From what a sink said, and how far one got, to what to do about it: the table of fixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from agent_otel.cli.doctor.address import GRPC, HTTP, Address
from agent_otel.cli.doctor.reaching import REQUESTS_VARIABLES, Reached
from agent_otel.cli.doctor.speaking import Spoken

__all__ = ["Finding", "Symptoms", "explain"]

_BASE: Final = "OTEL_EXPORTER_OTLP"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SAME: Final = {  # gRPC's words for what HTTP has numbers for
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "INVALID_ARGUMENT": 400,
}
_PATHS: Final = ("/v1/traces", "/v1/logs", "/v1/metrics")
_TIMEOUTS: Final = frozenset({"timeout", "DEADLINE_EXCEEDED"})


@frozen
class Finding:
    """Why a test item was not acknowledged.

    Args:
        why: The cause, as far as it is known.
        fix: What to do about it; empty if nothing can be advised.
    """

    why: str
    fix: str = ""


@frozen(kw_only=True)
class Symptoms:
    """All that is known of a failure.

    Args:
        reason: What the sink said; empty if nothing was sent.
        message: What the endpoint said.
        reached: How far one got.
        spoken: What is spoken there, where that was asked.
        signal: ``traces``, ``logs`` or ``metrics``.
        headers: Names of those that are sent.
    """

    reason: str
    message: str = ""
    reached: Reached
    spoken: Spoken = ""
    signal: str
    headers: Sequence[str] = ()


def explain(address: Address | None, symptoms: Symptoms) -> Finding:
    """Give the cause of a failure and its fix.

    Args:
        address: Where the sink sends; None if only its exporter knows.
        symptoms: What is known.
    """
    if address is None:
        why = symptoms.reason
        return Finding(why, "the exporter tells no more: see its own log and documentation")
    was_answered = _status(symptoms.reason) is not None
    return (
        _of_protocol(address, symptoms)
        or (None if was_answered else _of_reaching(address, symptoms))
        or _of_answer(address, symptoms)
        or Finding(symptoms.reason, "see the log of the endpoint")
    )


def _of_protocol(address: Address, symptoms: Symptoms) -> Finding | None:
    said_by = address.said_by or f"{_BASE}_ENDPOINT"
    if symptoms.spoken == "tls":
        return Finding("the endpoint speaks TLS, and is spoken to without", f"write https:// in {said_by}")
    if symptoms.spoken == "plain":
        without = (
            f"write http:// in {said_by}; without a scheme, gRPC takes TLS"
            if address.protocol == GRPC
            else f"write http:// in {said_by}"
        )
        return Finding("the endpoint speaks no TLS, and is spoken to with it", without)
    setting = _protocol_setting(address)
    if address.protocol == HTTP and symptoms.spoken == "http/2":
        return Finding(
            "a gRPC endpoint is spoken to over HTTP",
            f"set {setting}=grpc, or use the endpoint's port for HTTP (usually 4318, not 4317)",
        )
    if address.protocol == GRPC and symptoms.spoken == "http/1.1":
        return Finding(
            "an HTTP endpoint is spoken to over gRPC",
            f"set {setting}=http/protobuf, or use the endpoint's port for gRPC (usually 4317, not 4318)",
        )
    return None


def _protocol_setting(address: Address) -> str:
    if address.said_by.startswith("sinks."):
        return address.said_by.replace(".endpoint", ".protocol")
    return address.said_by.replace("_ENDPOINT", "_PROTOCOL") if address.said_by else f"{_BASE}_PROTOCOL"


def _of_reaching(address: Address, symptoms: Symptoms) -> Finding | None:
    reached = symptoms.reached
    what = f"the proxy at {reached.at}" if reached.through_proxy else reached.at
    said_by = "HTTPS_PROXY and HTTP_PROXY" if reached.through_proxy else address.said_by or f"{_BASE}_ENDPOINT"
    if reached.state == "not_resolved":
        return Finding(
            f"the name of {what} is not known here ({reached.detail})", f"check the host in {said_by}, and DNS"
        )
    if reached.state == "refused":
        return Finding(f"connection refused by {what}", _of_refusal(address, reached))
    if reached.state == "timeout":
        return Finding(f"{what} does not answer", f"check host and port in {said_by}, and firewalls on the way")
    if reached.state == "unreachable":
        return Finding(f"{what} cannot be reached ({reached.detail})", f"check the host in {said_by}, and the network")
    return Finding(f"TLS: {reached.detail}", _of_tls(address, symptoms)) if reached.state == "tls" else None


def _of_refusal(address: Address, reached: Reached) -> str:
    if reached.through_proxy:
        return "is the proxy running? NO_PROXY names the hosts that are reached without it"
    asked = f"is a collector running at {reached.at}?"
    if not address.said_by:
        return f"{asked} {_BASE}_ENDPOINT is not set: this is the default"
    if address.host in _LOOPBACK:
        return f"{asked} In a container, {address.host} is the container itself"
    return asked


def _of_tls(address: Address, symptoms: Symptoms) -> str:
    reached = symptoms.reached
    said = reached.detail.lower()
    if "mismatch" in said or "doesn't match" in said or "not valid for" in said:
        return f"use a name in {address.said_by or 'the endpoint'} that its certificate is for"
    if "expired" in said or "not yet valid" in said:
        return "renew the certificate of the endpoint, or set the clock of this machine right"
    if any(word in said for word in ("self-signed", "self signed", "issuer", "verify")):
        if symptoms.signal == "metrics" and reached.trust_said_by in REQUESTS_VARIABLES:
            return f"put the authority of the endpoint into {reached.trust_said_by}: metrics go by that alone"
        return f"set {_BASE}_CERTIFICATE to the file of the authority that signed the endpoint's certificate (PEM)"
    return f"check the certificates: of the endpoint, and {_BASE}_CERTIFICATE and {_BASE}_CLIENT_CERTIFICATE here"


def _of_answer(address: Address, symptoms: Symptoms) -> Finding | None:
    reason = shown = symptoms.reason
    status = _status(reason)
    if status is not None and 300 <= status <= 399:
        return Finding(
            f"{shown}, a redirect, which is not followed",
            f"set {address.said_by or f'{_BASE}_ENDPOINT'} to the address that it leads to",
        )
    if status in (401, 403):
        return Finding(f"{shown}: not allowed", _of_headers(address, symptoms))
    if status in (404, 405):
        return Finding(f"{shown}: no OTLP at this path", _of_path(address, symptoms.signal))
    if reason == "UNIMPLEMENTED":
        return Finding(
            f"UNIMPLEMENTED: the server takes no {symptoms.signal} over OTLP",
            f"give it a pipeline for {symptoms.signal}, or set OTEL_{symptoms.signal.upper()}_EXPORTER=none",
        )
    if reason == "partial success":
        said = f": {symptoms.message}" if symptoms.message else ""
        return Finding(f"taken in part: the endpoint dropped the test item{said}", "see the log of the endpoint")
    if reason in _TIMEOUTS:
        return Finding("no answer in time", "the endpoint takes connections and does not answer: see its log")
    if reason == "UNAVAILABLE":
        return Finding(reason, "is the endpoint up, and one for OTLP over gRPC? See its log")
    fix = _BY_STATUS.get(status or 0) or (_OF_SERVER if status is not None and status >= 500 else "")
    return Finding(shown, fix) if fix else None


_OF_SERVER: Final = "the endpoint is reached, and fails itself: see its log"
_BUSY: Final = "the endpoint is reached, and too busy, or what lies behind it is down; agents try again. See its log"
_BY_STATUS: Final = {
    400: "the endpoint does not take this for OTLP: is it one, of this protocol?",
    407: "the proxy wants credentials: put user and password into HTTPS_PROXY or HTTP_PROXY",
    408: _BUSY,
    413: "raise the limit on the size of requests at the endpoint: the test request has about 1 KiB",
    415: f"the endpoint does not take protobuf, or not the compression: is it OTLP? Try {_BASE}_COMPRESSION=none",
    422: "the endpoint does not take this for OTLP: is it one, of this protocol?",
    429: _BUSY,
    502: _BUSY,
    503: _BUSY,
    504: _BUSY,
}


def _status(reason: str) -> int | None:
    word, _, number = reason.partition(" ")
    if word == "status" and number.isdecimal():
        return int(number)
    return _SAME.get(reason)


def _of_headers(address: Address, symptoms: Symptoms) -> str:
    where = address.said_by.replace(".endpoint", ".headers") if address.said_by.startswith("sinks.") else ""
    sent = f"sent are {', '.join(symptoms.headers)}" if symptoms.headers else "none are sent"
    return f"check the credentials in {where or f'{_BASE}_HEADERS'} (name=value, percent-encoded); {sent}"


def _of_path(address: Address, signal: str) -> str:
    path = f"/v1/{signal}"
    if address.names_signal and not address.url.rstrip("/").endswith(path):
        return (
            f"put {path} at the end of {address.said_by}: it is appended to {_BASE}_ENDPOINT, but not to this variable"
        )
    base = address.url.removesuffix(path)
    if not address.names_signal and base.endswith(_PATHS):
        return (
            f"leave /v1/{base.rpartition('/')[2]} out of {address.said_by}: the path is appended to it, for each signal"
        )
    if address.protocol == GRPC:
        return "is this an endpoint of OTLP over gRPC?"
    return f"is there an OTLP endpoint at {address.url}, with a pipeline for {signal}?"
