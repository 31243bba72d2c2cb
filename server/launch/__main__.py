"""`python -m liveroom` is the command `liveroom`, where a wheel is installed."""

from . import main

main()
