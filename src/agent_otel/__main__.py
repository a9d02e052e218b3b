"""``python -m agent_otel``: the command."""

from agent_otel.cli import main

main()
