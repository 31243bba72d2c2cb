"""The processes of a server: one parent, its workers."""
