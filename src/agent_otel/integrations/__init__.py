"""Hooks into agent frameworks, one module each, through what the frameworks make public.

A module imports its framework, and is imported by name: ``agent_otel.integrations.openai_agents``. Nothing here imports
one that was not asked for.
"""
