"""A process that has a spool of its own, told what to do line by line."""

from __future__ import annotations

from contextlib import contextmanager, suppress
import json
import os
from pathlib import Path
import signal
import subprocess
import sys

TESTS = Path(__file__).parent.parent


class SpoolProcess:
    """Evaluates expressions in another process, in which ``do`` has this module's functions."""

    def __init__(self, directory, *, before="", **options):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(Path(__file__)), str(directory), before],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
            text=True,
            **options,
        )
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, expression):
        """Start an evaluation."""
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()

    def answer(self):
        """Await its result."""
        line = self.process.stdout.readline()
        assert line, "the process has died"
        return json.loads(line)

    def do(self, expression):
        self.tell(expression)
        return self.answer()

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, number=None):
        """End it by a signal, or gently, and await its end."""
        if number is not None:
            self.process.send_signal(number)
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        return status


@contextmanager
def spool_process(directory, **kwargs):
    process = SpoolProcess(directory, **kwargs)
    try:
        yield process
    finally:
        process.end(signal.SIGKILL)


def main() -> None:
    from agent_otel.delivery import spool as spool_module
    from delivery import spool_values
    from delivery.spool_values import everything, numbers

    names = {
        **vars(spool_values),
        **vars(spool_module),
        "directory": Path(sys.argv[1]),
        "os": os,
        "signal": signal,
        "sys": sys,
    }
    exec(sys.argv[2], names)

    def opened(**kwargs):
        names["spool"] = spool_module.Spool.open(Path(sys.argv[1]), **kwargs)
        return str(names["spool"].path)

    def adopted():
        names["adoption"] = spool_module.adopt_spools(Path(sys.argv[1]), spool_values.NOW)
        return [number for each in names["adoption"].spools for number in numbers(everything(each))]

    def refused_by(action):
        try:
            action()
        except spool_module.SpoolError as error:
            return error.reason

    names |= {"opened": opened, "adopted": adopted, "refused_by": refused_by}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(eval(line, names), default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
