"""A program that knows nothing of telemetry: asks a model, twice; secrets come with the variables."""

from __future__ import annotations

import os
import sys

from openai import BadRequestError, OpenAI

client = OpenAI(base_url=sys.argv[1], api_key=os.environ["MADE_UP_KEY"], max_retries=0)
asked = [
    {"role": "system", "content": f"you know {os.environ['MADE_UP_SECRET']}"},
    {"role": "user", "content": f"say password={os.environ['MADE_UP_SECRET']} again"},
]
answer = client.chat.completions.create(model="small", messages=asked)
assert answer.choices[0].message.content
try:
    client.chat.completions.create(model="broken", messages=asked)
except BadRequestError:
    sys.stdout.write("done\n")
