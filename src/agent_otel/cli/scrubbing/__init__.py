"""``agent-otel scrub``: a stream of bytes in, the same without its secrets out."""

from agent_otel.cli.scrubbing.command import scrub_stream

__all__ = ["scrub_stream"]
