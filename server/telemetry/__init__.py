"""Telemetry of a running server: logs, metrics, lag of the event loop."""
