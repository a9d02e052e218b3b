"""A program with spans in the manner of OpenInference, made with the API alone; goes on when it is told to."""

from __future__ import annotations

from contextlib import suppress
import os
import sys

from opentelemetry import trace

from zero_code.drilled import drilled

CALLS = int(sys.argv[1])
SECRET = os.environ["MADE_UP_SECRET"]


class Refused(Exception):
    pass


def call(tracer: trace.Tracer, number: int) -> None:
    with tracer.start_as_current_span("shell", record_exception=number % 20 == 0) as span:
        span.set_attribute("openinference.span.kind", "TOOL")
        span.set_attribute("input.value", f'{{"command": "curl -u bob:{SECRET} x", "number": {number}}}')
        span.set_attribute("output.value", f"the key is {SECRET}")
        if number % 20 == 0:
            raise Refused(f"refused: password={SECRET}")


with drilled():
    tracer = trace.get_tracer("openinference.instrumentation.made_up")
    with tracer.start_as_current_span("agent") as root:
        root.set_attribute("openinference.span.kind", "AGENT")
        root.set_attribute("input.value", f"a prompt with {SECRET} in it")
        root.set_attribute("llm.input_messages.0.message.content", f"another prompt with {SECRET}")
        root.add_event("note", {"text": f"authorization: Bearer {SECRET}"})
        for number in range(CALLS):
            with suppress(Refused):
                call(tracer, number)
