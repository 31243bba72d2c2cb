"""What is told of a running server: logs, metrics, how late the loop is."""
