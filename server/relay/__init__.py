"""A small media server for development: WHIP in, WHEP out, by aiortc.

It stands for a real one (docs/media.md), speaks to pages and to our server as MediaMTX does, and is
a process of its own: encoding pictures must not make rooms wait. It is bounded in senders, viewers
and time, listens where the server does, and is refused outside development.
"""
