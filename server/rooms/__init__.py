"""Rooms on a worker: state, joins, commands, due work. The features' rules plug into these."""
