"""Which program answers, and which will do."""

import pytest

from server.store.release import SUPPORTED, Release, Releases


@pytest.mark.parametrize(
    ("info", "called"),
    [
        ({"redis_version": "7.0.15"}, "Redis 7.0.15"),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "Valkey 9.1.2"),
        ({"redis_version": "8.0.0-rc1"}, "Redis 8.0.0"),
        ({}, "Redis ?"),
    ],
)
def test_the_release_is_told_by_info_and_valkey_by_its_own_version(
    info: dict[str, str], called: str
) -> None:
    assert str(Release.told_by(info)) == called


def test_a_version_that_is_not_told_will_not_do() -> None:
    assert not SUPPORTED.include(Release.told_by({}))


def test_each_program_has_an_oldest_version_or_none_that_will_do() -> None:
    only_valkey = Releases(redis=None, valkey=(9, 0))

    assert only_valkey.include(Release("valkey", (9, 1, 2)))
    assert not only_valkey.include(Release("valkey", (8, 1, 1)))
    assert not only_valkey.include(Release("redis", (99, 0, 0)))
    assert str(only_valkey) == "Valkey 9.0 or newer"
    assert str(SUPPORTED) == "Redis 6.2 or Valkey 7.2 or newer"
