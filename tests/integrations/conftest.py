"""The fixtures of ``bridges``."""

from bridges import bridge, make_bridge

__all__ = ["bridge", "make_bridge"]
