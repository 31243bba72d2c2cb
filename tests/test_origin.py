"""Origins, host names and addresses: what is our own, and what is this machine."""

import pytest

from server.access.origin import (
    base_url,
    is_loopback_address,
    is_loopback_name,
    is_own_origin,
    origin_of,
)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("::", "http://[::]:80"),
        ("live.example", "http://live.example:80"),
    ],
)
def test_an_ipv6_address_stands_in_brackets(host: str, url: str) -> None:
    assert base_url(host, 80) == url


@pytest.mark.parametrize(
    "text", ["null", "", "live.example", "http://", "http://[", "http://a b", "ws://a", "http://a/"]
)
def test_a_text_that_is_no_web_origin_is_nobodys(text: str) -> None:
    assert origin_of(text) is None
    assert not is_own_origin(text, "a", "http://a")
    assert not is_own_origin(text, text, text)


def test_a_default_port_is_the_same_written_or_not() -> None:
    assert origin_of("https://A.example:443") == origin_of("https://a.example")
    assert origin_of("http://a.example:443") != origin_of("https://a.example")
    assert is_own_origin("https://a.example", "a.example:443")
    assert not is_own_origin("http://a.example", "a.example:443")


def test_the_public_url_is_our_own_whatever_host_is_asked_for() -> None:
    assert is_own_origin("https://a.example:8443", "10.0.0.1", "https://a.example:8443")
    assert not is_own_origin("https://a.example", "10.0.0.1", "https://a.example:8443")


@pytest.mark.parametrize("name", ["localhost", "LocalHost.", "a.localhost", "127.1.2.3", "[::1]"])
def test_names_that_only_mean_this_machine(name: str) -> None:
    assert is_loopback_name(name)


@pytest.mark.parametrize(
    "name", ["", "0.0.0.0", "::", "a.example", "localhost.a.example", "notlocalhost", "127.0.0.1.a"]
)
def test_names_that_may_mean_another_machine(name: str) -> None:
    assert not is_loopback_name(name)


@pytest.mark.parametrize(
    ("address", "here"),
    [("::ffff:127.0.0.1", True), ("::1%lo", True), ("::ffff:10.0.0.1", False), ("x", False)],
)
def test_an_address_is_this_machine_however_it_is_written(address: str, here: bool) -> None:
    assert is_loopback_address(address) == here
