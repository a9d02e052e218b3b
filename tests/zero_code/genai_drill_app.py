"""A program that the official instrumentation of OpenAI's client tells of, among many small spans of another one.

Each model call comes with as many steps as are asked for; one in twenty fails, with a secret in what it says.
"""

from __future__ import annotations

from contextlib import suppress
import os
import sys

from openai import BadRequestError, OpenAI
from opentelemetry import trace

from zero_code.drilled import drilled

CALLS, STEPS = int(sys.argv[1]), int(sys.argv[2])
SECRET = os.environ["MADE_UP_SECRET"]

client = OpenAI(base_url=os.environ["MADE_UP_ENDPOINT"], api_key=SECRET, max_retries=0)
tracer = trace.get_tracer("made.up.steps")
asked = [{"role": "user", "content": f"say password={SECRET} again"}]
with drilled(), tracer.start_as_current_span("agent"):
    for number in range(CALLS):
        for _ in range(STEPS):
            with tracer.start_as_current_span("step"):
                pass
        with suppress(BadRequestError):
            client.chat.completions.create(model="small" if number % 20 else "broken", messages=asked)
