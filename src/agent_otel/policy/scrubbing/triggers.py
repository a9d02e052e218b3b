"""Where the prefilter stops for secret-like keys, and for base64 of text. RE2 over bytes; the words in any case.

Nothing is counted here but once: an automaton that counts has very many states. A match ends behind the separator, and
the search goes on from there, so no stretch is read twice.
"""

from __future__ import annotations

from agent_otel.policy.scrubbing.words import (
    CODE_WORDS,
    NAME_KEYS,
    PASSWORD_WORDS,
    SECRET_WORDS,
    SHORT_PASSWORD_WORDS,
    SHORT_SECRET_WORDS,
    SHORT_WEAK_WORDS,
    VALUE_KEYS,
    WEAK_WORDS,
)

__all__ = ["BASE64_OF_TEXT", "KEY_TRIGGERS", "LOOSE_KEY_TRIGGERS", "STRUCTURE_TRIGGERS", "TOKEN_START"]

_WORDS = "|".join((*PASSWORD_WORDS, *SECRET_WORDS))
_PASSWORDS = "|".join(PASSWORD_WORDS)
_SHORT = "|".join((*SHORT_PASSWORD_WORDS, *SHORT_SECRET_WORDS))
_WEAK = "|".join((*WEAK_WORDS, *(f"[_.-]{word}" for word in SHORT_WEAK_WORDS)))
_CODES = "|".join(CODE_WORDS)
_NAMES = "|".join(NAME_KEYS)
_VALUES = "|".join(sorted((*VALUE_KEYS, "default"), key=len, reverse=True))
_QUOTES = r"""["'`\\\])]*"""
_SEPARATOR = r"(?:=>|:=|[:=>]|%3[dDaA]|→)"
_REST = "[A-Za-z0-9_.-]*"
_MEMBER = r"(?:\\*\"[A-Za-z_]*\\*\"\s*:\s*(?:null|true|false|\\*\"[^\"\\]*\\*\")\s*,\s*)?"  # between the two
_GAP = r"(?:\s|\\[rnt])*"
# What follows must not be a plain number, save behind a password.
_NOT_NUMBER = r"""(?:["'`\\\[{$(]|-?[0-9.,]*(?:[^\s0-9.,;:)}\]>-]|-[0-9A-Za-z])|>-?\r?\n)"""
_RUN_WITH_DIGIT = r"[A-Za-z+/_=-]*[0-9][A-Za-z0-9+/_=.-]"
# Of what a word that hints at a secret may be the key.
TOKEN_START = "[A-Za-z0-9+/_=.:~-]{12}"  # noqa: S105  a pattern

# Behind a word and the rest of its key. One group for all, for an automaton carries each copy of the words with it.
_ASSIGNED = rf"{_QUOTES}\s*(?:{_SEPARATOR}\s*{_NOT_NUMBER}|\(\s*[\"'`])"
# In prose: the token is ..., the key (...), token 5f2c...
_TOLD = rf"\s+(?:(?:is|was|to|=)\s+)?[(\"'`\\]*{_RUN_WITH_DIGIT}"
# What only structures hold: a name beside its value, an option beside its argument, a block.
_LISTED = r"\\*[\"'`]\s*,\s*\\*[\"'`]"
_PAIRED = rf"\\*[\"'`]?[,;]?{_GAP}{_MEMBER}\\*[\"'`]?(?:{_VALUES})\\*[\"'`]?\s*[:=]"
_BLOCK = r"\\*[\"'`]\s*{"
# Any other key of a structure, in words and lines as it may be: with quotes in it, or with colons.
_LOOSE = r"(?:(?:[^\"\\:=]|\\+[^\\:=])*|(?:[^\"\\]|\\[rnt])*)\\*\"\s*:\s*"


def _triggers(start: str) -> tuple[str, ...]:
    """Write the triggers; short words are looked for behind `start` only."""
    return (
        rf"(?i:(?:{_WORDS})(?:{_REST}(?:{_ASSIGNED}|{_TOLD}|{_LISTED}|{_PAIRED}|{_BLOCK})|{_LOOSE}[\\\"\[{{]))",
        rf"(?i:(?:{_PASSWORDS})(?:{_REST}{_QUOTES}\s*{_SEPARATOR}\s*|{_LOOSE})[0-9])",
        rf"(?i:(?:{_WEAK})s?{_QUOTES}\s*{_SEPARATOR}\s*[\"'`\\\[]*{TOKEN_START})",
        rf"(?i:(?:tokens|pass|creds){_GAP}\\*\"\s*:\s*[\\\"\[{{])",
        rf"(?i:\"(?:{_NAMES})\\*\"\s*:\s*\\*\"[^\"\\\r\n]*(?:{_WORDS}|{_SHORT}|{_CODES}))",
        # Short words, at a word's start only.
        rf"{start}(?i:(?:{_SHORT})(?:{_REST}(?:{_GAP}{_QUOTES}\s*{_SEPARATOR}|{_LISTED}|{_PAIRED})|{_LOOSE}[0-9\\\"\[{{]))",
        rf"{start}(?i:pass|pw){_GAP}{_QUOTES}\s*[:=]\s*{_NOT_NUMBER}",
        rf"{start}(?i:(?:{_CODES}){_GAP}{_QUOTES}\s*[:= ]\s*(?:{_QUOTES}[0-9]|[\[{{]))",
        rf"[a-z](?:Pass|Pwd|Psk|Jwt|Cvv|Cvc|Pin|Otp|Totp|Pat|Sk){_GAP}[\"'\\]*\s*[:=]",
        rf"--?(?i:[a-z0-9-]*(?:{_WORDS}|-pass|-key|-auth)[a-z0-9-]*\s+[^\s-])",
    )


KEY_TRIGGERS = _triggers(r"(?:\b|[_.-]|\\[nrtbf]|%[0-9A-Fa-f]{2})")
# What structures alone make a secret of: for a look at JSON, not for running text.
STRUCTURE_TRIGGERS = (
    rf"(?i:(?:{_WEAK})s?\\*\"\s*:\s*[\[{{])",
    r"(?i:\"kty\\*\"\s*:)",
)
# The same for a text of which any part may be meant: a word may start anywhere.
LOOSE_KEY_TRIGGERS = _triggers("")


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_GROUPS = 6  # 18 bytes of text: no credential of the table is shorter


def _with_zero(bit: int) -> str:
    """Give the class of characters whose six bits have a zero at one place."""
    return "[" + "".join(character for index, character in enumerate(_ALPHABET) if not index & bit) + "]"


# The highest bit of each byte of ASCII is zero, which leaves 32 of the 64 characters at three of four places (and none
# of those that the alphabets differ in). So an automaton passes over hashes and paths.
BASE64_OF_TEXT = f"(?:{_with_zero(32)}{_with_zero(8)}{_with_zero(2)}[A-Za-z0-9+/_-]){{{_GROUPS}}}"
