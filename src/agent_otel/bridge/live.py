"""Decoders for records that come one by one into a live bridge, one per source, made on the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson

from agent_otel.bridge.books import Problem
from agent_otel.bridge.pipeline import Pipeline
from agent_otel.correlate import Surroundings
from agent_otel.model import Cursor, SourceError
from agent_otel.processors import in_forked_child
from agent_otel.sources import Context, Decoder, Document, Source, detect_source, load_source
from agent_otel.sources.guarded import fault_name, is_interrupt

__all__ = ["LiveRecords"]

_AUTO = "auto"
_CERTAIN = 1.0


class LiveRecords:
    """Feeds raw records to the pipeline.

    Args:
        pipeline: Where they go.
        warn: Called with a text that is worth one line in the log.
    """

    def __init__(self, pipeline: Pipeline, warn: Callable[[str], None]) -> None:
        self._pipeline = pipeline
        self._warn = warn
        self._stream = uuid4().hex
        self._ordinal = 0
        self._decoders: dict[str, tuple[Source, Decoder]] = {}
        in_forked_child(self._after_fork)

    def take(self, record: Any, source_name: str, receipt_ns: int, around: Surroundings) -> None:
        """Take one record: a JSON value, or JSON as text or bytes."""
        self._ordinal += 1
        where = f"record({source_name})"
        if isinstance(record, (str, bytes)) and not (isinstance(record, str) and _is_bare_word(record)):
            try:
                record = orjson.loads(record)
            except orjson.JSONDecodeError:
                self._pipeline.reject(Problem(where, self._ordinal, "", "is no JSON"))
                return
        try:
            source, decoder = self._decoder(source_name, record)
        except SourceError as error:
            self._pipeline.reject(Problem(where, self._ordinal, "", "no source recognises it"))
            self._warn(str(error))
            return
        except BaseException as error:
            if is_interrupt(error):
                raise
            self._pipeline.reject(Problem(where, self._ordinal, "", f"source fault ({fault_name(error)})"))
            return
        context = Context(Cursor(self._stream, self._ordinal), receipt_ns)
        self._pipeline.take_record(record, source, decoder, context, name=where, around=around)

    def close(self) -> None:
        """End the streams: what a decoder held back, the last response and the end of its run, is told.

        To be called once nothing is taken any more. A decoder that fails costs one record, counted as malformed.
        """
        decoders, self._decoders = self._decoders, {}
        for source, decoder in decoders.values():
            self._ordinal += 1
            try:
                events = tuple(decoder.close(complete=True))
            except BaseException as error:
                if is_interrupt(error):
                    raise
                reason = f"source fault ({fault_name(error)} in close())"
                self._pipeline.reject(Problem(f"record({source.name})", self._ordinal, "", reason))
            else:
                self._pipeline.feed(events)

    def _after_fork(self) -> None:
        """In a forked child: what the decoders hold is the parent's to tell; what comes is a stream of its own."""
        self._decoders = {}
        self._stream = uuid4().hex

    def _decoder(self, name: str, record: Any) -> tuple[Source, Decoder]:
        if name == _AUTO:
            for known in self._decoders.values():  # asking all that are installed takes a millisecond
                if known[0].detect([record]) >= _CERTAIN:
                    return known
        source = detect_source([record]) if name == _AUTO else None
        if source is None and name == _AUTO:
            raise SourceError("record() was given a record that no source recognises; name it: record(..., source=...)")
        decoding = self._decoders.get(source.name if source is not None else name)
        if decoding is None:
            source = source or load_source(name)
            decoder = source.decoder()
            decoder.open(Document(name=f"live:{source.name}", key=self._stream, nonce=self._stream, live=True))
            decoding = self._decoders[source.name] = (source, decoder)
        return decoding


def _is_bare_word(text: str) -> bool:
    """Say whether a text is a record as it stands: a unit variant (``WorkerStarted``), a stream's sign (``[DONE]``)."""
    is_sign = text.startswith("[") and text.endswith("]") and text.isupper()
    return (text[1:-1] if is_sign else text).isidentifier()
