"""`python -m loadtest COMMAND`: rehearsals, benchmarks, torture."""

import importlib
import sys
from importlib.util import find_spec

_COMMANDS = {
    "load": ("loadtest.launch",),
    "compare": ("loadtest.compare",),
    "bench-fanout": ("loadtest.bench_fanout",),
    "bench-orders": ("loadtest.bench_orders",),
    "bench-auction": ("loadtest.bench_auction",),
    "bench-archive": ("loadtest.bench_archive",),
    "bench-search": ("loadtest.bench_search",),
    "bench-feed": ("loadtest.bench_feed",),
    "bench-feed-service": ("loadtest.bench_feed_service",),
    "bench-split": ("loadtest.bench_split",),
    "bench-idle": ("loadtest.bench_idle",),
    "bench": (
        *("loadtest.bench_fanout", "loadtest.bench_orders", "loadtest.bench_archive"),
        *("loadtest.bench_search", "loadtest.bench_split", "loadtest.bench_idle"),
    ),
    "fit": ("loadtest.fitting",),
    "simulate": ("loadtest.simulation.__main__",),
    "torture": ("loadtest.torture",),
}


def main(argv: list[str]) -> int:
    """Run the modules of a command with the other arguments; the worst of their exit codes."""
    known = {name: modules for name, modules in _COMMANDS.items() if all(map(find_spec, modules))}
    if not argv or argv[0] not in known:
        print(f"Usage: python -m loadtest {'|'.join(known)} ... (--help after it says more)")
        return 2
    if len(known[argv[0]]) > 1 and len(argv) > 1:
        print(f"`{argv[0]}` runs several benchmarks and takes no arguments: give them to one.")
        return 2
    codes = [importlib.import_module(module).main(argv[1:]) for module in known[argv[0]]]
    return max(code or 0 for code in codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
