"""The rule that the contract's ids keep, and the two kinds of string types: those that keep it, and the unchecked."""

from __future__ import annotations

from typing import ClassVar, Final, TypeVar
import unicodedata

from agent_otel.model.agent_sdk.words import variant_of
from agent_otel.model.errors import AgentOtelError

__all__ = ["MAX_ID_LEN", "IdValidationError", "Identifier", "TypedText", "validate_identifier"]

T = TypeVar("T", bound="TypedText")

MAX_ID_LEN: Final = 512


class IdValidationError(AgentOtelError, ValueError):
    """Raised for an id that the contract does not allow; the message never holds the id."""

    Empty: ClassVar[type[_Empty]]
    TooLong: ClassVar[type[_TooLong]]
    ControlCharacter: ClassVar[type[_ControlCharacter]]


@variant_of(IdValidationError)
class _Empty(IdValidationError):
    """Raised for an id without characters."""

    def __init__(self) -> None:
        super().__init__("is an empty identifier")


@variant_of(IdValidationError)
class _TooLong(IdValidationError):
    """Raised for an id of more than ``max`` UTF-8 bytes."""

    def __init__(self, max: int, actual: int) -> None:  # noqa: A002  the contract's name
        super().__init__(f"is an identifier of {actual} bytes, and {max} are allowed")
        self.max = max
        self.actual = actual


@variant_of(IdValidationError)
class _ControlCharacter(IdValidationError):
    """Raised for an id that has a control character at byte ``index``."""

    def __init__(self, index: int) -> None:
        super().__init__(f"is an identifier with a control character at byte {index}")
        self.index = index


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def validate_identifier(value: str) -> str:
    """Give an id back if it has characters, at most 512 bytes of them, and no control character.

    Raises:
        IdValidationError: If it is not so.
    """
    if not value:
        raise IdValidationError.Empty
    if (length := _length(value)) > MAX_ID_LEN:
        raise IdValidationError.TooLong(max=MAX_ID_LEN, actual=length)
    if not value.isprintable():  # a separator is not printable, and allowed
        for place, character in enumerate(value):
            if unicodedata.category(character) == "Cc":
                raise IdValidationError.ControlCharacter(_length(value[:place]))
    return value


class TypedText(str):
    """A string with a meaning, which the contract does not check."""

    __slots__ = ()

    @classmethod
    def new(cls: type[T], value: str) -> T:
        """Make one of a string."""
        return cls(value)

    def as_str(self) -> str:
        """Give the string alone."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(redacted)"


class Identifier(TypedText):
    """An id that keeps the rule of ``validate_identifier``.

    Raises:
        IdValidationError: If the string does not keep it.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Identifier:  # noqa: D102  the class says it
        return super().__new__(cls, validate_identifier(value))

    @classmethod
    def try_new(cls: type[T], value: str) -> T:
        """Do what ``new`` does: both raise."""
        return cls(value)
