"""Which keys count, and with which sentence a file of others is refused."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from server.access.auth import BadToken, TokenVerifier, UnknownKey
from server.access.key_set import TRIED_MAX, BadKeys, read_key_set
from server.settings import Settings, SettingsError
from tests.access.key_house import SigningKey, jwks, segment, signing_key

ALGORITHMS = ("RS256", "ES256", "EdDSA")
ONE = signing_key("one")
SECRET = "0123456789abcdef0123456789abcdef"


def with_file(tmp_path: Path, text: bytes | str, **jwt_settings: Any) -> Settings:
    file = tmp_path / "keys"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    section = {"algorithm": "ES256", "public_key_file": str(file)} | jwt_settings
    return Settings.model_validate({"jwt": section})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_several_keys_of_a_file_count_at_once(algorithm: str, tmp_path: Path) -> None:
    keys = [signing_key(kid, algorithm) for kid in ("a", "b")]
    for text in (jwks(*keys), keys[0].pem + "a comment\n" + keys[1].pem):
        verifier = TokenVerifier(with_file(tmp_path, text, algorithm=algorithm))
        for key in keys:
            assert verifier.verify(key.token(f"of-{key.kid}")).user == f"of-{key.kid}"
            assert verifier.verify(key.token(f"of-{key.kid}", kid=None)).user == f"of-{key.kid}"
        with pytest.raises(BadToken, match="not valid"):
            verifier.verify(signing_key("a", algorithm, 1).token())


def test_a_token_counts_only_with_the_key_that_it_names(tmp_path: Path) -> None:
    a, b = signing_key("a"), signing_key("b")
    verifier = TokenVerifier(with_file(tmp_path, jwks(a, b)))
    with pytest.raises(BadToken, match="not valid"):
        verifier.verify(a.token(kid="b"))
    with pytest.raises(UnknownKey):
        verifier.verify(a.token(kid="c"))


def test_a_token_without_kid_is_not_tried_with_any_number_of_keys(tmp_path: Path) -> None:
    keys = [signing_key(str(n)) for n in range(TRIED_MAX + 1)]
    verifier = TokenVerifier(with_file(tmp_path, jwks(*keys)))
    assert verifier.verify(keys[0].token()).user == "u1"
    with pytest.raises(BadToken, match="does not name its key"):
        verifier.verify(keys[0].token(kid=None))


def altered(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in (ONE.jwk | fields).items() if value is not None}


def _p384() -> dict[str, Any]:
    public = ec.generate_private_key(ec.SECP384R1()).public_key()
    return dict(jwt.get_algorithm_by_name("ES384").to_jwk(public, as_dict=True))


def _private() -> dict[str, Any]:
    whole: dict[str, Any] = jwt.get_algorithm_by_name("ES256").to_jwk(ONE.private, as_dict=True)
    return {name: value for name, value in whole.items() if name != "key_ops"}


NOT_OURS: dict[str, Any] = {
    "none": altered(alg="none"),
    "secret": {"kty": "oct", "k": segment(SECRET.encode()), "alg": "HS256", "kid": "s"},
    "secret under our alg": {"kty": "oct", "k": segment(SECRET.encode()), "alg": "ES256"},
    "private half": _private(),
    "RSA": signing_key("r", "RS256").jwk,
    "Ed25519": signing_key("e", "EdDSA").jwk,
    "another curve": _p384(),
    "another alg": altered(alg="ES384"),
    "to encrypt": altered(use="enc"),
    "to sign": altered(key_ops=["sign"]),
    "odd key_ops": altered(key_ops="verify"),
    "no point": altered(x=segment(b"\0" * 32)),
    "half a point": altered(y=None),
    "odd point": altered(x=7),
    "odd kid": altered(kid=7),
    "long kid": altered(kid="k" * 257),
    "no object": "a key",
    "nothing": {},
}


@pytest.mark.parametrize("jwk", NOT_OURS.values(), ids=NOT_OURS)
def test_a_key_that_is_not_for_our_tokens_counts_nowhere(jwk: Any, tmp_path: Path) -> None:
    text = jwks(ONE, jwk)
    assert len(read_key_set(text, "ES256", 16)) == 1  # a URL has keys for others too
    with pytest.raises(SettingsError, match=r"holds a key that is not used: key 2 of 2 .*\.$"):
        TokenVerifier(with_file(tmp_path, text))
    with pytest.raises(BadKeys, match="no key for ES256"):
        read_key_set(jwks(jwk), "ES256", 16)


def small_rsa() -> SigningKey:
    return SigningKey(None, "RS256", rsa.generate_private_key(65537, 1024))


FILES: dict[str, tuple[Any, str]] = {
    "more than are read": (jwks(*(signing_key(str(n)) for n in range(3))), "holds 3 keys, and no"),
    "more PEM than are read": ("".join(signing_key(str(n)).pem for n in range(3)), "holds 3 keys"),
    "no keys": (jwks(), "has no key"),
    "no JSON": (b'{"keys": [', "is no JSON"),
    "deep": (b'{"keys": ' + b"[" * 100_000, "is no JSON"),
    "a list": (b"[]", "is no JWKS"),
    "keys of another type": (b'{"keys": {}}', "is no JWKS"),
    "nothing": (b"", "can't be read for ES256"),
    "no text": (b"\xff\xfe", "is no text"),
    "private": (ONE.private_pem, "holds a private key"),
    "half a block": (ONE.pem + "-----BEGIN PUBLIC KEY-----\nMF", "not whole"),
    "too big": (json.dumps({"keys": [], "x": "y" * 200_000}).encode(), "larger than 150000 b"),
}


@pytest.mark.parametrize(("text", "why"), FILES.values(), ids=FILES)
def test_a_file_that_can_not_be_used_is_refused_with_a_sentence(
    text: Any, why: str, tmp_path: Path
) -> None:
    settings = with_file(tmp_path, text, keys_max=2, jwks_bytes_max=150_000)
    with pytest.raises(SettingsError, match=rf"^jwt\.public_key_file .*{why}.*\.$"):
        TokenVerifier(settings)


def test_a_small_rsa_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="2048 to 8192 bits"):
        TokenVerifier(with_file(tmp_path, small_rsa().pem, algorithm="RS256"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_key_is_no_secret_and_none_is_no_algorithm(algorithm: str, tmp_path: Path) -> None:
    key = signing_key("a", algorithm)
    claims = segment({"sub": "u1", "exp": 9_999_999_999})
    tokens = []
    for alg in ("none", "None", "HS256", "HS512", "RS256", "ES256", "EdDSA", "PS256", "", None, 7):
        for kid in ({}, {"kid": "a"}, {"jwk": key.jwk}, {"jku": "http://evil.example/k"}):
            signed = f"{segment({'alg': alg, 'typ': 'JWT'} | kid)}.{claims}"
            tokens.append(f"{signed}.")
            for secret in (key.pem.encode(), jwks(key), b""):
                hashed = jwt.get_algorithm_by_name("HS256").sign(signed.encode(), secret)
                tokens.append(f"{signed}.{segment(hashed)}")
    for text in (key.pem, jwks(key)):
        verifier = TokenVerifier(with_file(tmp_path, text, algorithm=algorithm))
        for token in tokens:
            with pytest.raises(BadToken):
                verifier.verify(token)


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_aud_and_iss_are_checked_where_they_are_set(algorithm: str, tmp_path: Path) -> None:
    key, section = signing_key("a"), {"audience": ["live", "beta"], "issuer": "https://shop"}
    if algorithm == "HS256":
        settings = Settings.model_validate({"jwt": {"secret": SECRET} | section})
    else:
        settings = with_file(tmp_path, jwks(key), **section)

    def token(**claims: Any) -> str:
        if algorithm == "ES256":
            return key.token(**claims)
        return jwt.encode({"sub": "u1", "exp": 9_999_999_999} | claims, SECRET)

    verifier = TokenVerifier(settings)
    for aud in ("live", ["other", "beta"]):
        assert verifier.verify(token(aud=aud, iss="https://shop")).user == "u1"
    for claims, why in (
        ({"aud": "other", "iss": "https://shop"}, "`aud` names others"),
        ({"aud": ["live", 7], "iss": "https://shop"}, "`aud` names others"),
        ({"aud": {"live": 1}, "iss": "https://shop"}, "`aud` names others"),
        ({"iss": "https://shop"}, "has no `aud`"),
        ({"aud": "", "iss": "https://shop"}, "has no `aud`"),
        ({"aud": "live", "iss": "https://shop/"}, "`iss` is not who"),
        ({"aud": "live", "iss": "https://evil"}, "`iss` is not who"),
        ({"aud": "live"}, "has no `iss`"),
    ):
        with pytest.raises(BadToken, match=why):
            verifier.verify(token(**claims))


WRONG_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"algorithm": "EdDSA"}, "needs either"),
    "both": ({"algorithm": "ES256", "public_key_file": "k", "jwks_url": "https://a/k"}, "either"),
    "HS256": ({"jwks_url": "https://a.example/k", "secret": SECRET}, "HS256 needs a secret one"),
    "user in the URL": ({"algorithm": "ES256", "jwks_url": "https://u:p@a/k"}, "jwks_url"),
    "a file": ({"algorithm": "ES256", "jwks_url": "file:///etc/passwd"}, "jwks_url"),
    "plain http": ({"algorithm": "ES256", "jwks_url": "http://a.example/k"}, "must be https"),
}


@pytest.mark.parametrize(("section", "why"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_settings_that_do_not_fit_together_are_refused(section: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Settings.model_validate({"mode": "production", "jwt": section})
