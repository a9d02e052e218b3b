"""Rewriting structures leaf by leaf, without recursion: no input can exhaust the stack.

Keys say what their values are (`keys`); so do names beside values, as in lists of headers, and the key of a container
holds for all texts in it. A JSON schema that describes a password is not one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import re
from typing import Any, Protocol

from attrs import define

from agent_otel.policy.scrubbing.jsontext import Number, Pairs
from agent_otel.policy.scrubbing.keys import KeyKind, ends_innocently, judge_key
from agent_otel.policy.scrubbing.markers import is_marker
from agent_otel.policy.scrubbing.words import NAME_KEYS, VALUE_KEYS

__all__ = ["Visitor", "is_container", "rewrite"]

_SCHEMA_TYPES = frozenset(("string", "number", "integer", "boolean", "object", "array", "null"))
_SCHEMA_VALUES = frozenset(("default", "const", "example", "examples", "enum", "value"))
# Members of what has a secret's name and is none itself: packages, schemas, volumes, lists of operations.
_DESCRIPTIONS = frozenset(
    """
    bin bundled comment dependencies deprecated description descriptions dev engines environment example examples
    extraneous funding group id in integrity items key kind license node optional parameters peer peerdependencies
    properties readme realm ref refs region requires resolved responses schema shape summary tags title verbs
    """.split()  # noqa: SIM905  a list of words reads better as one
)
_WORDS_OF_A_SENTENCE = 5
_PACKAGE = frozenset(("integrity", "resolved", "license", "requires", "dependencies", "engines", "checksum"))
_ONE_VERSION = r"(?:[~^<>=]{1,2} ?|v(?=[0-9]+\.))[0-9]+(?:\.[0-9x*]+){0,3}(?:[-+][0-9A-Za-z.-]{1,40})?"
_VERSION_RANGE = re.compile(
    rf"{_ONE_VERSION}(?: (?:\|\| |- )?{_ONE_VERSION})*|\*|npm:[@\w./-]+@[\w.^~*-]+|workspace:[\w.^~*]+"
)
_VERSION = re.compile(rf"{_VERSION_RANGE.pattern}|[0-9]+\.[0-9x]+(?:\.[0-9x]+)?(?:[-+][\w.]+)?")
_PRIVATE_MEMBERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "k"))  # of a JSON Web Key
_STRONG = (KeyKind.CODE, KeyKind.SECRET, KeyKind.PASSWORD)
_NUMBERS_TOO = (KeyKind.CODE, KeyKind.PASSWORD)


class Visitor(Protocol):
    """What is done at each place of a structure."""

    def key(self, key: Any) -> Any:
        """Give the key that is to stand in the key's place."""

    def leaf(self, value: Any, kind: KeyKind) -> Any:
        """Give what is to stand in a leaf's place."""

    def untouched(self, items: list[Any]) -> bool:
        """Tell at one look that a list holds nothing but leaves that stay as they are."""

    def sequence(self, items: list[Any]) -> list[Any]:
        """Look over the rewritten items of a list, which may tell together what none tells alone."""

    def too_deep(self, value: Any) -> Any:
        """Give what is to stand for a container below the greatest depth."""


@define
class _Frame:
    """A container on the way: what is still to come, and what is built."""

    source: Any
    members: Iterator[tuple[Any, Any, KeyKind]]
    built: list[Any]
    key: Any = None


def is_container(value: Any) -> bool:
    """Tell whether a value has items of its own."""
    return isinstance(value, (dict, list, tuple))


def rewrite(root: Any, visitor: Visitor, *, depth: int, kind: KeyKind = KeyKind.PLAIN) -> Any:
    """Rewrite a structure.

    Args:
        root: A structure or a leaf.
        visitor: Decides at each place.
        depth: How deeply containers may be nested.
        kind: What the place of the root says of it.

    Returns:
        A structure of the same shape and container types.
    """
    if not is_container(root):
        return visitor.leaf(root, kind)
    frames = [_Frame(root, _members(root, kind), [])]
    while True:
        frame = frames[-1]
        member = next(frame.members, None)
        if member is None:
            frames.pop()
            done = _close(frame, visitor)
            if not frames:
                return done
            frames[-1].built.append((frame.key, done))
            continue
        key, value, judged = member
        if type(value) is Number and judged not in _NUMBERS_TOO:
            frame.built.append((key, value))  # most of what large arrays hold
        elif not is_container(value):
            frame.built.append((key, visitor.leaf(value, judged)))
        elif judged is KeyKind.PLAIN and type(value) is list and visitor.untouched(value):
            frame.built.append((key, value))
        elif len(frames) >= depth:
            frame.built.append((key, visitor.too_deep(value)))
        else:
            frames.append(_Frame(value, _members(value, judged), [], key))


def _members(container: Any, kind: KeyKind) -> Iterator[tuple[Any, Any, KeyKind]]:
    if isinstance(container, dict):
        return _named(list(container.items()), kind)
    if isinstance(container, Pairs):
        return _named(container, kind)
    return ((None, item, kind) for item in container)


def _named(members: list[tuple[Any, Any]], kind: KeyKind) -> Iterator[tuple[Any, Any, KeyKind]]:
    """Judge the members of an object, each by its key and by what stands beside it."""
    texts = {key.lower(): value for key, value in members if isinstance(key, str) and not is_container(value)}
    schema = kind is not KeyKind.PLAIN and texts.get("type") in _SCHEMA_TYPES
    probabilities = "logprob" in texts
    told = _told_by_name(texts)
    web_key = "kty" in texts
    for key, value in members:
        judged = judge_key(key) if isinstance(key, str) else KeyKind.PLAIN
        if web_key and key in _PRIVATE_MEMBERS:
            judged = KeyKind.SECRET
        if probabilities and key == "token":
            judged = KeyKind.PLAIN
        if judged is KeyKind.PASSWORD and _is_directory(key, value):
            judged = KeyKind.PLAIN
        if told is not None and isinstance(key, str) and key.lower() in VALUE_KEYS:
            judged = max(judged, told, key=_rank)
        if (not schema or key in _SCHEMA_VALUES) and not _describes(key, judged) and not _tells_about(value):
            judged = max(judged, kind, key=_rank)
        if judged in _STRONG and (_is_package(key, value) or _is_version(value, judged)):
            judged = KeyKind.PLAIN
        yield key, value, judged


def _describes(key: Any, judged: KeyKind) -> bool:
    """Tell a member that tells about the secret that it is a member of."""
    if judged is not KeyKind.PLAIN or not isinstance(key, str):
        return False
    lowered = key.lower()
    last = lowered.rpartition("_")[2]
    return last in _DESCRIPTIONS or lowered.startswith(("/", "x-", "$")) or ends_innocently(key)


def _tells_about(value: Any) -> bool:
    """Tell a sentence, or the name of a resource, from a secret."""
    return isinstance(value, str) and (value.count(" ") >= _WORDS_OF_A_SENTENCE or value.startswith(("arn:", "#/")))


def _is_package(key: Any, value: Any) -> bool:
    """Tell a package, or a path of an interface, which may be named for what it does."""
    if isinstance(key, str) and is_container(value) and ("/" in key or key.startswith("@")):
        return True
    names = set(value) if isinstance(value, dict) else {name for name, _ in value} if isinstance(value, Pairs) else ()
    return "version" in names and not _PACKAGE.isdisjoint(names)


def _is_version(value: Any, judged: KeyKind) -> bool:
    if not isinstance(value, str) or isinstance(value, Number):
        return False
    return (_VERSION_RANGE if judged is KeyKind.PASSWORD else _VERSION).fullmatch(value) is not None


def _is_directory(key: str, value: Any) -> bool:
    """Tell the working directory of a shell, which goes by one of the names of passwords."""
    return key.lower().endswith("pwd") and isinstance(value, str) and value.startswith(("/", "~", "C:"))


def _told_by_name(texts: dict[str, Any]) -> KeyKind | None:
    for name in NAME_KEYS:
        value = texts.get(name)
        if isinstance(value, str) and not isinstance(value, Number) and not is_marker(value):
            kind = judge_key(value)
            if kind in _STRONG:
                return kind
    return None


def _rank(kind: KeyKind) -> int:
    return kind.value


def _close(frame: _Frame, visitor: Visitor) -> Any:
    source = frame.source
    if isinstance(source, dict):
        return _unique((visitor.key(key), value) for key, value in frame.built)
    if isinstance(source, Pairs):
        return Pairs((visitor.key(key), value) for key, value in frame.built)
    items = visitor.sequence([value for _, value in frame.built])
    return tuple(items) if isinstance(source, tuple) else items


def _unique(members: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Keep members apart whose keys became the same marker."""
    done: dict[Any, Any] = {}
    for key, value in members:
        name, number = key, 1
        while name in done:
            number += 1
            name = f"{key}#{number}"
        done[name] = value
    return done
