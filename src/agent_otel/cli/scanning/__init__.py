"""``agent-otel scan``: what would leave under the current policy, by rule and place, without sending anything."""

from agent_otel.cli.scanning.command import ScanRequest, scan_paths

__all__ = ["ScanRequest", "scan_paths"]
