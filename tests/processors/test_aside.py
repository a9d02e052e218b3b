from __future__ import annotations

from agent_otel.processors import Aside


def test_aside_runs_jobs_in_order_and_survives_what_they_raise():
    aside, told = Aside("test-aside"), []

    def fail():
        raise ValueError

    assert aside.run(fail).wait(10)
    first, second = aside.run(lambda: told.append(1)), aside.run(lambda: told.append(2))
    assert first.wait(10)
    assert second.wait(10)
    assert told == [1, 2]
    aside.stop()
    assert aside.run(lambda: told.append(3)).is_set()
    assert told == [1, 2]
