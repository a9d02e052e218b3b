"""A signal interrupts between two steps, never in one; a second one does not wait."""

from __future__ import annotations

from collections.abc import Iterator
import signal

import pytest

from agent_otel.bridge.interruption import Interruption


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    made = Interruption()
    before = signal.getsignal(signal.SIGTERM)
    with made.of_signals():
        yield made
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_between_steps_a_signal_interrupts_at_once(interruption: Interruption, number: signal.Signals) -> None:
    with interruption:
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def test_a_step_is_finished_first(interruption: Interruption) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interruption:  # noqa: PT012  the whole step is what is asked about
        signal.raise_signal(signal.SIGTERM)
        done.append("step")
    assert done == ["step"]
    with interruption:
        done.append("next")
    assert done == ["step", "next"]


def test_a_step_may_be_left_where_it_says_so(interruption: Interruption) -> None:
    interruption.check()
    with pytest.raises(KeyboardInterrupt), interruption:  # noqa: PT012  as above
        signal.raise_signal(signal.SIGTERM)
        interruption.check()
        pytest.fail("went on")
    interruption.check()


def test_a_second_signal_does_not_wait(interruption: Interruption) -> None:
    with pytest.raises(KeyboardInterrupt), interruption:  # noqa: PT012  as above
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on")


def test_an_error_of_the_step_itself_wins(interruption: Interruption) -> None:
    with pytest.raises(ValueError, match="own"), interruption:  # noqa: PT012  as above
        signal.raise_signal(signal.SIGTERM)
        raise ValueError("own")
    interruption.check()
