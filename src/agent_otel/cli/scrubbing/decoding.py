"""Bytes as text and back, such that every byte comes back: also those that are no text."""

from __future__ import annotations

import codecs
import re

__all__ = ["Decoding"]

# A byte that is no UTF-8 travels as a private character: half a surrogate pair, which Python has for it, would come
# back from JSON as an escape. The same characters in the input travel byte by byte.
_FIRST = 0x10FF80
_PRIVATE = re.compile("[\U0010ff80-\U0010ffff]")
_ESCAPED = re.compile("[\udc80-\udcff]")
_STANDS_FOR = 0x10FF00
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Decoding:
    """Decodes one stream and encodes what becomes of it.

    UTF-8, or UTF-16 where a byte order mark or the zeros of its first two characters tell it.
    """

    def __init__(self) -> None:
        self._start = b""
        self._codec = "utf-8"
        self._decoder: codecs.IncrementalDecoder | None = None
        self.mark = b""

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """Give the text of some bytes, as far as its characters are complete.

        Args:
            data: What comes next. A byte order mark is no text: it is kept as ``mark``.
            final: Whether nothing follows.
        """
        if self._decoder is None:
            data = self._start = self._start + data
            if len(data) < 4 and not final:
                return ""
            data = self._begin(data)
        assert self._decoder is not None  # noqa: S101  made above
        if self._codec != "utf-8":
            return self._decoder.decode(data)  # half a character at the end stays: see rest()
        text = self._decoder.decode(data, final)
        if text.isascii():
            return text
        text = _PRIVATE.sub(lambda found: "".join(chr(_STANDS_FOR + byte) for byte in found[0].encode()), text)
        return _ESCAPED.sub(lambda found: chr(_STANDS_FOR + ord(found[0]) - 0xDC00), text)

    def encode(self, text: str) -> bytes:
        """Give the bytes of a text."""
        if self._codec != "utf-8":
            return text.encode(self._codec, "surrogatepass")
        if not text.isascii():
            text = _PRIVATE.sub(lambda found: chr(0xDC00 + ord(found[0]) - _STANDS_FOR), text)
        return text.encode("utf-8", "surrogateescape")

    def rest(self) -> bytes:
        """Give what is left at the end: half a character of UTF-16."""
        return self._decoder.getstate()[0] if self._decoder is not None and self._codec != "utf-8" else b""

    def _begin(self, data: bytes) -> bytes:
        for mark, codec in _MARKS:
            if data.startswith(mark):
                self.mark, self._codec = mark, codec
                break
        else:
            self._codec = _codec_without_mark(data[:4])
        errors = "surrogateescape" if self._codec == "utf-8" else "surrogatepass"
        self._decoder = codecs.getincrementaldecoder(self._codec)(errors)
        return data[len(self.mark) :]


def _codec_without_mark(start: bytes) -> str:
    zeros = [byte == 0 for byte in start]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    return "utf-16-be" if zeros == [True, False, True, False] else "utf-8"
