"""Last words on what a pattern found: checksums, and whether a value looks like a credential at all."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import re

__all__ = [
    "basic_pair",
    "coded",
    "entropy",
    "iban",
    "ip_address",
    "is_uuid",
    "jwt",
    "luhn",
    "mixed",
    "opaque",
    "random_looking",
    "random_run",
    "scrambled",
]

_DIGIT = re.compile(rb"[0-9]")
_LETTER = re.compile(rb"[A-Za-z]")
_UUID = re.compile(rb"[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}")
_OPAQUE_LENGTH = 16
_OPAQUE_ENTROPY = 3.2
_CHANGE = re.compile(rb"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])|[A-Z](?=[a-z])")
_CASE_CHANGE = re.compile(rb"[a-z](?=[A-Z])|[A-Z](?=[a-z])")
_SCRAMBLED = 0.4
_LONG_RUN = re.compile(rb"[A-Za-z0-9]{12,}")
_DIGIT_CHANGE = re.compile(rb"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])")
_JUDGED = 256  # a longer value is judged by its head
_FEW_CHANGES = 3
_MANY_CHANGES = 7
_CARD_LENGTHS = range(13, 20)
_IBAN_LENGTHS = range(15, 35)


def entropy(value: bytes) -> float:
    """Give Shannon's entropy in bits per byte."""
    if not value:
        return 0.0
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in map(value.count, set(value)))


def mixed(value: bytes) -> bool:
    """Tell a random run from words joined by dashes: it changes often between digits, capitals and small letters."""
    value = value[:_JUDGED]
    changes = len(_CHANGE.findall(value))
    return changes >= _MANY_CHANGES or (changes >= _FEW_CHANGES and bool(_DIGIT.search(value)))


def opaque(value: bytes) -> bool:
    """Tell a value that no human wrote: long, of high entropy, letters and digits mixed, without spaces."""
    value = value[:_JUDGED]
    return (
        len(value) >= _OPAQUE_LENGTH
        and b" " not in value
        and bool(_DIGIT.search(value))
        and bool(_LETTER.search(value))
        and entropy(value) >= _OPAQUE_ENTROPY
    )


def random_looking(value: bytes) -> bool:
    """Tell a value that only a generator of secrets writes; identifiers of the usual form are none."""
    return opaque(value) and mixed(value) and _UUID.fullmatch(value) is None


def is_uuid(value: bytes) -> bool:
    """Tell an identifier of the usual form."""
    return _UUID.fullmatch(value) is not None


def random_run(value: bytes) -> bool:
    """Tell a value with a run of letters and digits that is no part of any name: it changes between them again."""
    return any(len(_DIGIT_CHANGE.findall(run)) >= _FEW_CHANGES for run in _LONG_RUN.findall(value[:_JUDGED]))


def coded(value: bytes) -> bool:
    """Tell a random run that has digits."""
    return mixed(value) and _DIGIT.search(value) is not None


def scrambled(value: bytes) -> bool:
    """Tell letters that change between capitals and small ones more often than any name does."""
    changes = len(_CASE_CHANGE.findall(value[:_JUDGED]))
    return len(value) >= _OPAQUE_LENGTH and value.isalnum() and changes > _SCRAMBLED * len(value[:_JUDGED])


def jwt(value: bytes) -> bool:
    """Check that the first part of a JSON Web Token is the base64 of a JSON object."""
    head = value.split(b".", 1)[0]
    try:
        decoded = base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4))
    except (binascii.Error, ValueError):
        return False
    return decoded.startswith(b"{") and b'"' in decoded


def basic_pair(value: bytes) -> bool:
    """Check that the value of basic authentication decodes to ``user:password``."""
    try:
        decoded = base64.b64decode(value + b"=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return False
    return b":" in decoded


def _digits(value: bytes) -> list[int]:
    return [byte - 48 for byte in value if 48 <= byte <= 57]


def luhn(value: bytes) -> bool:
    """Check the digits of a payment card."""
    digits = _digits(value)
    if len(digits) not in _CARD_LENGTHS or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(value: bytes) -> bool:
    """Check an international bank account number modulo 97."""
    compact = value.replace(b" ", b"").upper()
    if len(compact) not in _IBAN_LENGTHS:
        return False
    number = "".join(str(int(chr(byte), 36)) for byte in compact[4:] + compact[:4])
    return int(number) % 97 == 1


def ip_address(value: bytes) -> bool:
    """Check an address of the internet; those that name no machine of anybody (0.0.0.0, loopback) do not count."""
    try:
        address = ipaddress.ip_address(value.decode("ascii"))
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_loopback)
