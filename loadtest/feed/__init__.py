"""The parts of the feed's evaluation; `loadtest.bench_feed` is the command.

`market` makes people, hosts, notes and rooms, `interactions` reads those of a file; `rankers` are
ours and the baselines, `replay` shows each of them what happened and asks before each choice,
`measures` counts, `month` gives newcomers their impressions.
"""
