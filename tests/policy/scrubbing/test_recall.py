"""Recall on credentials of the documented formats, by family and placement."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from agent_otel.policy.scrubbing import scrub
from policy.scrubbing import vectors

LEAST = 0.97
LEAST_OF_A_FAMILY = 0.95
LEAST_OVERALL = 0.985


@pytest.fixture(scope="module")
def recall():
    """Give hidden and all vectors by (family, placement), and the names of what was missed."""
    all_, hidden, missed = Counter(), Counter(), Counter()
    random = Random(20261121)
    made = [*vectors.shape_vectors(random, draws=1), *vectors.place_vectors(random, draws=1)]
    for vector in made:
        where = (vector.family, vector.placement)
        all_[where] += 1
        if vectors.is_left(vector, scrub(vector.text).value):
            missed[vector.family, vector.name] += 1
        else:
            hidden[where] += 1
    return all_, hidden, missed


def share(recall, family=None, placement=None):
    all_, hidden, _ = recall
    chosen = [key for key in all_ if family in (None, key[0]) and placement in (None, key[1])]
    return sum(hidden[key] for key in chosen) / sum(all_[key] for key in chosen)


def test_there_are_hundreds_of_kinds():
    tables = [*vectors.BARE_FAMILIES.values(), *vectors.PLACE_FAMILIES.values()]
    assert sum(len(table.strip().splitlines()) for table in tables) > 500


def test_overall(recall, record_property):
    record_property("recall", share(recall))
    assert share(recall) >= LEAST_OVERALL, recall[2].most_common(20)


@pytest.mark.parametrize("family", [*vectors.BARE_FAMILIES, *vectors.PLACE_FAMILIES])
def test_by_family(recall, family, record_property):
    record_property("recall", share(recall, family))
    missed = {name: count for (of, name), count in recall[2].items() if of == family}
    assert share(recall, family) >= LEAST_OF_A_FAMILY, missed


@pytest.mark.parametrize("placement", vectors.PLACEMENTS)
def test_by_placement(recall, placement, record_property):
    record_property("recall", share(recall, placement=placement))
    assert share(recall, placement=placement) >= LEAST, recall[2].most_common(20)


@pytest.mark.parametrize("encoding", sorted(vectors.ENCODINGS))
def test_behind_one_layer_of_encoding(encoding):
    random = Random(8)
    missed, total = Counter(), 0
    for vector in vectors.shape_vectors(random, draws=1):
        if vector.placement == "bare" and not vector.name.endswith("*"):
            secret = vector.secrets[0]
            text = f"sent {vectors.ENCODINGS[encoding](f'see {secret} there')} to the host"
            encoded = text.split(" ")[1]
            total += 1
            missed[vector.name] += encoded in scrub(text).value
    assert sum(missed.values()) / total <= 0.03, +missed
