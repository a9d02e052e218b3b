"""Values of an agent's that no JSON is made of, and that raise or count when they are asked anything."""

from __future__ import annotations

from collections import UserDict
from enum import Enum, IntEnum


class Untouchable:
    """Raises, whatever is asked of it."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def _raise(self, *_):
        raise RuntimeError

    __repr__ = __str__ = __len__ = __iter__ = __hash__ = __eq__ = __bool__ = __int__ = __index__ = __format__ = _raise


class SlyMeta(type):
    def __getattribute__(cls, name):
        raise RuntimeError(name)


class Sly(metaclass=SlyMeta):
    pass


class Counting(dict):
    asked = 0

    def _count(self, *_):
        type(self).asked += 1
        raise RuntimeError

    __repr__ = __str__ = __len__ = __iter__ = items = keys = values = __getitem__ = _count


class Colour(str, Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Name(str):
    __slots__ = ()

    def __str__(self):
        raise RuntimeError


class Broken(UserDict):
    def items(self):
        raise RuntimeError
