"""``agent-otel doctor``: effective settings, endpoints reached, one test span acknowledged or the reason why not."""

from agent_otel.cli.doctor.command import DoctorRequest, examine

__all__ = ["DoctorRequest", "examine"]
