"""What an agent of the fault matrix does: so many runs of so many calls; each span has a name of its own."""

from __future__ import annotations

RUNS = 16
CALLS = 30
SPANS = RUNS * (CALLS + 2)
GIANT = 1000  # number of the run that a giant span belongs to


def agent_name(run):
    return f"a{run}"


def model_name(run):
    return f"m{run}"


def tool_name(run, call):
    return f"t{run}.{call}"


def fails(call):
    return call % 10 == 3


def spans_of(runs, first=0):
    """The names of the spans of some runs."""
    numbers = range(first, first + runs)
    tools = {f"execute_tool {tool_name(run, call)}" for run in numbers for call in range(CALLS)}
    return tools | terminals_of(runs, first)


def terminals_of(runs, first=0):
    """Of those, the ones that must not be lost: ends of runs, errors and usage."""
    numbers = range(first, first + runs)
    errors = {f"execute_tool {tool_name(run, call)}" for run in numbers for call in range(CALLS) if fails(call)}
    ends = {f"invoke_agent {agent_name(run)}" for run in numbers}
    usage = {f"chat {model_name(run)}" for run in numbers}
    return errors | ends | usage


GIANT_SPAN = f"execute_tool {tool_name(GIANT, 0)}"
GIANT_RUN = f"invoke_agent {agent_name(GIANT)}"
POISON = f"execute_tool {tool_name(1, 3)}"  # a failed call
