"""Claude Code: session files (JSON lines, versions 1.0 to 2.1) and those of their sub-agents.

One run per prompt, one model call per ``message.id``, one tool call per ``tool_use`` block, sub-agents below the call
that started them. Lineage, under ``claude_code.``: ``version`` and ``entrypoint`` of sessions and runs; ``request.id``
and ``output.dropped_parts`` of model calls; ``task.duration_ms``, ``task.async`` and ``tool.exit_code`` of tool calls.
Working directories, branches and file paths are told by no attribute.
"""

from agent_otel.sources.claude_code.source import ClaudeCodeSource

__all__ = ["ClaudeCodeSource"]
