"""Assertions of the runner say what they compared."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("chaos.playing", "chaos.agent_process", "chaos.scene")
