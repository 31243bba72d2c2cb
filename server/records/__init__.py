"""The records: what outlasts a room, in SQL. Redis holds what is hot.

The engine's part: where the database is, its connections, its upgrades, who may do a task alone.
The tables belong to features.
"""
