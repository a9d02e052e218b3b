"""What a forked child does first: forget what belongs to its parent."""

from __future__ import annotations

from collections.abc import Callable
import os
import weakref

__all__ = ["in_forked_child"]


def in_forked_child(method: Callable[[], None]) -> None:
    """Call a bound method in every child that is forked from now on, as long as its object lives.

    Args:
        method: Must not take a lock that existed before: a thread that is gone may hold it.
    """
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.WeakMethod(method)  # what is registered stays registered for ever

    def call() -> None:
        alive = reference()
        if alive is not None:
            alive()

    os.register_at_fork(after_in_child=call)
