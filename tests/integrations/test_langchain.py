"""LangChain and LangGraph, offline, with models that say what a script says."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
import copy

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.sdk.trace import TracerProvider
import pytest

pytest.importorskip("langgraph")
pytest.importorskip("langchain_core")

from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from agent_otel.conventions import attributes as a
from agent_otel.integrations import begun
from agent_otel.integrations.langchain import AgentOtelCallbackHandler, instrument
from agent_otel.testing import assert_tree
from agent_otel.testing.adapters import CHECKS, Adapter, made_up_secret
from integrations.scripted_langchain import ScriptedModel, agent, calls, play, said

USER = {"messages": [("user", "What is there to do?")]}


@pytest.fixture
def handler(bridge):
    return AgentOtelCallbackHandler(bridge)


@pytest.fixture
def config(handler):
    return {"callbacks": [handler]}


def told(bridge, receiver):
    assert bridge.flush()
    assert bridge.health().faults == 0
    return receiver.spans()


def named(spans, name):
    (span,) = (span for span in spans if span.name == name)
    return span


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
def ask_human(question: str) -> str:
    """Ask."""
    return interrupt(question)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_every_adapter_owes(check, bridge, receiver):
    check(Adapter(play=play), bridge, receiver)


def test_a_graph_that_is_called_from_plain_code(bridge, receiver, config):
    @tool
    def broken(path: str) -> str:
        """Break."""
        raise ValueError(path)

    turns = [said("", calls("add", "call_1", a=1, b=2), calls("broken", "call_2", path="a.txt")), said("Three.")]
    thread = {**config, "configurable": {"thread_id": "c-7"}}
    assert agent(turns, [add, broken], "coder").invoke(USER, thread)["messages"][-1].content == "Three."
    spans = told(bridge, receiver)
    assert_tree(
        spans,
        """
        invoke_agent coder
          chat scripted-1
          execute_tool add
          execute_tool broken
          chat scripted-1
        """,
        any_order=True,
    )
    assert {span.attributes[a.CONVERSATION_ID] for span in spans} == {"c-7"}
    done, failed = named(spans, "execute_tool add").attributes, named(spans, "execute_tool broken").attributes
    assert (done[a.TOOL_CALL_ID], done[a.TOOL_CALL_ARGUMENTS], done[a.TOOL_CALL_RESULT]) == (
        "call_1",
        '{"a":1,"b":2}',
        "3",
    )
    assert (failed[a.TOOL_CALL_ID], failed[a.ERROR_TYPE]) == ("call_2", "ValueError")
    run = named(spans, "invoke_agent coder").attributes
    assert (run[a.MODEL_CALLS], run[a.TOOL_CALLS], run[a.OUTCOME]) == (2, 2, "ok")


def test_what_a_model_says_of_itself(bridge, receiver, config):
    details = {"input_token_details": {"cache_read": 4, "cache_creation": 3}, "output_token_details": {"reasoning": 2}}
    agent([said("Done.", **details)], [], "coder").invoke(USER, config)
    call = named(told(bridge, receiver), "chat scripted-1").attributes
    assert {
        key: call[key] for key in call if key.startswith(("gen_ai.usage", "gen_ai.response", "gen_ai.provider"))
    } == {
        a.PROVIDER_NAME: "anthropic",
        a.RESPONSE_MODEL: "scripted-1-0504",
        a.RESPONSE_FINISH_REASONS: ["stop"],
        a.USAGE_INPUT_TOKENS: 10,
        a.USAGE_OUTPUT_TOKENS: 5,
        a.USAGE_CACHE_READ_TOKENS: 4,
        a.USAGE_CACHE_WRITE_TOKENS: 3,
        a.USAGE_REASONING_TOKENS: 2,
    }


def test_messages_stay_at_home_unless_they_are_asked_for(make_bridge, receiver):
    turns = [said("", calls("add", "call_1", a=1, b=2)), said("Three.")]
    for variables in ({}, {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}):
        bridge = make_bridge(**variables)
        agent(turns, [add], "coder").invoke(USER, {"callbacks": [AgentOtelCallbackHandler(bridge)]})
        assert bridge.flush()
    first, _, last, run, *rest = [span.attributes for span in receiver.spans()][4:]
    assert not rest
    assert not [key for span in receiver.spans()[:4] for key in span.attributes if "messages" in key]
    call = '{"type":"tool_call","id":"call_1","name":"add","arguments":{"a":1,"b":2}}'
    assert first[a.OUTPUT_MESSAGES] == f'[{{"role":"assistant","parts":[{call}]}}]'
    assert '{"type":"tool_call_response","id":"call_1","response":"3"}' in last[a.INPUT_MESSAGES]
    asked, answered = '"content":"What is there to do?"', '"content":"Three."'
    assert asked in run[a.INPUT_MESSAGES]
    assert answered in run[a.OUTPUT_MESSAGES]


def test_agents_that_hand_over_to_each_other(bridge, receiver, config):
    @tool
    def transfer_to_bob() -> Command:
        """Hand over."""
        said_so = ToolMessage("over to bob", tool_call_id="call_1")
        return Command(goto="bob", graph=Command.PARENT, update={"messages": [said_so]})

    graph = StateGraph(MessagesState)
    graph.add_node("alice", agent([said("", calls("transfer_to_bob"))], [transfer_to_bob], "alice"))
    graph.add_node("bob", agent([said("This is bob.")], [], "bob"))
    graph.add_edge(START, "alice")
    graph.compile(name="team").invoke(USER, config)
    spans = told(bridge, receiver)
    assert_tree(
        spans,
        """
        invoke_agent team
          invoke_agent alice
            chat scripted-1
            execute_tool transfer_to_bob
          invoke_agent bob
            chat scripted-1
        """,
    )
    assert {span.status_code for span in spans} == {"unset"}
    assert "over to bob" in named(spans, "execute_tool transfer_to_bob").attributes[a.TOOL_CALL_RESULT]
    starts = [named(spans, f"invoke_agent {name}").start_ns for name in ("team", "alice")]
    assert starts == sorted(starts)


def test_a_run_that_asks_a_human_is_paused_and_goes_on_as_another(bridge, receiver, config):
    graph = agent(
        [said("", calls("ask_human", question="may I?")), said("Done.")],
        [ask_human],
        "polite",
        checkpointer=InMemorySaver(),
    )
    thread = {**config, "configurable": {"thread_id": "c-1"}}
    graph.invoke(USER, thread)
    paused = told(bridge, receiver)
    assert_tree(paused, "invoke_agent polite\n  chat scripted-1\n  execute_tool ask_human")
    assert [span.attributes[a.OUTCOME] for span in paused] == ["ok", "paused", "paused"]
    assert {span.status_code for span in paused} == {"unset"}
    graph.invoke(Command(resume="yes"), thread)
    resumed = told(bridge, receiver)[3:]
    assert_tree(resumed, "invoke_agent polite\n  execute_tool ask_human\n  chat scripted-1")
    assert {span.attributes[a.OUTCOME] for span in resumed} == {"ok"}
    assert {span.attributes[a.CONVERSATION_ID] for span in [*paused, *resumed]} == {"c-1"}


def test_a_sub_agent_that_asks_a_human_pauses_all_above_it(bridge, receiver, config):
    graph = StateGraph(MessagesState)
    graph.add_node("inner", agent([said("", calls("ask_human", question="may I?"))], [ask_human], "inner"))
    graph.add_edge(START, "inner")
    graph.compile(name="outer", checkpointer=InMemorySaver()).invoke(
        USER, {**config, "configurable": {"thread_id": "1"}}
    )
    runs = [span for span in told(bridge, receiver) if span.name.startswith("invoke_agent")]
    assert [span.attributes[a.OUTCOME] for span in runs] == ["paused", "paused"]


def test_a_breakpoint_pauses_too(bridge, receiver, config):
    pytest.importorskip("langgraph.callbacks")
    turns = [said("", calls("add", a=1, b=2))]
    graph = agent(turns, [add], "careful", checkpointer=InMemorySaver(), interrupt_before=["tools"])
    graph.invoke(USER, {**config, "configurable": {"thread_id": "1"}})
    assert named(told(bridge, receiver), "invoke_agent careful").attributes[a.OUTCOME] == "paused"


def test_a_chain_is_a_run(bridge, receiver, config):
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | ScriptedModel(turns=[said("So.")])
    chain.invoke({"question": "?"}, {**config, "run_name": "asking"})
    assert_tree(told(bridge, receiver), "invoke_agent asking\n  chat scripted-1")


def test_a_chain_within_a_run_of_the_users_own_is_no_other_run(bridge, receiver, config):
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | ScriptedModel(turns=[said("So.")])
    with bridge.run(agent="mine"):
        chain.invoke({"question": "?"}, config)
        ScriptedModel(turns=[said("So.")]).invoke("?", config)
        add.invoke({"a": 1, "b": 2}, config)
    tree = """
    invoke_agent mine
      chat scripted-1
      chat scripted-1
      execute_tool add
    """
    assert_tree(told(bridge, receiver), tree)


def test_calls_outside_any_run(bridge, receiver, config):
    ScriptedModel(turns=[said("So.")]).invoke("?", config)
    add.invoke({"a": 1, "b": 2}, config)
    assert_tree(told(bridge, receiver), "chat scripted-1\nexecute_tool add")


def test_the_consumer_of_a_stream_sees_nothing_of_it(bridge, receiver, config):
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | ScriptedModel(turns=[said("one two three")])
    before = get_current()
    for _ in chain.stream({"question": "?"}, {**config, "run_name": "talking"}):
        assert get_current() == before
    for _ in ScriptedModel(turns=[said("one two three")]).stream("?", config):
        assert get_current() == before
    spans = told(bridge, receiver)
    assert_tree(spans, "invoke_agent talking\n  chat scripted-1\nchat scripted-1")
    for span in spans:
        assert span.name != "chat scripted-1" or span.attributes[a.RESPONSE_TIME_TO_FIRST_CHUNK] >= 0


def test_a_stream_that_is_given_up(bridge, receiver, config, handler):
    before = get_current()
    stream = agent([said("one two three")], [], "talker").stream(USER, config, stream_mode="messages")
    next(stream)
    stream.close()
    assert get_current() == before
    spans = told(bridge, receiver)
    assert_tree(spans, "invoke_agent talker\n  chat scripted-1")
    assert named(spans, "invoke_agent talker").attributes[a.OUTCOME] == "cancelled"


def test_retrievals_and_models_that_complete_text(bridge, receiver, config):
    class Shelf(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            if query == "nothing":
                raise LookupError(query)
            return [Document("one"), Document("two")]

    with bridge.run(agent="librarian"):
        Shelf().invoke("books", config)
        with pytest.raises(LookupError):
            Shelf().invoke("nothing", config)
        FakeListLLM(responses=["once"]).invoke("Go on.", config)
    spans = told(bridge, receiver)
    found, failed, completed = sorted((span for span in spans if span.parent_span_id), key=lambda span: span.start_ns)
    assert (found.name, found.attributes[a.ITEM_COUNT]) == ("retrieval Shelf", 2)
    assert (failed.name, failed.attributes[a.ERROR_TYPE]) == ("retrieval Shelf", "LookupError")
    assert completed.name.startswith("text_completion")


def test_spans_of_others_stand_where_the_work_is_done(bridge, receiver, config):
    tracer = TracerProvider().get_tracer("http")
    parents = {}

    def request(name):
        with tracer.start_as_current_span(name) as span:
            parents[name] = span.parent.span_id if span.parent is not None else None

    class Remote(ScriptedModel):
        def _generate(self, *args, **kwargs):
            request("model")
            return super()._generate(*args, **kwargs)

    @tool
    def fetch() -> str:
        """Fetch."""
        request("tool")
        with bridge.tool_call("by hand"):
            return "fetched"

    def node(state):
        request("node")
        with tracer.start_as_current_span("mine"):
            return {"messages": [Remote(turns=[said("So.")]).invoke("?"), ("ai", fetch.invoke({}))]}

    graph = StateGraph(MessagesState)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.compile(name="coder").invoke(USER, config)
    spans = told(bridge, receiver)
    run, model, called = (
        named(spans, name) for name in ("invoke_agent coder", "chat scripted-1", "execute_tool fetch")
    )
    assert {name: f"{parent:016x}" for name, parent in parents.items()} == {
        "node": run.span_id,
        "model": model.span_id,
        "tool": called.span_id,
    }
    assert model.parent_span_id == called.parent_span_id != run.span_id  # both stand below "mine"
    by_hand = named(spans, "execute_tool by hand")
    assert (by_hand.parent_span_id, by_hand.attributes[a.RUN_ID]) == (called.span_id, run.attributes[a.RUN_ID])
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_tool_that_reports_an_error_without_raising(bridge, receiver, config):
    @tool
    def reports(tool_call_id: str = "call_1") -> ToolMessage:
        """Report."""
        return ToolMessage("cannot", tool_call_id=tool_call_id, status="error")

    agent([said("", calls("reports")), said("So.")], [reports], "coder").invoke(USER, config)
    span = named(told(bridge, receiver), "execute_tool reports")
    assert (span.status_code, span.attributes[a.ERROR_TYPE]) == ("error", "tool_error")


def test_a_node_that_fails_ends_the_run(bridge, receiver, config):
    secret = made_up_secret("node")

    def fails(state):
        raise RuntimeError(f"cannot log in with {secret}")

    graph = StateGraph(MessagesState)
    graph.add_node("fails", fails)
    graph.add_edge(START, "fails")
    with pytest.raises(RuntimeError):
        graph.compile(name="coder").invoke(USER, config)
    (run,) = told(bridge, receiver)
    assert (run.status_code, run.attributes[a.ERROR_TYPE]) == ("error", "RuntimeError")
    assert secret not in run.status_message
    assert "[REDACTED" in run.status_message


def test_it_can_be_on_for_everything(make_bridge, receiver):
    first, second = make_bridge(), make_bridge()
    everywhere = instrument(first)
    assert instrument(second) is everywhere
    agent([said("So.")], [], "coder").invoke(USER)
    agent([said("So.")], [], "named").invoke(USER, {"callbacks": [AgentOtelCallbackHandler(second, agent="mine")]})
    second.shutdown()
    agent([said("So.")], [], "too late").invoke(USER)
    first.shutdown()
    tree = """
    invoke_agent coder
      chat scripted-1
    invoke_agent mine
      chat scripted-1
    """
    assert_tree(receiver.spans(), tree)


def test_a_bridge_that_is_off(make_bridge, receiver):
    off = make_bridge(OTEL_SDK_DISABLED="true")
    turns = [said("", calls("add", a=1, b=2)), said("Three.")]
    state = agent(turns, [add], "coder").invoke(USER, {"callbacks": [AgentOtelCallbackHandler(off)]})
    assert state["messages"][-1].content == "Three."
    assert off.health().faults == 0
    assert not receiver.spans()


def test_copies_of_a_handler_are_the_handler(handler):
    assert copy.deepcopy({"callbacks": [handler]})["callbacks"][0] is handler


def test_callbacks_that_make_no_sense_are_counted_and_go_no_further(bridge, handler):
    handler.on_tool_end("x", run_id="never begun")
    handler.on_chain_error(ValueError(), run_id="never begun")
    assert bridge.health().faults == 0
    handler.on_chat_model_start()
    handler.on_llm_end(object(), run_id=None, nonsense=1)
    handler.on_interrupt(None)
    assert bridge.health().faults == 2


def test_what_never_ends_is_told_as_interrupted_beyond_a_bound(bridge, receiver, handler, monkeypatch):
    monkeypatch.setattr(begun, "_MAX_OPEN", 2)
    for number in range(3):
        copy_context().run(handler.on_tool_start, {"name": f"tool-{number}"}, "", run_id=number)
    spans = told(bridge, receiver)
    assert [(span.name, span.attributes[a.OUTCOME]) for span in spans] == [("execute_tool tool-0", "interrupted")]


def test_ends_that_come_on_another_thread_or_in_any_order(bridge, receiver, handler):
    async def one():
        handler.on_chain_start(None, {}, run_id="run", name="coder")
        for number in range(3):
            await asyncio.to_thread(
                handler.on_tool_start, {"name": f"t{number}"}, "", run_id=number, parent_run_id="run"
            )
        await asyncio.to_thread(handler.on_chain_end, {}, run_id="run")
        for number in range(3):
            handler.on_tool_end("late", run_id=number)

    before = get_current()
    asyncio.run(one())
    assert get_current() == before
    assert_tree(told(bridge, receiver), "invoke_agent coder\n  execute_tool t0\n  execute_tool t1\n  execute_tool t2")


def test_an_agent_of_the_langchain_package(bridge, receiver, config):
    agents = pytest.importorskip("langchain.agents")

    class Bound(ScriptedModel):
        def bind_tools(self, tools, **kwargs):
            return self

    model = Bound(turns=[said("", calls("add", a=1, b=2)), said("Three.")])
    made = agents.create_agent(model, [add], name="coder")
    made.invoke({"messages": [HumanMessage("?")]}, config)
    assert_tree(
        told(bridge, receiver),
        "invoke_agent coder\n  chat scripted-1\n  execute_tool add\n  chat scripted-1",
    )
