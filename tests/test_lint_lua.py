"""What luacheck says of composed scripts is told of the files they are made of."""

import shutil

import pytest

from tests.lint_lua import lint, places

HEAD = "local K = { room = KEYS[1] }\nlocal A = cmsgpack.unpack(ARGV[1])\n"
PRELUDE = "-- A prelude.\nlocal function used() return 1 end\nlocal function spare() return 2 end\n"
needs_luacheck = pytest.mark.skipif(not shutil.which("luacheck"), reason="luacheck is missing")


def compose(body: str) -> tuple[str, dict[str, str]]:
    return HEAD + PRELUDE + body, {"_prelude.lua": PRELUDE, "script.lua": body}


def test_each_line_is_found_in_the_file_it_comes_from() -> None:
    text, parts = compose("-- A script.\nreturn used()\n")
    found = places(text, parts)
    lines = text.splitlines()
    assert {n for n in range(1, len(lines) + 1) if n not in found} == {1, 2}
    for n, place in found.items():
        if n <= len(lines):
            assert lines[n - 1] == parts[place.path].splitlines()[place.line - 1]


@needs_luacheck
def test_an_unused_local_and_an_undefined_name_are_told_with_their_line() -> None:
    text, parts = compose("local unused = used()\nreturn spare() + nobody(K, A)\n")
    found = [(f.place.path, f.place.line, f.code) for f in lint({"script": text}, parts)]
    assert found == [("script.lua", 1, "W211"), ("script.lua", 2, "W113")]


@needs_luacheck
def test_a_prelude_function_is_unused_only_if_no_script_uses_it() -> None:
    one, parts = compose("return used() + K.n + A.n\n")
    other_body = "return spare() + K.n + A.n\n"
    both = {"one": one, "other": HEAD + PRELUDE + other_body}
    assert lint(both, parts | {"other.lua": other_body}) == []
    (spare,) = lint({"one": one}, parts)
    assert (spare.place.path, spare.place.line, spare.code) == ("_prelude.lua", 3, "W211")
