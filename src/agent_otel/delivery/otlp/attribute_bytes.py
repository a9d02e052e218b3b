"""Attributes in, the bytes of their OTLP ``KeyValue`` messages out, as the stock encoder writes them.

Values are those that the SDK leaves after cleaning, by their exact types: what is anything else is not known here, and
the stock encoder decides what becomes of it (opentelemetry-proto ``common/v1/common.proto``, ``AnyValue``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from types import MappingProxyType
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes

from agent_otel.delivery.otlp.wire import MOST_REMEMBERED, VARINTS, Unsure, field, text_field

__all__ = ["Keys", "add_attributes", "any_value"]

_MOST_KEYS: Final = 512  # that are remembered; far more than conventions have
_MOST_VALUES: Final = 16  # of a key that are remembered
_LONGEST_KEY: Final = 128  # characters
_LONGEST_VALUE: Final = 40  # characters: names and words of conventions, no content
_DEEPEST: Final = 16  # sequences within each other; protobuf parsers give up at 100 messages

_DOUBLE: Final = Struct("<d")
_INT64: Final = 2**63
_UINT64: Final = 2**64 - 1

_Known = tuple[bytes, int, dict[str, bytes]]


class Keys(dict[str, _Known]):
    """Remembers of each key its bytes with their length, and whole attributes of it that are short texts.

    Args:
        tag: Of the attributes in the message that carries them.
    """

    def __init__(self, tag: bytes) -> None:
        super().__init__()
        self.tag = tag

    def __missing__(self, key: str) -> _Known:
        start = text_field(b"\x0a", key) + b"\x12"  # the tag of the value
        known: _Known = start, len(start), {}
        if len(key) <= _LONGEST_KEY:
            if len(self) >= _MOST_KEYS:
                self.clear()
            self[key] = known
        return known


class _TextHeads(dict[int, bytes]):
    """What stands before a text of so many bytes: its ``AnyValue``'s length, the tag of ``string_value``, its own."""

    def __missing__(self, length: int) -> bytes:
        own = VARINTS[length]
        head = VARINTS[1 + len(own) + length] + b"\x0a" + own
        if length < MOST_REMEMBERED:
            self[length] = head
        return head


_TEXT_HEADS: Final = _TextHeads()


def add_attributes(parts: list[bytes], attributes: Any, keys: Keys) -> None:
    """Add attributes to the parts of a message.

    Args:
        parts: Of the message so far.
        attributes: A mapping, or None.
        keys: Those of this kind of message.

    Raises:
        Unsure: The stock encoder has to decide.
        UnicodeEncodeError: As above: a text has half a surrogate pair.
    """
    tag = keys.tag
    for key, value in _plain(attributes).items():
        start, size, texts = keys[key]
        kind = type(value)
        if kind is str:
            is_short = len(value) <= _LONGEST_VALUE
            if is_short and (known := texts.get(value)) is not None:
                parts.append(known)
                continue
            text = value.encode()
            length = len(text)
            head = _TEXT_HEADS[length]
            size += len(head) + length
            if is_short and len(texts) < _MOST_VALUES:
                known = texts[value] = b"".join((tag, VARINTS[size], start, head, text))
                parts.append(known)
            else:
                parts += (tag, VARINTS[size], start, head, text)
        elif kind is int and 0 <= value < _INT64:
            number = VARINTS[value]
            length = len(number) + 1
            parts += (tag, VARINTS[size + 1 + length], start, VARINTS[length], b"\x18", number)
        else:
            encoded = any_value(value)
            length = len(encoded)
            head = VARINTS[length]
            parts += (tag, VARINTS[size + len(head) + length], start, head, encoded)


def _plain(attributes: Any) -> dict[Any, Any]:
    """Give a mapping as a dict: the SDK's own take ten times as long to go through."""
    kind = type(attributes)
    if kind is dict:
        return attributes  # type: ignore[no-any-return]
    if attributes is None:
        return {}
    if kind is not MappingProxyType and kind is not BoundedAttributes:
        raise Unsure
    try:
        copied = attributes.copy()
    except AttributeError:  # a proxy of any other mapping
        raise Unsure from None
    if type(copied) is not dict:
        raise Unsure
    return copied


def any_value(value: Any, depth: int = 0) -> bytes:
    """Encode an ``AnyValue``; one that stands for None holds nothing.

    Args:
        value: Of an attribute, or within one.
        depth: How many values it is within.

    Raises:
        Unsure: The stock encoder has to decide.
        UnicodeEncodeError: As above.
    """
    encode = _BY_TYPE.get(type(value))
    if encode is None:
        raise Unsure
    return encode(value, depth)


def _text(value: str, _: int) -> bytes:
    return field(b"\x0a", value.encode())


def _bool(value: bool, _: int) -> bytes:  # noqa: FBT001
    return b"\x10\x01" if value else b"\x10\x00"


def _int(value: int, _: int) -> bytes:
    if not -_INT64 <= value < _INT64:
        raise Unsure
    return b"\x18" + VARINTS[value & _UINT64]  # two's complement: 10 bytes for what is negative


def _float(value: float, _: int) -> bytes:
    return b"\x21" + _DOUBLE.pack(value)


def _bytes(value: bytes, _: int) -> bytes:
    return field(b"\x3a", value)


def _sequence(value: Sequence[Any], depth: int) -> bytes:
    if depth >= _DEEPEST:
        raise Unsure
    return field(b"\x2a", b"".join([field(b"\x0a", any_value(inner, depth + 1)) for inner in value]))


def _mapping(value: dict[Any, Any], depth: int) -> bytes:
    if depth >= _DEEPEST:
        raise Unsure
    pairs = [text_field(b"\x0a", key) + field(b"\x12", any_value(inner, depth + 1)) for key, inner in value.items()]
    return field(b"\x32", b"".join([field(b"\x0a", pair) for pair in pairs]))


_BY_TYPE: Final[Mapping[type, Callable[[Any, int], bytes]]] = {
    str: _text,
    bool: _bool,
    int: _int,
    float: _float,
    bytes: _bytes,
    tuple: _sequence,
    list: _sequence,
    dict: _mapping,
    type(None): lambda *_: b"",
}
