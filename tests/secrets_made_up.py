"""Secrets that are made up at run time, in formats that the scrubber knows."""

from __future__ import annotations

import random
import string

__all__ = ["github_token"]

_LETTERS = string.ascii_letters + string.digits


def github_token(seed: int | str = 0) -> str:
    """Make up a token in the format of GitHub's; no such token exists."""
    draw = random.Random(seed)
    return "ghp_" + "".join(draw.choice(_LETTERS) for _ in range(36))
