"""Recall and precision on corpora of our own making, held out from the table's samples."""

from __future__ import annotations

from collections import Counter
from random import Random
import re

import pytest

from agent_otel.policy.scrubbing import scrub
from policy.scrubbing import corpora

ROUNDS = 20


def leaks(secret, done):
    """Tell whether a stretch of the secret is left that the shape alone (prefix, borders) does not give."""
    body = "".join(secret.split("\n")[1:-1]) or secret
    runs = [run for run in re.findall(r"[A-Za-z0-9]+", body) if len(run) >= 8 and re.search(r"[0-9]", run)]
    return secret in done or any(run[at : at + 8] in done for run in runs for at in range(0, len(run) - 7, 4))


def test_recall_by_family(record_property):
    total: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for family, text, secret in corpora.positives(Random(2026), ROUNDS):
        total[family] += 1
        hidden[family] += not leaks(secret, scrub(text).value)
    recall = {family: hidden[family] / total[family] for family in sorted(total)}
    record_property("recall", recall)
    assert sum(hidden.values()) / sum(total.values()) >= 0.97
    assert min(recall.values()) >= 0.95, recall


@pytest.mark.slow
def test_precision_on_innocent_text(record_property):
    findings: Counter[str] = Counter()
    size = 0
    changed = 0
    by_corpus = {}
    for name, text in corpora.innocent(Random(7)).items():
        done = scrub(text)
        assert done.findings.by_detector.get("over_budget", 0) == 0
        findings.update(done.findings.by_detector)
        size += len(text)
        kept = re.sub(r"\[REDACTED:[a-z0-9_]+\]", "", done.value)
        changed += len(text) - len(kept)
        by_corpus[name] = len(done.findings) / len(text) * 1e6
    record_property("findings per MB", by_corpus)
    assert sum(findings.values()) / size * 1e6 <= 3, by_corpus
    assert changed / size <= 0.001
