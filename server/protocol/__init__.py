"""The wire protocol, version 1: pure data, no I/O.

Open `commands` for what a client may say, `events` for what it hears, `models` for the nouns both
carry, `codes` for errors and close codes, `codec` for bytes.
"""
