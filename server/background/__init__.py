"""Background tasks: their owners, and the log and metric of their failures."""
