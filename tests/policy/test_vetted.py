from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.policy import shared_scrubber, vetted
from agent_otel.policy.scrubbing import Scrubber, ScrubOptions
from agent_otel.policy.sharing import vetted_by
from agent_otel.policy.vetted import Vetted
from secrets_made_up import github_token

SCRUBBER = Scrubber()
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text('\\ntu0041"{}:,a ', max_size=20),
    st.sampled_from([github_token(), f'{{"k": "{github_token(1)}"}}', "password=correct-horse", "{}", "a\\"]),
)


class Counting(Scrubber):
    def __init__(self):
        super().__init__()
        self.looks = 0

    def are_innocent(self, texts):
        self.looks += 1
        return super().are_innocent(texts)


@pytest.fixture
def scrubber():
    return Counting()


def test_what_was_innocent_is_not_looked_at_again(scrubber):
    known = Vetted(scrubber)
    assert known.look("execute_tool shell", {"gen_ai.tool.name": "shell"}, {"arguments": "ls"})
    assert known.look("execute_tool shell", {"gen_ai.tool.name": "shell", "arguments": "ls"})
    assert scrubber.looks == 1


def test_what_is_not_is_never_known(scrubber):
    known = Vetted(scrubber)
    for _ in range(2):
        assert not known.look("s", {"a": github_token()})
        assert not known.look("s", {}, {"a": github_token()})
        assert not known.look(github_token(), {})
    assert scrubber.looks == 6
    assert not known._known


def test_the_key_counts(scrubber):
    known = Vetted(scrubber)
    assert known.look("s", {"note": "correct-horse-battery"})
    assert not known.look("s", {"password": "correct-horse-battery"})


def test_one_secret_among_many_spans_costs_a_look_at_each_but_hides_nothing_of_the_others(scrubber):
    known = Vetted(scrubber)
    said = [("s", {"number": f"n{number}"}, {"text": f"text {number}"}) for number in range(20)]
    said[7][2]["text"] = github_token()
    known.look_ahead(said)
    assert scrubber.looks == 1
    assert [known.look(*one) for one in said] == [number != 7 for number in range(20)]


def test_many_spans_are_looked_at_in_one_go(scrubber):
    known = Vetted(scrubber)
    said = [("s", {"number": f"n{number}"}, {"text": f"text {number}"}) for number in range(20)]
    known.look_ahead(said)
    assert all(known.look(*one) for one in said)
    assert scrubber.looks == 1


@pytest.mark.parametrize("value", [["a"], {"a": 1}, object(), "\ud800", (object(),)])
def test_what_is_no_attribute_of_ours_is_left_to_the_long_way(value):
    known = Vetted(SCRUBBER)
    assert not known.look("s", {"a": value})
    known.look_ahead([("s", {"a": value}, {})])
    assert not known._known


def test_it_is_bounded(monkeypatch):
    monkeypatch.setattr(vetted, "_MOST", 10)
    monkeypatch.setattr(vetted, "_MOST_CHARS", 1000)
    known = Vetted(SCRUBBER)
    for number in range(100):
        known.look("s", {"number": number, "text": f"{number} " * 20})
        assert len(known._known) <= 10
        assert sum(len(str(value)) for _, value in known._known) <= 1000
    assert known.look("s", {"text": "a " * 600})
    assert len(known._known) <= 10


def test_equal_options_share_what_is_known():
    assert vetted_by(shared_scrubber(ScrubOptions())) is vetted_by(shared_scrubber(ScrubOptions()))
    assert vetted_by(shared_scrubber(ScrubOptions())) is not vetted_by(shared_scrubber(ScrubOptions(tag_key=b"k" * 16)))


@given(st.lists(TEXTS, max_size=6))
def test_texts_that_are_innocent_together_are_so_each_for_itself(texts):
    if SCRUBBER.are_innocent(texts):
        assert all(map(SCRUBBER.is_innocent, texts))
        assert all(SCRUBBER.scrub(text).value is text for text in texts)


@given(st.lists(TEXTS.filter(SCRUBBER.is_innocent), max_size=6))
def test_innocent_texts_are_mostly_so_together(texts):
    """It may be False where none of them says so; it is not, for texts as these."""
    assert SCRUBBER.are_innocent(texts)


def test_an_attribute_without_a_name_is_left_to_the_long_way():
    known = Vetted(SCRUBBER)
    assert not known.look("s", {"": github_token()})
    known.look_ahead([("s", {"": github_token()}, {})])
    assert not known._known
