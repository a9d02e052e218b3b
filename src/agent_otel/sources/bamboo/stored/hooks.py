"""What a hook decided: ``decode_record(HookResult, event.decision)`` reads what a ``HookLifecycle`` holds."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import variant_of
from agent_otel.sources.codec import TaggedCodec
from agent_otel.sources.fields import TEXT

__all__ = ["HOOK_RESULT", "HookResult"]


@frozen(kw_only=True)
class HookResult(LosslessRecord):
    """What is to become of the operation that the hook was asked about."""

    Continue: ClassVar[type[_Continue]]
    Mutated: ClassVar[type[_Mutated]]
    Allow: ClassVar[type[_Allow]]
    Deny: ClassVar[type[_Deny]]
    Ask: ClassVar[type[_Ask]]
    InjectContext: ClassVar[type[_InjectContext]]
    Suspend: ClassVar[type[_Suspend]]
    Abort: ClassVar[type[_Abort]]

    @classmethod
    def default(cls) -> HookResult:
        """Give the result that changes nothing."""
        return HookResult.Continue()


@variant_of(HookResult)
@frozen(kw_only=True)
class _Continue(HookResult):
    """It goes on."""


@variant_of(HookResult)
@frozen(kw_only=True)
class _Mutated(HookResult):
    """It goes on, with a state that the hook has changed."""


@variant_of(HookResult)
@frozen(kw_only=True)
class _Allow(HookResult):
    """It is allowed."""


@variant_of(HookResult)
@frozen(kw_only=True)
class _Deny(HookResult):
    """It is denied."""

    reason: str = field(repr=False)


@variant_of(HookResult)
@frozen(kw_only=True)
class _Ask(HookResult):
    """The parent agent has to look at it."""


@variant_of(HookResult)
@frozen(kw_only=True)
class _InjectContext(HookResult):
    """It goes on, and the rest of the run has this text in its context."""

    text: str = field(repr=False)


@variant_of(HookResult)
@frozen(kw_only=True)
class _Suspend(HookResult):
    """The run pauses."""

    reason: str = field(repr=False)


@variant_of(HookResult)
@frozen(kw_only=True)
class _Abort(HookResult):
    """The run is given up."""

    reason: str = field(repr=False)


HOOK_RESULT: Final[TaggedCodec[HookResult]] = TaggedCodec(
    "type",
    {
        "continue": (HookResult.Continue, {}),
        "mutated": (HookResult.Mutated, {}),
        "allow": (HookResult.Allow, {}),
        "deny": (HookResult.Deny, {"reason": TEXT}),
        "ask": (HookResult.Ask, {}),
        "inject_context": (HookResult.InjectContext, {"text": TEXT}),
        "suspend": (HookResult.Suspend, {"reason": TEXT}),
        "abort": (HookResult.Abort, {"reason": TEXT}),
    },
)
