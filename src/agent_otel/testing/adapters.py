"""A conformance kit for adapters: what hooks an agent framework up to a bridge, judged by what a receiver got.

A test gives an ``Adapter``: how its framework plays a scripted ``Scenario``. Each check plays one, looks at what
arrived, and raises ``AssertionError`` where that is not what every adapter owes:

    async def play(scenario: Scenario, stage: Stage, bridge: Bridge) -> Played:
        tools = [tool_named(use, lambda: stage.perform(use.name)) for use in scenario.uses()]
        result = await framework_agent(scenario.agent, ScriptedModel(scenario.turns), tools).run(scenario.prompt)
        return Played(answer=result.text, input_tokens=result.usage.input, output_tokens=result.usage.output)

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_the_kit(check, bridge, receiver):
        check(Adapter(play=play), bridge, receiver)

A tool whose ``ToolUse.agent`` is set asks another agent, which plays that scenario: an agent as a tool. What a
framework cannot do, or does not tell through its public hooks, is said in the adapter, and documented by whoever writes
it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
import random
import string
from typing import Any, Final

from attrs import evolve
from opentelemetry.context import get_current

from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.testing.adapted import Adapter, expected_tree
from agent_otel.testing.expected import expect
from agent_otel.testing.received import ReceivedSpan
from agent_otel.testing.receiver import OtlpReceiver
from agent_otel.testing.scenarios import Played, Scenario, Stage, ToolUse, Turn
from agent_otel.testing.trees import assert_tree

__all__ = [
    "CHECKS",
    "Adapter",
    "Check",
    "Played",
    "Scenario",
    "Stage",
    "ToolUse",
    "Turn",
    "check_cancellation",
    "check_concurrency",
    "check_context",
    "check_failure_of_model",
    "check_failure_of_tool",
    "check_faults_of_ours",
    "check_parallel_tools",
    "check_secrets",
    "check_streaming",
    "check_sub_agent",
    "check_usage",
    "check_whole",
    "expected_tree",
    "made_up_secret",
    "whole",
]

Check = Callable[[Adapter, Bridge, OtlpReceiver], None]


def made_up_secret(seed: str) -> str:
    """Make up a token in the format of GitHub's, the same for the same seed; no such token exists."""
    draw = random.Random(seed)  # noqa: S311  it protects nothing
    return "ghp_" + "".join(draw.choice(string.ascii_letters + string.digits) for _ in range(36))


# -- the checks --------------------------------------------------------------------------------------------------------


def whole(*, is_streamed: bool = True) -> Scenario:
    """Give a scenario with a bit of everything: parallel tools, a failure, a sub-agent, a streamed answer."""
    helper = Scenario(
        agent="helper",
        prompt="Look it up.",
        turns=(
            Turn(uses=(ToolUse(name="look_up", call_id="call_4", result="found"),), input_tokens=11, output_tokens=3),
            Turn(text="It is there.", input_tokens=13, output_tokens=4),
        ),
        is_streamed=is_streamed,
    )
    first = ToolUse(name="first", call_id="call_1", arguments={"path": "a.txt"}, result="one")
    broken = ToolUse(name="broken", call_id="call_2", arguments={"path": "b.txt"}, error="no such thing")
    ask = ToolUse(name="ask_helper", call_id="call_3", arguments={"input": "Look it up."}, agent=helper)
    return Scenario(
        agent="lead",
        turns=(
            Turn(uses=(first, broken), input_tokens=17, output_tokens=5),
            Turn(uses=(ask,), input_tokens=19, output_tokens=6),
            Turn(text="All is done.", input_tokens=23, output_tokens=7),
        ),
        is_streamed=is_streamed,
    )


def check_whole(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """A scenario with a bit of everything gives exactly its tree, in one trace, whose tokens are the framework's."""
    scenario = whole()
    played = _play(adapter, scenario, bridge)
    spans = _spans(bridge, receiver)
    assert_tree(spans, expected_tree(scenario, adapter), any_order=True)
    _assert_usage(adapter, spans, played, scenario)
    _must(len({span.trace_id for span in spans}) == 1, "it is not one trace")


def check_parallel_tools(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """Two calls of one turn are two spans beside each other, which overlap where the framework runs them so."""
    left, right = (ToolUse(name=name, call_id=f"call_{name}", result=name) for name in ("left", "right"))
    scenario = Scenario(agent="both", turns=(Turn(uses=(left, right)), Turn(text="Both are done.")))
    _play(adapter, scenario, bridge)
    spans = _spans(bridge, receiver)
    assert_tree(spans, expected_tree(scenario, adapter), any_order=True)
    one, other = (_named(spans, f"execute_tool {name}") for name in ("left", "right"))
    _must(one.parent_span_id == other.parent_span_id, "they do not stand beside each other")
    if adapter.in_parallel:
        _must(one.start_ns <= other.end_ns, "what ran in parallel does not overlap")
        _must(other.start_ns <= one.end_ns, "what ran in parallel does not overlap")


def check_failure_of_tool(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """A tool that fails is one span with an error; the run, which goes on, is none; a secret in its text stays."""
    secret = made_up_secret("failure")
    broken = ToolUse(name="broken", call_id="call_1", error=f"cannot log in with {secret}")
    scenario = Scenario(agent="unlucky", turns=(Turn(uses=(broken,)), Turn(text="It did not work.")))
    _play(adapter, scenario, bridge)
    spans = _spans(bridge, receiver)
    assert_tree(spans, expected_tree(scenario, adapter), any_order=True)
    _must(_named(spans, "execute_tool broken").attributes[a.ERROR_TYPE], "a tool that failed has no error type")
    _assert_absent(receiver, secret)


def check_failure_of_model(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """A model call that fails, and the run with it, are errors; a secret in the exception's text stays."""
    secret = made_up_secret("model")
    scenario = Scenario(agent="speechless", turns=(Turn(error=f"bad key {secret}"),))

    async def go() -> None:
        await asyncio.gather(adapter.play(scenario, Stage(scenario), bridge), return_exceptions=True)

    asyncio.run(go())
    spans = _spans(bridge, receiver)
    assert_tree(spans, expected_tree(scenario, adapter), any_order=True)
    _must(bridge.health().open_operations == 0, "something is still open after the failure")
    _assert_absent(receiver, secret)


def check_cancellation(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """A run that is cancelled while a tool hangs ends, and the tool with it, as what did not end well."""
    scenario = Scenario(agent="patient", turns=(Turn(uses=(ToolUse(name="hang", call_id="call_1", hangs=True),)),))

    async def go() -> None:
        stage = Stage(scenario)
        running = asyncio.ensure_future(adapter.play(scenario, stage, bridge))
        begun = asyncio.ensure_future(stage.until_begun("hang"))
        await asyncio.wait({running, begun}, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        _must(not running.done(), "the run ended before it was cancelled")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(go())
    spans = _spans(bridge, receiver)
    assert_tree(spans, expected_tree(scenario, adapter), any_order=True)
    for name in ("invoke_agent patient", "execute_tool hang"):
        outcome = _named(spans, name).attributes.get(a.OUTCOME)
        _must(outcome in ("cancelled", "interrupted"), f"{name} ended as {outcome}")
    _must(
        (bridge.health().open_runs, bridge.health().open_operations) == (0, 0),
        "something is still open after the cancellation",
    )


def check_streaming(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """A streamed answer is one model call like any other, and tells when its first part came."""
    scenario = Scenario(agent="talker", turns=(Turn(text="Once upon a time."),), is_streamed=True)
    played = _play(adapter, scenario, bridge)
    spans = _spans(bridge, receiver)
    assert_tree(spans, expected_tree(scenario, adapter), any_order=True)
    _assert_usage(adapter, spans, played, scenario)
    call = _named(spans, f"chat {scenario.model}").attributes
    if adapter.tells_first_chunk:
        _must(call.get(a.REQUEST_STREAM) is True, "it is not told that the answer was streamed")
        _must(call.get(a.RESPONSE_TIME_TO_FIRST_CHUNK, -1) >= 0, "the time to first chunk is missing")


def check_sub_agent(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """An agent that is asked by a tool is a run of its own, below that tool, in the same trace."""
    scenario = whole(is_streamed=False)
    _play(adapter, scenario, bridge)
    spans = _spans(bridge, receiver)
    assert_tree(spans, expected_tree(scenario, adapter), any_order=True)
    helper = _named(spans, "invoke_agent helper")
    asked = _named(spans, f"execute_tool {adapter.agent_tool or 'ask_helper'}")
    _must(helper.parent_span_id == asked.span_id, "the agent that was asked is not below the tool that asked it")
    _must(
        asked.start_ns <= helper.start_ns <= helper.end_ns <= asked.end_ns,
        "the agent that was asked is not within the time of the tool that asked it",
    )
    runs = {span.attributes.get(a.RUN_ID) for span in spans if span.name.startswith("invoke_agent")}
    _must(len(runs) == 2, "each agent has a run of its own")


def check_usage(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """The tokens of a trace add up to the framework's own sum, none of them told twice."""
    turns = (
        Turn(uses=(ToolUse(name="go_on", call_id="call_1"),), input_tokens=101),
        Turn(text="So.", input_tokens=211),
    )
    scenario = Scenario(agent="counter", turns=turns)
    played = _play(adapter, scenario, bridge)
    _assert_usage(adapter, _spans(bridge, receiver), played, scenario)


def check_secrets(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """Made-up secrets in prompts, answers, arguments and results do not arrive; what stands beside them does."""
    secrets = [made_up_secret(f"secret-{number}") for number in range(4)]
    use = ToolUse(
        name="deploy", call_id="call_1", arguments={"auth": secrets[0], "path": "plain.txt"}, result=f"ok {secrets[1]}"
    )
    turns = (Turn(uses=(use,)), Turn(text=f"Done with {secrets[2]}."))
    scenario = Scenario(agent="careless", turns=turns, prompt=f"Use {secrets[3]}.")
    _play(adapter, scenario, bridge)
    tool = _named(_spans(bridge, receiver), "execute_tool deploy")
    for key in (a.TOOL_CALL_ARGUMENTS, a.TOOL_CALL_RESULT):
        _must("[REDACTED" in str(tool.attributes.get(key)), f"{key} is not told, scrubbed")
    _must("plain.txt" in str(tool.attributes[a.TOOL_CALL_ARGUMENTS]), "what stands beside a secret is missing")
    _assert_absent(receiver, *secrets)


def check_concurrency(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """Runs that go on at once, in tasks, are traces of their own, each with its own tools and agents."""
    names = ("north", "south", "east")
    scenarios = [_renamed(whole(), name) for name in names]

    async def go() -> None:
        stages = [Stage(scenario, in_parallel=adapter.in_parallel) for scenario in scenarios]
        await asyncio.gather(*(adapter.play(*pair, bridge) for pair in zip(scenarios, stages, strict=True)))

    asyncio.run(go())
    spans = _spans(bridge, receiver)
    assert_tree(spans, [expected_tree(scenario, adapter) for scenario in scenarios], any_order=True)
    _must(len({span.trace_id for span in spans}) == len(names), "it is not one trace per run")


def check_context(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """What was current before a run is current after it; a run of the user's own around it is its parent."""
    scenario = whole()

    async def go() -> None:
        before = get_current()
        with bridge.run(agent="around"):
            within = get_current()
            await adapter.play(scenario, Stage(scenario, in_parallel=adapter.in_parallel), bridge)
            _must(get_current() == within, "something of the run is current after it")
        _must(get_current() == before, "something is current after the user's own run")

    asyncio.run(go())
    tree = expect("invoke_agent around", expected_tree(scenario, adapter))
    assert_tree(_spans(bridge, receiver), tree, any_order=True)


class _Faulty:
    """A bridge every use of which fails."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"made-up fault of {name}")


def check_faults_of_ours(adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    """With a bridge every use of which raises, the agent does and answers what it does without."""
    scenario = whole()
    with_ours = _play(adapter, scenario, bridge)
    faulty: Any = _Faulty()
    _must(_play(adapter, scenario, faulty) == with_ours, "the framework answered otherwise when all of ours failed")
    assert_tree(_spans(bridge, receiver), expected_tree(scenario, adapter), any_order=True)


CHECKS: Final[Sequence[Check]] = (
    check_whole,
    check_parallel_tools,
    check_failure_of_tool,
    check_failure_of_model,
    check_cancellation,
    check_streaming,
    check_sub_agent,
    check_usage,
    check_secrets,
    check_concurrency,
    check_context,
    check_faults_of_ours,
)


# -- what they share ---------------------------------------------------------------------------------------------------


def _play(adapter: Adapter, scenario: Scenario, bridge: Bridge) -> Played:
    """Play a scenario to its end, and see to it that each of its tools was called, once."""

    async def go() -> Played:
        stage = Stage(scenario, in_parallel=adapter.in_parallel)
        played = await adapter.play(scenario, stage, bridge)
        wanted = [use.name for one in scenario.everyone() for use in one.uses() if use.agent is None]
        _must(sorted(stage.performed) == sorted(wanted), "the adapter did not play the scenario")
        return played

    return asyncio.run(go())


def _spans(bridge: Bridge, receiver: OtlpReceiver) -> list[ReceivedSpan]:
    _must(bridge.flush(), "the bridge could not deliver everything")
    _must(bridge.health().faults == 0, "the bridge counted faults of its own")
    return receiver.spans()


def _must(holds: Any, message: str) -> None:
    """Assert, also where Python runs without assertions."""
    __tracebackhide__ = True
    if not holds:
        raise AssertionError(message)


def _named(spans: Sequence[ReceivedSpan], name: str) -> ReceivedSpan:
    (span,) = (span for span in spans if span.name == name)
    return span


def _renamed(scenario: Scenario, suffix: str) -> Scenario:
    """Give the same scenario with names and ids of its own."""
    turns = tuple(evolve(turn, uses=tuple(_renamed_use(use, suffix) for use in turn.uses)) for turn in scenario.turns)
    return evolve(scenario, agent=f"{scenario.agent}_{suffix}", turns=turns)


def _renamed_use(use: ToolUse, suffix: str) -> ToolUse:
    agent = _renamed(use.agent, suffix) if use.agent is not None else None
    return evolve(use, name=f"{use.name}_{suffix}", call_id=f"{use.call_id}_{suffix}", agent=agent)


def _assert_usage(adapter: Adapter, spans: Sequence[ReceivedSpan], played: Played, scenario: Scenario) -> None:
    """Assert that all that a viewer adds up over a trace is what the framework says, and what the model said."""
    for key, told, scripted in (
        (a.USAGE_INPUT_TOKENS, played.input_tokens, scenario.input_tokens),
        (a.USAGE_OUTPUT_TOKENS, played.output_tokens, scenario.output_tokens),
    ):
        total = sum(span.attributes.get(key, 0) for span in spans)
        _must(total == scripted, f"{key} adds up to {total}, and the model said {scripted}")
        if told is not None:
            _must(total == told, f"{key} adds up to {total}, and the framework says {told}")
    if adapter.tells_usage:
        _must(
            all(a.USAGE_INPUT_TOKENS in span.attributes for span in spans if span.name.startswith("chat ")),
            "a model call has no usage",
        )


def _assert_absent(receiver: OtlpReceiver, *secrets: str) -> None:
    for request in receiver.requests():
        sent = request.message.SerializeToString()
        for secret in secrets:
            _must(secret.encode() not in sent, f"a secret arrived among the {request.signal}")
