"""Run the scrubbers of others over values from standard input; run by `scrub_peers` with a Python that has them.

In: a JSON list of values and a number of rounds. Out: for each scrubber its version, seconds per value, and results.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
import json
import sys
import time
from typing import Any


def logfire() -> Callable[[Any], Any]:
    """Give Logfire's scrubber with its default patterns."""
    from logfire._internal.scrubbing import Scrubber  # type: ignore[import-not-found]

    scrubber = Scrubber(None)
    return lambda value: scrubber.scrub_value(("attributes",), value)[0]


def langsmith() -> Callable[[Any], Any]:
    """Give LangSmith's anonymizer with the rules for secrets that it comes with."""
    from langsmith.anonymizer import create_secret_anonymizer  # type: ignore[import-not-found]

    anonymize: Callable[[Any], Any] = create_secret_anonymizer()
    return anonymize


def main() -> None:
    """Run and print."""
    given = json.load(sys.stdin)
    told = {}
    for name, make in (("logfire", logfire), ("langsmith", langsmith)):
        scrub = make()
        results = [scrub(json.loads(json.dumps(value))) for value in given["values"]]
        times = []
        for _ in range(given["rounds"]):
            values = json.loads(json.dumps(given["values"]))
            start = time.perf_counter()
            for value in values:
                scrub(value)
            times.append((time.perf_counter() - start) / len(values))
        told[name] = {"version": version(name), "seconds": min(times), "results": results}
    json.dump(told, sys.stdout, default=str)


if __name__ == "__main__":
    main()
