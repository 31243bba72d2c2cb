"""Tokens that are read without PyJWT are read as it reads them; those once read are remembered."""

import base64
import json
import time
import warnings
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.auth import BadToken, TokenVerifier, mint
from server.access.plain_token import plain_claims
from server.access.verified_tokens import VerifiedTokens
from server.house import Settings
from server.protocol.roles import Role

SECRET = "0123456789abcdef0123456789abcdef"
SETTINGS = Settings.model_validate({"jwt": {"secret": SECRET}})
LEEWAY_S = 5.0
FAR_S = 10_000


def times() -> st.SearchStrategy[Any]:
    """Times well before or after now, and what is no time."""
    now = int(time.time())
    odd: list[Any] = [None, True, "1", str(now + FAR_S), [], {}, 1e400, float("nan"), -1, 2**70, 0]
    return st.sampled_from([now - FAR_S, now + FAR_S, now + FAR_S + 0.5, now - 60.5, *odd])


def claims() -> st.SearchStrategy[Any]:
    fields: dict[str, Any] = {
        "sub": st.sampled_from(["u1", "", None, 7, "é", "\ud83d", "主播"]),
        "exp": times(),
        "iat": times(),
        "nbf": times(),
        "jti": st.sampled_from(["a", 7, None]),
        "aud": st.sampled_from(["a", "", ["b"], ["x", "a"], ["a", 7], [], None, {"a": 1}, 7]),
        "iss": st.sampled_from(["me", "", None, ["me"], 7]),
        "name": st.sampled_from(["Ana", 3]),
    }
    good = st.fixed_dictionaries(
        {"sub": st.just("u1"), "exp": st.just(int(time.time()) + FAR_S)},
        optional={name: value for name, value in fields.items() if name not in ("sub", "exp")},
    )
    return st.one_of(
        good, st.fixed_dictionaries({}, optional=fields), st.sampled_from([[], 7, "x"])
    )


HEADERS = st.sampled_from(
    [
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "HS256"},
        {"alg": "HS256", "kid": "k1"},
        {"alg": "HS256", "kid": 7},
        {"alg": "HS256", "crit": ["x"]},
        {"alg": "HS256", "b64": False},
        {"alg": "HS256", "cty": "x"},
        {"alg": "none"},
        {"alg": "HS384"},
        {"alg": ["HS256"]},
        ["HS256"],
    ]
)


def segment(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@st.composite
def tokens(draw: st.DrawFn) -> str:
    """Signed with our key mostly, and sometimes not quite a token."""
    signed = f"{segment(draw(HEADERS))}.{segment(draw(claims()))}"
    key = SECRET if draw(st.integers(0, 9)) else "another secret that is long enough"
    signature = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), key.encode())
    token = f"{signed}.{segment(signature)}"
    at = draw(st.integers(0, len(token)))
    odd = [token] * 8
    odd += [token[:at], token[:at] + "=" + token[at:], token[:at] + "." + token[at:], token + "="]
    odd += [token[:at] + "\n" + token[at:], token[:at] + "é" + token[at + 1 :], token.swapcase()]
    odd += [token[:at] + draw(st.sampled_from("AB_-+/ ")) + token[at + 1 :]]
    return draw(st.sampled_from(odd))


@given(tokens(), st.sampled_from(["", "me"]), st.sampled_from([(), ("a",), ("z", "b")]))
def test_a_plain_token_has_the_claims_that_pyjwt_finds(
    token: str, issuer: str, audience: tuple[str, ...]
) -> None:
    found = plain_claims(token, SECRET.encode(), time.time(), LEEWAY_S, issuer, audience)
    if found is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = jwt.decode(
            token,
            SECRET,
            algorithms=["HS256"],
            leeway=LEEWAY_S,
            issuer=issuer or None,
            audience=audience or None,
            options={"require": ["exp", "sub"], "verify_aud": bool(audience)},
        )
    assert repr(found) == repr(theirs)


def test_usual_tokens_are_plain_until_they_expire() -> None:
    for token in (
        mint(SETTINGS, "u1", Role.VIEWER, "主播", ["a"], ttl_s=60),
        jwt.encode({"sub": "u", "exp": time.time() + 60.5, "nbf": 1}, SECRET, headers={"kid": "1"}),
    ):
        now_s = time.time()
        assert plain_claims(token, SECRET.encode(), now_s, LEEWAY_S) is not None
        assert plain_claims(token, SECRET.encode(), now_s + 61 + LEEWAY_S, LEEWAY_S) is None


FUTURE = {"sub": "u1", "exp": int(time.time()) + FAR_S}


def with_our_signature(payload: str, header: Any = None) -> str:
    signed = f"{segment(header or {'alg': 'HS256'})}.{payload}"
    signature = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), SECRET.encode())
    return f"{signed}.{segment(signature)}"


_TIGHT = segment(json.dumps(FUTURE).encode() + b" " * (-len(json.dumps(FUTURE)) % 3 + 1))
LOOSE = _TIGHT[:-1] + chr(ord(_TIGHT[-1]) + 1)
"""The same bytes, with a bit set that the last letter has too many."""


@pytest.mark.parametrize(
    "token",
    [
        with_our_signature(segment(FUTURE | {"nbf": int(time.time()) + FAR_S})),
        with_our_signature(segment(FUTURE | {"iat": int(time.time()) + FAR_S})),
        with_our_signature(segment(FUTURE | {"sub": 7})),
        with_our_signature(segment(FUTURE | {"jti": 7})),
        with_our_signature(segment(FUTURE) + "=" * (-len(segment(FUTURE)) % 4) + "\n"),
        with_our_signature(LOOSE),
        with_our_signature(segment(FUTURE), {"alg": "HS256", "crit": ["x"]}),
        with_our_signature(segment(FUTURE))[:-1] + "_",
    ],
    ids=["later", "issued later", "sub", "jti", "line end", "loose bits", "crit", "signature"],
)
def test_an_unusual_token_is_left_to_pyjwt(token: str) -> None:
    assert plain_claims(token, SECRET.encode(), time.time(), LEEWAY_S) is None


def test_only_so_many_tokens_are_remembered_and_the_one_used_last_stays() -> None:
    kept: VerifiedTokens[str] = VerifiedTokens(2)
    one, two, three = map(kept.name_of, ("one", "two", "three"))
    kept.keep(one, 100, "1")
    kept.keep(two, 100, "2")
    assert kept.get(one, 50) == "1"
    kept.keep(three, 100, "3")
    assert [kept.get(name, 50) for name in (one, two, three)] == ["1", None, "3"]
    assert len(kept) == 2


def test_a_remembered_token_ends_at_its_time_and_at_a_sign_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: set[str] = set()
    verifier = TokenVerifier(SETTINGS, lambda user, _: user in ended)
    token, other = (mint(SETTINGS, user, Role.VIEWER, ttl_s=60) for user in ("u1", "u2"))
    first = verifier.verify(token)
    assert verifier.verify(token) is first
    verifier.verify(other)

    ended.add("u2")
    with pytest.raises(BadToken, match="signed out"):
        verifier.verify(other)
    later = time.time() + 61 + SETTINGS.jwt.leeway_s
    monkeypatch.setattr("server.access.auth.time.time", lambda: later)
    assert verifier._verified.get(verifier._verified.name_of(token), later) is None


def test_another_key_remembers_nothing_of_the_first() -> None:
    token = mint(SETTINGS, "u1", Role.VIEWER)
    TokenVerifier(SETTINGS).verify(token)
    other = Settings.model_validate({"jwt": {"secret": SECRET[::-1]}})
    with pytest.raises(BadToken):
        TokenVerifier(other).verify(token)
