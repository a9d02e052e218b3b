"""OpenTelemetry for AI agents: what an agent did, as spans and metrics, with nothing leaving that should not."""
