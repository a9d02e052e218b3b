"""The work behind ``scrub``: standard input to standard output, and a summary that holds no text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import json
import sys
from typing import BinaryIO

from attrs import define, field

from agent_otel.cli.replaying import say
from agent_otel.cli.scrubbing.blocks import Blocks, Sizes
from agent_otel.cli.scrubbing.decoding import Decoding
from agent_otel.cli.scrubbing.hiding import Found, Hider
from agent_otel.cli.status import Status
from agent_otel.model import UsageError
from agent_otel.policy.scrubbing import DEFAULT_OPTIONS, ScrubOptions
from agent_otel.setup import read_settings, settings_warnings

__all__ = ["Account", "scrub_bytes", "scrub_stream"]

_READ_BYTES = 256 * 1024
_SIZES = Sizes()


@define
class Account:
    """What was read, written and hidden."""

    bytes_in: int = 0
    bytes_out: int = 0
    found: Found = field(factory=Found)

    @property
    def hidden(self) -> int:
        """How many secrets were hidden."""
        return sum(self.found.values())

    def as_dict(self) -> dict[str, object]:
        """Give plain values, for JSON."""
        found = [
            {"detector": detector, "place": place.value, "count": count}
            for (detector, place), count in sorted(self.found.items())
        ]
        return {"bytes_in": self.bytes_in, "bytes_out": self.bytes_out, "hidden": self.hidden, "found": found}

    def line(self) -> str:
        """Say it in one line."""
        if not self.found:
            return f"nothing to hide in {self.bytes_in} bytes"
        parts = [f"{detector} in {place.value} {count}" for (detector, place), count in sorted(self.found.items())]
        return f"hidden {self.hidden}: {', '.join(parts)}"


def scrub_bytes(
    stream: BinaryIO, options: ScrubOptions = DEFAULT_OPTIONS, account: Account | None = None, sizes: Sizes = _SIZES
) -> Iterator[bytes]:
    """Scrub a stream in bounded memory.

    Args:
        stream: A binary stream.
        options: What is looked for.
        account: Where is told what was done.
        sizes: How much is held.

    Yields:
        What may leave.
    """
    account = account if account is not None else Account()
    decoding = Decoding()
    blocks = Blocks(Hider(options, sizes.longest + 2 * sizes.around), sizes)
    account.found = blocks.found
    is_marked = False
    read = getattr(stream, "read1", stream.read)  # of a pipe, what there is
    while data := read(_READ_BYTES):
        account.bytes_in += len(data)
        text = decoding.decode(data)
        if text and not is_marked:
            is_marked = True
            yield decoding.mark
        yield from map(decoding.encode, blocks.feed(text))
    text = decoding.decode(b"", final=True)
    if not is_marked:
        yield decoding.mark
    yield from map(decoding.encode, blocks.feed(text))
    yield from map(decoding.encode, blocks.finish())
    yield decoding.rest()


def scrub_stream(environ: Mapping[str, str], *, as_json: bool, strict: bool) -> Status:
    """Scrub standard input to standard output; tell on standard error what was hidden.

    Args:
        environ: Environment variables.
        as_json: Whether what is told is a JSON object.
        strict: Whether a secret is a failure.

    Raises:
        AgentOtelError: If a setting cannot be used, or standard input is closed.
        OSError: If standard input or output fails.
    """
    options = read_settings(environ).content.scrubbing
    for warning in settings_warnings(environ):
        say(warning)
    if sys.stdin is None:
        raise UsageError("standard input is closed: pipe something into it")
    if sys.stdin.isatty():
        say("reading from the terminal; Ctrl-D on a line of its own ends it")
    account = Account()
    output = sys.stdout.buffer
    try:
        for part in scrub_bytes(sys.stdin.buffer, options, account):
            if part:
                account.bytes_out += output.write(part)
        output.flush()
    except KeyboardInterrupt:
        say("interrupted: what was not scrubbed yet was not written")
        return Status.INTERRUPTED
    say(json.dumps(account.as_dict()) if as_json else account.line())
    return Status.MALFORMED if strict and account.found else Status.OK
