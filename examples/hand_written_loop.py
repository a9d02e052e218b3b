"""An agent loop of your own, instrumented by hand. Runs offline; shows the books at the end.

python examples/hand_written_loop.py                                    # to localhost:4318
OTEL_TRACES_EXPORTER=console OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none python examples/hand_written_loop.py
"""

from __future__ import annotations

import json

from agent_otel import Bridge, Outcome


def model(question: str) -> tuple[str, dict[str, int]]:
    """Stand in for a model: asks for the weather, then answers."""
    return f"Sunny, as far as I can tell of {question!r}.", {"input_tokens": 812, "output_tokens": 64}


def weather(city: str) -> dict[str, object]:
    """Stand in for a tool."""
    if city == "Atlantis":
        raise LookupError(city)
    return {"city": city, "sky": "clear"}


def main() -> None:
    """Run the agent once."""
    bridge = Bridge.from_env()
    with bridge.run(agent="forecaster", conversation_id="c-1") as run:
        run.prompt("What is the weather?")
        for city in ("Lisbon", "Atlantis"):
            try:
                with run.tool_call("weather", arguments={"city": city}) as call:
                    call.result(weather(city))
            except LookupError:
                pass  # the span says that the call failed, and the agent goes on
        with run.tool_call("book_flight", call_id="call_3", arguments={"to": "Lisbon"}) as denied:
            denied.outcome(Outcome.DENIED, "denied_by_user")
        with run.model_call(provider="anthropic", model="claude-x") as reply:
            answer, usage = model("Lisbon")
            reply.usage(**usage)
        run.answer(answer)
    bridge.flush()
    print(json.dumps(bridge.health().as_dict(), indent=2))
    bridge.shutdown()


if __name__ == "__main__":
    main()
