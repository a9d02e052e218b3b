"""What can go wrong with the backends, each said in a sentence that tells what to do.

BackendError
├── GoMissing         no Go that is new enough, and none to be had from PyPI
├── ProxyMissing      the Go module proxy does not answer or does not have the module
├── BuildFailed       what was downloaded is not what was pinned, or does not compile or start
└── ServiceFailed     a backend did not get ready, or ended on its own
"""

from __future__ import annotations

__all__ = ["BackendError", "BuildFailed", "GoMissing", "ProxyMissing", "ServiceFailed"]


class BackendError(Exception):
    """The backends cannot be built or run."""


class GoMissing(BackendError):
    """There is no Go to build with."""


class ProxyMissing(BackendError):
    """The Go module proxy cannot be used."""


class BuildFailed(BackendError):
    """A program could not be made."""


class ServiceFailed(BackendError):
    """A program does not run."""
