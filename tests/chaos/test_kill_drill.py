"""A process that is killed loses nothing that was on disk, and what was open arrives as interrupted."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
import random
import signal
import subprocess
import sys
import time

import pytest

from agent_otel.conventions import attributes as a
from agent_otel.testing import OtlpReceiver
from collector import Collector
from end_to_end.replaying import COMMAND, environment

pytestmark = [pytest.mark.chaos, pytest.mark.incomplete_spans]
AGENT = Path(__file__).with_name("kill_agent.py")


class Agent:
    """A running agent, and what it has said."""

    def __init__(self, environ):
        self.open: set[str] = set()
        self.durable: set[str] = set()
        self._ended = 0
        self._process = subprocess.Popen(
            [sys.executable, str(AGENT)], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def until(self, ended):
        while self._ended < ended or not self.durable:
            line = self._process.stdout.readline()
            assert line, self._process.stderr.read()
            self._hear(line)

    def _hear(self, line):
        word, *names = line.split()
        if word == "open":
            self.open.update(names)
        elif word == "durable":
            self.durable.update(names)
        self._ended += word == "ended"

    def send(self, number):
        self._process.send_signal(number)

    def kill(self):
        self._process.kill()
        rest, _ = self._process.communicate()
        *lines, cut = rest.split("\n")
        assert not cut or not cut.endswith("\n")
        for line in lines:
            self._hear(line)


def environ_of(receiver, tmp_path, **more):
    return environment(
        receiver, tmp_path / "state", AGENT_OTEL_SPOOL=str(tmp_path / "spool"), OTEL_METRICS_EXPORTER="none", **more
    )


def flush(environ):
    done = subprocess.run(
        [*COMMAND, "flush", "--json"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def name_of(span):
    return f"{span.trace_id}-{span.span_id}"


def arrived(receiver):
    """Give all contents under which each span arrived."""
    told: dict[str, set[bytes]] = {}
    for span in receiver.spans():
        told.setdefault(name_of(span), set()).add(span.raw)
    return told


def assert_complete(receiver, agents):
    told = arrived(receiver)
    twice = {name: contents for name, contents in told.items() if len(contents) > 1}
    assert not twice
    outcomes = {name_of(span): span.attributes.get(a.OUTCOME) for span in receiver.spans()}
    for agent in agents:
        assert agent.durable
        assert agent.durable <= told.keys()
        assert {outcomes.get(name) for name in agent.open} == {"interrupted"}


def drill(receiver, collector, tmp_path, random_):
    environ = environ_of(receiver, tmp_path)
    collector.status = random_.choice((200, 200, 503))
    agent = Agent(environ)
    agent.until(ended=random_.randrange(5, 40))
    time.sleep(random_.uniform(0, 0.05))  # the kill is meant to come at any moment
    agent.kill()
    collector.status = 200
    status, told = flush(environ)
    assert (status, told["left"], told["refused"]) == (0, 0, 0), told
    return agent


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_agent(tmp_path, seed):
    collector = Collector()
    with OtlpReceiver(respond=collector) as receiver:
        assert_complete(receiver, [drill(receiver, collector, tmp_path, random.Random(seed))])


@pytest.mark.slow
def test_a_hundred_killed_agents(tmp_path):
    outcomes = Counter()
    for seed in range(100):
        collector = Collector()
        with OtlpReceiver(respond=collector) as receiver:
            agent = drill(receiver, collector, tmp_path / str(seed), random.Random(1000 + seed))
            assert_complete(receiver, [agent])
            outcomes["durable"] += len(agent.durable)
            outcomes["spans"] += len(receiver.spans())
    assert outcomes["durable"] > 500


def test_a_stopped_owner_is_not_adopted_and_goes_on(tmp_path):
    """Two live processes and an adopter share the directory; one owner is only stopped."""
    collector = Collector()
    with OtlpReceiver(respond=collector) as receiver:
        environ = environ_of(receiver, tmp_path)
        collector.status = 503
        stopped, killed, alive = Agent(environ), Agent(environ), Agent(environ)
        try:
            for agent in (stopped, killed, alive):
                agent.until(ended=10)
            stopped.send(signal.SIGSTOP)
            killed.kill()
            collector.status = 200
            status, told = flush(environ)
            assert (status, told["left"], told["in_use"]) == (0, 0, 2)
            assert_complete(receiver, [killed])
            assert arrived(receiver).keys().isdisjoint(stopped.open)
            stopped.send(signal.SIGCONT)
            for agent in (stopped, alive):
                agent.until(ended=20)
        finally:
            for agent in (stopped, alive):
                agent.send(signal.SIGCONT)
                agent.kill()
        assert flush(environ)[0] == 0
        assert_complete(receiver, [stopped, killed, alive])


@pytest.mark.parametrize("change", [{"endpoint": True}, {"AGENT_OTEL_CONTENT": "off"}], ids=["endpoint", "policy"])
def test_another_endpoint_or_a_stricter_policy_gets_nothing_unfiltered(tmp_path, change):
    collector = Collector()
    collector.status = 503
    with OtlpReceiver(respond=collector) as receiver, OtlpReceiver() as other:
        environ = environ_of(receiver, tmp_path)
        agent = Agent(environ)
        agent.until(ended=10)
        agent.kill()
        collector.status = 200
        elsewhere = environ_of(other if "endpoint" in change else receiver, tmp_path)
        status, told = flush({**elsewhere, **{name: value for name, value in change.items() if name != "endpoint"}})
        assert status == 2
        assert told["held_back"]
        assert not other.spans()
        assert not receiver.spans()
        assert flush(environ)[0] == 0
        assert_complete(receiver, [agent])
