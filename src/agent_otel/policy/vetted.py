"""What a look found innocent a moment ago: the same attribute comes again with the next span, and before the next sink.

Scrubbing is a function of key and value: what it said of a pair holds for an equal one. So each layer of the policy
asks here first, and still decides for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import orjson

from agent_otel.policy.scrubbing import Scrubber

__all__ = ["Vetted"]

_MOST: Final = 4096
_MOST_CHARS: Final = 4 * 1024 * 1024
_AT_ONCE: Final = 32 * 1024
_SCALARS: Final = (str, bool, int, float)
_NUMBERS: Final = (int, float)
_OTHER_SIZE: Final = 64  # of what is no text
_NAME: Final = ""  # no attribute that the SDK takes has this name
_NO_TEXTS: Final[Mapping[str, str]] = {}


class _Look:
    """What is looked at together: texts, and the attributes that they speak for."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pairs: list[tuple[str, Any]] = []
        self.size = 0

    def add(self, text: str) -> None:
        self.texts.append(text)
        self.size += len(text)


class Vetted:
    """Attributes in which a scrubber finds nothing to hide, a bounded number of them. For any number of threads.

    Args:
        scrubber: Which it is that finds nothing.
    """

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._known: dict[tuple[str, Any], None] = {}
        self._chars = 0

    def look(self, name: str, attributes: Mapping[str, Any], texts: Mapping[str, str] = _NO_TEXTS) -> bool:
        """Tell by one look, at what is not known yet, that there is nothing to hide; then it is known.

        Args:
            name: Of a span or record.
            attributes: Its own, or more.
            texts: More of them, which are likely to be new: content.

        Returns:
            Whether it is so; False promises nothing.
        """
        look = _Look()
        try:
            self._gather(look, name, attributes, texts)
        except (TypeError, ValueError):  # no attributes of ours
            return False
        return not look.pairs or self._keep_if_innocent(look)

    def look_ahead(self, said: Iterable[tuple[str, Mapping[str, Any], Mapping[str, str]]]) -> None:
        """Look at what many spans or records say in one go, so that a look at each of them finds it known.

        That is half as dear: the automata of the scrubber are large, and whatever runs in between takes their place in
        the processor's caches.

        Args:
            said: Names, attributes and texts, as for ``look``.
        """
        look = _Look()
        for name, attributes, texts in said:
            with suppress(TypeError, ValueError):
                self._gather(look, name, attributes, texts)
            if look.size > _AT_ONCE:
                self._keep_if_innocent(look)
                look = _Look()
        if look.pairs:
            self._keep_if_innocent(look)

    def _gather(self, look: _Look, name: str, attributes: Mapping[str, Any], texts: Mapping[str, str]) -> None:
        """Add what is not known to a look.

        Raises:
            TypeError: If a value is neither a scalar nor a tuple of texts, or has no JSON form.
        """
        known = self._known
        if _NAME in attributes:
            raise TypeError
        new = [pair for pair in attributes.items() if pair not in known]
        for _, value in new:
            if type(value) not in _SCALARS and not (type(value) is tuple and all(type(one) is str for one in value)):
                raise TypeError  # numbers in a row may spell a text
        if (_NAME, name) not in known:
            new.append((_NAME, name))
        if new:
            said = _texts_of(new)  # which may raise: what is not looked at must not be spoken for
            look.pairs += new
            for text in said:
                look.add(text)
        for pair in texts.items():
            if pair not in known:
                if type(pair[1]) is not str:
                    raise TypeError
                look.pairs.append(pair)
                look.add(pair[1])

    def _keep_if_innocent(self, look: _Look) -> bool:
        if not self._scrubber.are_innocent(look.texts):
            return False
        for pair in look.pairs:
            self._keep(pair)
        return True

    def _keep(self, pair: tuple[str, Any]) -> None:
        size = len(pair[1]) if type(pair[1]) is str else _OTHER_SIZE
        if len(self._known) >= _MOST or self._chars + size > _MOST_CHARS:
            self._known.clear()
            self._chars = 0
        self._known[pair] = None
        self._chars += size


def _texts_of(pairs: list[tuple[str, Any]]) -> list[str]:
    """Write attributes as JSON to look at.

    Numbers each for itself: beside a text, a count of tokens looks like a token of another kind.
    """
    texts = [orjson.dumps({key: value}).decode() for key, value in pairs if type(value) in _NUMBERS]
    others = {key: value for key, value in pairs if type(value) not in _NUMBERS}
    if others:
        texts.append(orjson.dumps(others).decode())
    return texts
