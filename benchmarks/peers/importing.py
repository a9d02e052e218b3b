"""What an import costs. Apart from other measures, so that little is imported before."""

from __future__ import annotations

from importlib import import_module
import time

from peers.worker import Talk

__all__ = ["imports"]


def _import(names: list[str]) -> None:
    for name in names:
        module, attribute = name.split(":")
        getattr(import_module(module), attribute)


def imports(talk: Talk, _: str, *, names: list[str], before: list[str]) -> None:
    """Import names (`module:name`) one after another, and tell the milliseconds of wall time and of CPU.

    Args:
        talk: To the driver.
        names: What is measured.
        before: What has been imported by then.
    """
    _import(before)
    began, cpu = time.perf_counter(), time.process_time()
    _import(names)
    talk.say(import_ms=(time.perf_counter() - began) * 1e3, import_cpu_ms=(time.process_time() - cpu) * 1e3)
