"""The cheap look: is there nothing to be found in a text, read in every way in which scrubbing would read it?

Escapes of JSON, URL encoding and base64 hide what a text says, so each reading of it is looked at: as it is, with its
escapes undone once, twice and so on, and what its encodings hold. A reading
is innocent if no keyword, secret-like key or beginning of a credential stands in it, or only keywords at which no
pattern matches. Validators and borders, which would let some matches pass, are not asked: so what is said of a text
holds for what it is a part of, or is made of parts of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # in C where there is one
import re
from urllib.parse import unquote_to_bytes

from agent_otel.policy.scrubbing.encoded import EncodedText
from agent_otel.policy.scrubbing.matcher import Matcher
from agent_otel.policy.scrubbing.options import ScrubOptions

__all__ = ["Innocence", "unescaped"]

_UNICODE_ESCAPES = re.compile(rb"(?:\\u[0-9a-fA-F]{4})+")
_SIMPLE_ESCAPES = ((b'\\"', b'"'), (b"\\n", b"\n"), (b"\\t", b"\t"), (b"\\r", b"\r"), (b"\\/", b"/"), (b"\\b", b"\b"))
_CHARACTERS = {0x22: b'"', 0x6E: b"\n", 0x74: b"\t", 0x72: b"\r", 0x2F: b"/", 0x62: b"\b", 0x66: b"\f"}
_NUMBERED = 0x75  # \\u0061
_QUOTE_IN_KEY = re.compile(rb'\\"[^"\\]*"\s*:')  # undone, it would look like the key's end
_FEW = 32
_DENSE = 16  # more than one in so many bytes: too many to take one by one
_BACKSLASH = b"\\\\"
_STAND_IN = b"\0"  # never in JSON
_BETWEEN = b"\n\n"  # no run, key or credential goes across it


def unescaped(text: bytes) -> bytes | None:
    r"""Undo the escapes of JSON in all of a text, as if all of it stood in a string.

    Returns:
        The text; None if it holds zero bytes, which no JSON does.
    """
    if text.count(b"\\") <= _FEW + len(text) // _DENSE:
        done = _joined(text.split(b"\\"))
        if done is not None:
            return done
    if text.count(b'"') <= _FEW + len(text) // _DENSE:
        done = _scanned(text)
        if done is not None:
            return done
    if _STAND_IN in text:
        return None
    text = text.replace(_BACKSLASH, _STAND_IN)
    if b"\\u" in text:
        text = _UNICODE_ESCAPES.sub(_characters, text)
    for escape, character in _SIMPLE_ESCAPES:
        if escape in text:
            text = text.replace(escape, character)
    return text.replace(b"\\f", b"\f").replace(_STAND_IN, b"\\")


def _scanned(text: bytes) -> bytes | None:
    """Undo escapes by the parser of JSON, from one quote to the next; None if one of them is none of JSON's."""
    parts = []
    at = 0
    try:
        given = text.decode("utf-8", "surrogatepass") + '"'
        while at < len(given):
            part, at = scanstring(given, at, False)  # noqa: FBT003  not strict: control characters may stand in it
            parts.append(part)
    except ValueError:
        return None
    return '"'.join(parts).replace("\0", " ").encode("utf-8", "surrogatepass")


def _joined(parts: list[bytes]) -> bytes | None:
    """Undo a few escapes one by one; None if one of them is a number."""
    done = [parts[0]]
    following = iter(parts[1:])
    for part in following:
        if not part:  # an escaped backslash, and what follows it
            done += [b"\\", next(following, b"")]
            continue
        first = part[0]
        if first == _NUMBERED:
            return None
        character = _CHARACTERS.get(first)
        done.append(b"\\" + part if character is None else character + part[1:])
    return b"".join(done)


def _characters(found: re.Match[bytes]) -> bytes:
    units = found[0].decode("unicode_escape")
    joined = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    # A backslash is spoken for: it must not join what follows it.
    return joined.replace("\0", " ").replace("\\", "\0").encode("utf-8")


class Innocence:
    """Looks at texts by one set of options.

    Args:
        matcher: The table.
        encoded: Finds encoded runs.
        options: What is looked for; `json_levels` says how often escapes may be undone.
    """

    def __init__(self, matcher: Matcher, encoded: EncodedText, options: ScrubOptions) -> None:
        self._matcher = matcher
        self._encoded = encoded
        self._levels = options.json_levels + 1
        self._words = [word.lower().encode("utf-8") for own in options.detectors for word in own.keywords]
        # Nothing can be told of what an outside recogniser finds, nor of patterns that name no keyword.
        self._never = options.recogniser is not None or any(not own.keywords for own in options.detectors)

    def whole(self, text: bytes, *, is_json: bool = False) -> bool:
        """Tell that nothing is to be found in a text, be it JSON or not; if it surely is, it is never read as it is."""
        if self._never:
            return False
        if b"\\" not in text:
            return self._plain(text, part=False)
        if is_json and _QUOTE_IN_KEY.search(text) is not None:
            is_json = False  # so that it is also read as it is
        if is_json:
            reading = unescaped(text)
            if reading is not None and b"\\" not in reading:
                return self._plain(reading, part=False)
        readings = self._readings(text)
        if is_json:
            next(readings)
        return all(self._plain(reading, part=False) for reading in readings)

    def plain(self, text: bytes) -> bool:
        """Tell it of a text that is no JSON."""
        return not self._never and self._plain(text, part=False)

    def every_part(self, *texts: bytes) -> bool:
        """Tell that nothing is to be found in some texts, nor in any text that is a part of a reading of them."""
        together = texts[0] if len(texts) == 1 else _BETWEEN.join(texts)
        if self._never or _STAND_IN in together:
            return False
        if b"\\" not in together:
            return self._plain(together, part=True)
        if len(texts) == 1:
            return all(self._plain(reading, part=True) for reading in self._readings(together))
        plain, escaped = [text for text in texts if b"\\" not in text], [text for text in texts if b"\\" in text]
        return self._plain(_BETWEEN.join([*plain, *self._readings(_BETWEEN.join(escaped))]), part=True)

    def _readings(self, text: bytes) -> Iterator[bytes]:
        yield text
        reading: bytes | None = text
        for _ in range(self._levels):
            if reading is None or b"\\" not in reading:
                return
            reading = unescaped(reading)
            if reading is not None:
                yield reading

    def _plain(self, text: bytes, *, part: bool) -> bool:
        bare = self._matcher.has_no_key_nor_base64(text, part=part)
        if self._matcher.suspicious(text, part=part, has_no_key=bare):
            return False
        if self._encoded.may_be_quoted(text) and self._matcher.suspicious(unquote_to_bytes(text), part=part):
            return False
        if not bare and self._encoded.may_hold(text):
            for decoded in self._encoded.decoded(text):
                if self._matcher.suspicious(decoded, part=part):
                    return False
        return not self._words or not self._has_word(text)

    def _has_word(self, text: bytes) -> bool:
        lowered = text.lower()
        return any(word in lowered for word in self._words)
