"""Ways in from outside: files and streams become groups of documents, read line by line in bounded memory."""

from agent_otel.intake.groups import AUTO, STDIN, Group, discover
from agent_otel.intake.inputs import FileInput, Progress, StreamInput
from agent_otel.intake.lines import MAX_DEPTH, MAX_LINE_BYTES, Line, parse_line, read_lines
from agent_otel.intake.replay import Replay
from agent_otel.intake.resume import ResumeStore, default_state_directory
from agent_otel.intake.walk import OnSkip, Skipped
from agent_otel.intake.whole import MAX_DOCUMENT_BYTES, read_records

__all__ = [
    "AUTO",
    "MAX_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "MAX_LINE_BYTES",
    "STDIN",
    "FileInput",
    "Group",
    "Line",
    "OnSkip",
    "Progress",
    "Replay",
    "ResumeStore",
    "Skipped",
    "StreamInput",
    "default_state_directory",
    "discover",
    "parse_line",
    "read_lines",
    "read_records",
]
