"""The wire protocol, version 1: pure data, no I/O.

`message` has the bases of commands, replies and events; `joining` has `join` and its reply; `room`
has the room view; `fields` has the bounded values; `codes` has errors and close codes; `codec`
turns messages into bytes and back. Features define the other messages.
"""
