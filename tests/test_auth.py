"""Tokens: who gets in, who doesn't, and why."""

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.access.auth import BadToken, Identity, TokenVerifier, mint
from server.access.secret import with_secret
from server.house import Settings
from server.protocol.plain_text import MARKS_MAX
from server.protocol.roles import Role
from server.rooms.room import STAFF
from server.settings import SettingsError

SECRET = "0123456789abcdef0123456789abcdef"
SETTINGS = Settings.model_validate({"jwt": {"secret": SECRET}})


def signed(algorithm: str = "HS256", key: Any = SECRET, **claims: Any) -> str:
    """A token with these claims, valid for a day unless they say otherwise."""
    whole = {"sub": "u1", "name": "Ana", "role": "viewer", "exp": time.time() + 86_400} | claims
    return jwt.encode(
        {name: value for name, value in whole.items() if value is not None}, key, algorithm
    )


def test_a_minted_token_says_who_it_is_for() -> None:
    token = mint(SETTINGS, "u1", Role.HOST, "Ana", ["a", "b"], ttl_s=60)

    assert TokenVerifier(SETTINGS).verify(token) == Identity(
        "u1", "Ana", Role.HOST, frozenset({"a", "b"})
    )


def test_a_token_without_rooms_is_for_all_and_one_with_none_is_for_none() -> None:
    everywhere = TokenVerifier(SETTINGS).verify(signed())
    nowhere = TokenVerifier(SETTINGS).verify(signed(rooms=[]))

    assert everywhere.may_enter("a")
    assert not nowhere.may_enter("a")


def test_name_and_role_may_be_left_out() -> None:
    identity = TokenVerifier(SETTINGS).verify(signed(name=None, role=None))

    assert identity == Identity("u1", "u1", Role.VIEWER, None)


REFUSED = [
    (signed(exp=time.time() - 60), "expired"),
    (signed(exp=None), "has no `exp`"),
    (signed(sub=None), "has no `sub`"),
    (signed(name="half an emoji \ud83d"), "`name` must be"),
    (signed(sub="\udc00"), "`sub` must be"),
    (signed(sub=""), "`sub` must be 1 to 64"),
    (signed(sub="x" * 65), "`sub` must be 1 to 64"),
    (signed(sub="a\nb"), "`sub` must be 1 to 64"),
    (signed(sub=STAFF), "`sub` must be 1 to 64"),
    (signed(name="x" * 41), "`name` must be at most 40"),
    (signed(name=7), "`name` must be at most 40"),
    (signed(role="guest"), "`role` must be one of viewer, merchant, moderator, host, admin"),
    (signed(role=["host"]), "`role` must be one of"),
    (signed(role="merchant", sub="a:b"), "`sub` of a merchant's token must be 1 to 24"),
    (signed(role="merchant", sub="x" * 25), "`sub` of a merchant's token must be 1 to 24"),
    (signed(rooms="a"), "`rooms` must be a list"),
    (signed(rooms=[1]), "`rooms` must be a list"),
    (signed(key="another secret that is long enough"), "not valid for this server"),
    (signed("HS384", key=SECRET * 2), "not valid for this server"),
    (signed("none", key=None), "not valid for this server"),
    ("", "not valid for this server"),
    ("not.a.token", "not valid for this server"),
    ("é" * 50, "not valid for this server"),
]


HIDING = [
    "u\x00x", "u\x1bx", "u\x7fx", "u\x85x", "u\x9bx", "u\u2028x", "u\u2029x", "u\u202ex",
    "u\u2066x", "u\u200bx", "u\u200dx", "u\u00adx", "u\ufeffx", "\u3164", "  ", "\u0301",
]  # fmt: skip
"""Ids in which nobody can see all characters, or any."""


@pytest.mark.parametrize("sub", HIDING, ids=ascii)
def test_a_user_with_characters_that_nobody_can_see_is_refused(sub: str) -> None:
    with pytest.raises(BadToken, match=r"`sub` must be 1 to 64 .* nobody can see"):
        TokenVerifier(SETTINGS).verify(signed(sub=sub))
    with pytest.raises(ValueError, match="nobody can see"):
        mint(SETTINGS, sub, Role.VIEWER)


@pytest.mark.parametrize("name", ["", " ", "\u200b\u200b", "\u3164", "\u202e", "\u0301", "\x9b"])
def test_a_name_that_shows_nothing_gives_way_to_the_user(name: str) -> None:
    assert TokenVerifier(SETTINGS).verify(signed(name=name)).name == "u1"
    assert TokenVerifier(SETTINGS).verify(mint(SETTINGS, "u1", Role.VIEWER, name)).name == "u1"


def test_a_name_is_cleaned_where_a_token_is_read() -> None:
    who = TokenVerifier(SETTINGS).verify(signed(name="\u202eA\u200bna\x9b\u2028" + "\u0301" * 9))
    assert who.name == "Ana " + "\u0301" * MARKS_MAX


@pytest.mark.parametrize(("token", "why"), REFUSED)
def test_a_token_that_is_wrong_is_refused_with_a_sentence(token: str, why: str) -> None:
    with pytest.raises(BadToken, match=why):
        TokenVerifier(SETTINGS).verify(token)


def test_a_little_clock_difference_is_forgiven() -> None:
    assert TokenVerifier(SETTINGS).verify(signed(exp=time.time() - 5)).user == "u1"


def test_nobody_is_given_a_token_that_would_be_refused() -> None:
    with pytest.raises(ValueError, match="`sub` must be"):
        mint(SETTINGS, "", Role.VIEWER)
    with pytest.raises(ValueError, match="`role` must be"):
        mint(SETTINGS, "u1", Role.GUEST)


def test_a_key_pair_signs_elsewhere_and_is_checked_here(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    public_file = tmp_path / "public.pem"
    public_file.write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    settings = Settings.model_validate(
        {"mode": "production", "jwt": {"algorithm": "ES256", "public_key_file": str(public_file)}}
    )
    verifier = TokenVerifier(settings)

    assert verifier.verify(signed("ES256", key=private)).user == "u1"
    with pytest.raises(BadToken):
        verifier.verify(signed())
    with pytest.raises(SettingsError, match="only the holder of the private key"):
        mint(settings, "u1", Role.VIEWER)


def test_a_public_key_that_can_not_be_read_is_a_sentence(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"jwt": {"algorithm": "ES256", "public_key_file": str(tmp_path / "none.pem")}}
    )

    with pytest.raises(SettingsError, match=r"jwt\.public_key_file .* can't be read: No such file"):
        TokenVerifier(settings)


def test_development_makes_one_secret_a_folder_and_keeps_it(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data": {"dir": str(tmp_path / "data")}})

    first, made = with_secret(settings)
    second, made_again = with_secret(settings)

    assert (made, made_again) == (True, False)
    assert first == second
    token = mint(first, "u1", Role.VIEWER)
    assert TokenVerifier(second).verify(token).user == "u1"
    file = tmp_path / "data" / "jwt_secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["jwt_secret"]


def test_a_secret_that_is_given_is_used_and_none_is_made(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data": {"dir": str(tmp_path / "data")}, "jwt": {"secret": SECRET}}
    )

    assert with_secret(settings) == (settings, False)
    assert not (tmp_path / "data").exists()


def test_roles_rise_from_guest_to_admin() -> None:
    assert list(Role) == ["guest", "viewer", "merchant", "moderator", "host", "admin"]
    assert Role.HOST.at_least(Role.MODERATOR)
    assert Role.HOST.at_least(Role.HOST)
    assert not Role.GUEST.at_least(Role.VIEWER)
