"""The numbers a host steers by: a pure fold of ledger and timeline (docs/metrics.md)."""
