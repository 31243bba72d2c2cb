"""`python -m server` is the `liveroom` command."""

import gc

gc.disable()  # a thousand modules and no garbage: to look through them again and again takes long

from server.cli.main import main  # noqa: E402 - see above

__all__ = ["main"]

gc.freeze()
gc.enable()

if __name__ == "__main__":
    main()
