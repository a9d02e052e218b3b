"""Lossless codec: parsed JSON in, record models out, and the same JSON back.

A table names the members of each record and how each is read. What a table does not know is kept in
``unknown_fields`` and written back; which optional members were absent (and not null) is kept in ``absent``. A record
that does not fit is ``RecordRejected`` with the dotted path of the member and never its value. The shapes are serde's:
structs, enums with the tag outside or inside, newtype variants, unit variants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from agent_otel.model import LosslessRecord, RecordRejected
from agent_otel.sources.fields import Codec, FieldKind

__all__ = [
    "LosslessRecord",
    "NewtypeCodec",
    "RecordCodec",
    "TaggedCodec",
    "UnitCodec",
    "UnitForm",
    "UnitRecord",
    "VariantCodec",
]


class _Bare:
    """Marks a variant that is written as its name alone."""


_BARE: Final = _Bare()
_NONE_ABSENT: Final[frozenset[str]] = frozenset()


class UnitForm(Enum):
    """How a variant without members was written (rule R2)."""

    NAME = "name"  # "Variant"
    NULL = "null"  # {"Variant": null}
    OBJECT = "object"  # {"Variant": {}}


@frozen(kw_only=True)
class UnitRecord(LosslessRecord):
    """A record without members of its own.

    Args:
        form: How it is written.
    """

    form: UnitForm = UnitForm.NAME


def _is_empty(value: Any) -> bool:
    """Say whether serde's ``is_none`` or ``is_empty`` would; zero, false and the empty text are values."""
    return value is None or (isinstance(value, (tuple, list, Mapping)) and not value)


def _is_unset(value: Any, kind: FieldKind) -> bool:
    """Say whether a member that was not there still has nothing to say."""
    return _is_empty(value) or (kind.default is not None and bool(value == kind.default()))


T = TypeVar("T")
R = TypeVar("R", bound=LosslessRecord)
U = TypeVar("U", bound=UnitRecord)


def _located(error: RecordRejected, name: str, reason: str | None = None) -> RecordRejected:
    return RecordRejected(f"{name}.{error.field}" if error.field else name, reason or error.reason)


class RecordCodec(Generic[R]):
    """A struct: an object with members by name.

    Args:
        record: The model; its attributes have the members' names.
        members: How each member is read and written.
    """

    def __init__(self, record: type[R], members: Mapping[str, FieldKind]) -> None:
        self._record = record
        self._members = dict(members)
        self._readers = tuple((name, kind.read, kind.plain, kind.default) for name, kind in members.items())
        self._names = self._members.keys()
        self._optional = frozenset(name for name, kind in members.items() if kind.optional)

    def decode(self, value: Any) -> R:
        """Read an object."""
        if not isinstance(value, dict):
            raise RecordRejected("", "is no object")
        given: dict[str, Any] = {}
        name = ""
        try:
            for name, read, plain, default in self._readers:
                member = value.get(name)
                if member is None and default is not None and name not in value:
                    given[name] = default()
                else:
                    given[name] = member if type(member) in plain else read(member)
        except RecordRejected as error:
            raise _located(error, name, None if name in value else "is missing") from None
        if value.keys() == self._names:
            return self._record(absent=_NONE_ABSENT, **given)
        return self._record(
            absent=self._optional.difference(value),
            unknown_fields={key: rest for key, rest in value.items() if key not in self._names},
            **given,
        )

    def encode(self, record: R) -> dict[str, Any]:
        """Write the object that was read; of one that was made here, leave out what its system leaves out."""
        written = dict(record.unknown_fields)
        absent = record.absent
        for name, kind in self._members.items():
            value = getattr(record, name)
            if kind.skip_empty and _is_empty(value) if absent is None else name in absent and _is_unset(value, kind):
                continue
            written[name] = value if kind.write is None else kind.write(value)
        return written


class UnitCodec(Generic[U]):
    """A variant without members, in any of its three forms (rule R2).

    Args:
        record: The model.
    """

    def __init__(self, record: type[U]) -> None:
        self._record = record

    def decode(self, value: Any) -> U:
        """Read the body of a unit variant."""
        if value is _BARE:
            return self._record()
        if value is None:
            return self._record(form=UnitForm.NULL)
        if not isinstance(value, dict):
            raise RecordRejected("", "is neither an object nor null")
        return self._record(form=UnitForm.OBJECT, unknown_fields=dict(value))

    def encode(self, record: U) -> Any:
        """Write the body that was read."""
        if record.form is UnitForm.NAME:
            return _BARE
        return None if record.form is UnitForm.NULL else dict(record.unknown_fields)


class NewtypeCodec(Generic[T]):
    """A variant that wraps one value of another type and adds nothing to its JSON.

    Args:
        wrapper: Makes the model from what it wraps, which it holds as ``event``.
        inner: Codec of what it wraps.
    """

    def __init__(self, wrapper: Callable[[Any], T], inner: Codec[Any]) -> None:
        self._wrapper = wrapper
        self._inner = inner

    def decode(self, value: Any) -> T | None:
        """Read what is wrapped, and wrap it."""
        event = self._inner.decode(value)
        return None if event is None else self._wrapper(event)

    def encode(self, record: Any) -> Any:
        """Write what is wrapped."""
        return self._inner.encode(record.event)


class VariantCodec(Generic[T]):
    """An externally tagged enum: ``{"Variant": body}``, or the name alone for a unit variant.

    Args:
        variants: By name on the wire, the model of the variant and the codec of its body.
    """

    def __init__(self, variants: Mapping[str, tuple[type[T], Codec[Any]]]) -> None:
        self._codecs = {name: codec for name, (_, codec) in variants.items()}
        self._names = {record: name for name, (record, _) in variants.items()}

    def decode(self, value: Any) -> T | None:
        """Read a tagged value; None for a variant that is not in the table."""
        body: Any
        if isinstance(value, str):
            name, body = value, _BARE
        elif not isinstance(value, dict) or len(value) != 1:
            raise RecordRejected("", "holds no single variant")
        else:
            ((name, body),) = value.items()
        codec = self._codecs.get(name)
        if codec is None:
            return None
        try:
            found: T | None = codec.decode(body)
        except RecordRejected as error:
            raise _located(error, name) from None
        return found

    def encode(self, record: T) -> Any:
        """Write a tagged value."""
        name = self._names[type(record)]
        body = self._codecs[name].encode(record)
        return name if body is _BARE else {name: body}


class TaggedCodec(Generic[R]):
    """An internally tagged enum: ``{"type": "variant", ...}``. An adjacently tagged one has one member beside the tag.

    Args:
        tag: Name of the member that names the variant.
        variants: By its value, the model of the variant and its members.
    """

    def __init__(self, tag: str, variants: Mapping[str, tuple[type[R], Mapping[str, FieldKind]]]) -> None:
        self._tag = tag
        self._codecs = {name: RecordCodec(record, members) for name, (record, members) in variants.items()}
        self._names = {record: name for name, (record, _) in variants.items()}

    def decode(self, value: Any) -> R | None:
        """Read a tagged object; None for a variant that is not in the table."""
        if not isinstance(value, dict):
            raise RecordRejected("", "is no object")
        name = value.get(self._tag)
        if not isinstance(name, str):
            raise RecordRejected(self._tag, "is missing" if self._tag not in value else "is no string")
        codec = self._codecs.get(name)
        if codec is None:
            return None
        return codec.decode({key: member for key, member in value.items() if key != self._tag})

    def encode(self, record: R) -> dict[str, Any]:
        """Write a tagged object."""
        name = self._names[type(record)]
        return {self._tag: name, **self._codecs[name].encode(record)}
