"""What LangChain passes to callbacks, in plain values: messages, results, token counts, names.

Messages take the form ``{"role", "content", "tool_calls"}``; the content policy puts it into that of the conventions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

__all__ = [
    "answer_of",
    "finish_reason_of",
    "known_as",
    "messages_of",
    "model_of",
    "prompt_of",
    "response_id_of",
    "result_of",
    "tokens_of",
]

_ROLES: Final = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}
_CALLS: Final = frozenset({"tool_use", "tool_call", "function_call", "input_json_delta"})
_MODELS: Final = ("model_name", "model", "model_id", "deployment_name")
_REASONS: Final = ("finish_reason", "stop_reason", "done_reason", "finishReason", "stopReason")
_OF_LANGCHAIN: Final = ("lc_", "run-")  # ids of messages that LangChain made up


def known_as(serialized: Any, name: Any, otherwise: str) -> str:
    """Give the name of a component: that of the call, else its own, else that of its class."""
    if isinstance(name, str) and name:
        return name
    told = serialized if isinstance(serialized, Mapping) else {}
    if isinstance(told.get("name"), str) and told["name"]:
        return str(told["name"])
    path = told.get("id")
    return str(path[-1]) if isinstance(path, list) and path else otherwise


def messages_of(messages: Iterable[Any]) -> list[Any]:
    """Give messages of any form that LangChain takes: objects, dicts, pairs of role and text, texts."""
    return [_message(message) for message in messages]


def prompt_of(inputs: Any) -> Any:
    """Give what a run was asked: the messages of its state, else all of it; of a run that goes on, with what."""
    found = _messages_in(inputs)
    if found is None and _is_command(inputs):
        return {"resume": getattr(inputs, "resume", None)}
    return messages_of(found) if found is not None else inputs


def answer_of(outputs: Any) -> Any:
    """Give what a run answered: the last message of its state, if a model wrote it; without messages, all of it."""
    found = _messages_in(outputs)
    if found is None:
        return outputs
    return messages_of(found[-1:]) if isinstance(found[-1], (AIMessage, Mapping)) else None


def result_of(output: Any) -> Any:
    """Give what a tool gave: the content of a message, the message of a command, texts of documents."""
    if isinstance(output, BaseMessage):
        return output.content
    if isinstance(output, Document):
        return output.page_content
    if isinstance(output, (list, tuple)):
        return [result_of(item) for item in output]
    if not _is_command(output):
        return output
    said = [message for message in _messages_in(output.update) or () if isinstance(message, ToolMessage)]
    return {"goto": output.goto, "messages": [message.content for message in said]}


def model_of(metadata: Mapping[str, Any], params: Any) -> str | None:
    """Give the model that was asked for."""
    given = params if isinstance(params, Mapping) else {}
    model: str | None = metadata.get("ls_model_name") or _first(given, _MODELS)
    return model


def tokens_of(message: Any, llm_output: Any) -> dict[str, int | None]:
    """Give token counts, as ``ModelCall.usage`` takes them; empty if none were told."""
    usage = getattr(message, "usage_metadata", None)
    if isinstance(usage, Mapping):
        read, written = usage.get("input_token_details") or {}, usage.get("output_token_details") or {}
        return {
            "input_tokens": usage.get("input_tokens"),
            "output_tokens": usage.get("output_tokens"),
            "total_tokens": usage.get("total_tokens"),
            "cache_read_tokens": read.get("cache_read"),
            "cache_write_tokens": read.get("cache_creation"),
            "reasoning_tokens": written.get("reasoning"),
        }
    told = llm_output.get("token_usage") if isinstance(llm_output, Mapping) else None
    if not isinstance(told, Mapping) or not told:
        return {}
    return {
        "input_tokens": told.get("prompt_tokens"),
        "output_tokens": told.get("completion_tokens"),
        "total_tokens": told.get("total_tokens"),
    }


def finish_reason_of(*places: Any) -> str | None:
    """Give why a model stopped, from the first place that says so."""
    found = (_first(place, _REASONS) for place in places if isinstance(place, Mapping))
    return next((reason for reason in found if isinstance(reason, str)), None)


def response_id_of(message: Any) -> str | None:
    """Give the provider's id of a response, not one that LangChain made up."""
    told = getattr(message, "response_metadata", None)
    for found in (told.get("id") if isinstance(told, Mapping) else None, getattr(message, "id", None)):
        if isinstance(found, str) and not found.startswith(_OF_LANGCHAIN):
            return found
    return None


def _is_command(value: Any) -> bool:
    """Say whether it is LangGraph's word for where to go on; LangGraph itself need not be there."""
    return type(value).__name__ == "Command" and type(value).__module__.startswith("langgraph.")


def _messages_in(state: Any) -> Sequence[Any] | None:
    """Give the messages of a state, a prompt, or a list of messages; None if there are none."""
    if isinstance(state, BaseMessage):
        return [state]
    if isinstance(state, list) and state and isinstance(state[-1], BaseMessage):
        return state
    found = state.get("messages") if isinstance(state, Mapping) else getattr(state, "messages", None)
    return found if isinstance(found, list) and found else None


def _message(message: Any) -> Any:
    if isinstance(message, (list, tuple)) and len(message) == 2:
        return {"role": _ROLES.get(message[0], message[0]), "content": message[1]}
    if not isinstance(message, BaseMessage):
        return message
    role = "assistant" if isinstance(message, AIMessage) else _ROLES.get(message.type, message.type)
    told: dict[str, Any] = {"role": getattr(message, "role", role), "content": message.content}
    if isinstance(message, ToolMessage):
        told["tool_call_id"] = message.tool_call_id
    calls = getattr(message, "tool_calls", None)
    if calls:
        told["tool_calls"] = [
            {"id": call.get("id"), "name": call.get("name"), "arguments": call.get("args")} for call in calls
        ]
        told["content"] = _without_calls(message.content)
    return told


def _without_calls(content: Any) -> Any:
    """Leave out of a message's blocks the calls, which ``tool_calls`` tells already."""
    if not isinstance(content, list):
        return content or None
    return [block for block in content if not (isinstance(block, Mapping) and block.get("type") in _CALLS)] or None


def _first(told: Mapping[str, Any], keys: Iterable[str]) -> Any:
    return next((told[key] for key in keys if told.get(key)), None)
