"""``python -m agent_otel.cli``."""

from agent_otel.cli import main

main()
