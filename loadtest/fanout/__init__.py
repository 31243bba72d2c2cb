"""The parts of the fan-out benchmark; `loadtest.bench_fanout` is the command.

`contenders` starts servers, `client` (and `slow_client` where no compiler is) reads from them,
`process` measures what they cost, `table` and `picture` print what came out.
"""
