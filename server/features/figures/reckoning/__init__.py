"""Pure: lines and facts in, figures out (docs/metrics.md)."""
