"""What is innocent stays as it is: by family, per megabyte and per character."""

from __future__ import annotations

import json
from random import Random
import re

import pytest

from agent_otel.policy.scrubbing import scrub
from policy.scrubbing import corpora, innocent

MOST_PER_MEGABYTE = 3
LEAST_KEPT = 0.999


def report(text):
    done = scrub(text)
    assert "over_budget" not in done.findings.by_detector
    kept = len(re.sub(r"\[REDACTED:[a-z0-9_]+\]", "", done.value))
    return done.findings, kept / len(text)


@pytest.mark.parametrize("family", innocent.FAMILIES)
def test_by_family(family, record_property):
    text = innocent.FAMILIES[family](Random(7))
    findings, kept = report(text)
    record_property("findings per MB", len(findings) / len(text) * 1e6)
    assert len(findings) <= MOST_PER_MEGABYTE * len(text) / 1e6, findings.by_detector
    assert kept >= LEAST_KEPT


@pytest.mark.parametrize("family", ["this repository", "standard library"])
def test_source_code(family, record_property):
    text = corpora.repository() if family == "this repository" else corpora.standard_library(2_000_000)
    findings, kept = report(text)
    record_property("findings per MB", len(findings) / len(text) * 1e6)
    assert len(findings) <= MOST_PER_MEGABYTE * len(text) / 1e6, findings.by_detector
    assert kept >= LEAST_KEPT


@pytest.mark.parametrize("line", innocent.SNIPPETS.strip().splitlines())
def test_lines_that_only_speak_of_secrets(line):
    assert scrub(line).value is line
    inner = f"$ cat file\n{line}\n"
    assert scrub(inner).value is inner
    dump = json.dumps({"stdout": inner, "exit": 0})
    assert scrub(dump).value is dump
