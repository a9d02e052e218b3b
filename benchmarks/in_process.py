"""What one `tool_call` costs the agent's thread, beside the bare SDK's start and end of the same span.

A thin front of `bench.py`: arguments and result are dicts of 300 bytes each, which the user of the SDK has to turn into
JSON; 1, 4 and 16 threads, and asyncio. Ends with status 1 if a bridge's call takes more CPU than the SDK's.

    python benchmarks/in_process.py [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).parent))

from bench import progress, show
from peers.driver import play
from peers.measures import jobs
from peers.summary import Summary
from peers.table import CONTENDERS, OURS, REFERENCE


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [row for row in CONTENDERS if row.name in {OURS, REFERENCE}]
    chosen = [job for job in jobs() if job.measure == "thread" and job.condition.startswith("flat out")]
    summary = Summary(play(chosen, rows, options.rounds, progress))
    ratios = {job.condition: summary.ratio("thread", job.condition, OURS, "cpu_us") for job in chosen}
    if options.json:
        print(json.dumps({"ratios": ratios, "medians": summary.as_dict()}, indent=1))
    else:
        show(summary)
    sys.exit(0 if all(ratio is not None and ratio <= 1 for ratio in ratios.values()) else 1)


if __name__ == "__main__":
    main()
