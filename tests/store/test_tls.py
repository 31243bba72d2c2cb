"""A Redis behind TLS whose certificate an authority of one's own has signed."""

import datetime
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis

from loadtest.fanout.ready import free_port
from server.settings.sections import Redis as RedisSettings
from server.store import redis_program
from server.store.client import RedisUnusable, check, connect
from tests.cluster.redis_cluster import until
from tests.store.test_client import redis_process

# Certificates are read when a connection is made.
pytestmark = pytest.mark.blocking_allowed

SETTINGS = RedisSettings(connect_timeout_s=30, command_timeout_s=30, durability="memory")


class Certificates(NamedTuple):
    """Files in one folder: the authority's certificate, and the server's with its key."""

    authority: Path
    server: Path
    key: Path

    @property
    def options(self) -> tuple[str, ...]:
        """What redis-server is told of them."""
        return (
            *("--tls-cert-file", str(self.server), "--tls-key-file", str(self.key)),
            *("--tls-ca-cert-file", str(self.authority), "--tls-auth-clients", "no"),
        )


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signed_by: tuple[str, ec.EllipticCurvePrivateKey]
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    is_authority = name == signed_by[0]
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(signed_by[0]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(signed_by[1], hashes.SHA256())
    )


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """An authority nobody else knows, and a server's certificate it has signed."""
    files = Certificates(*(tmp_path / name for name in ("ca.pem", "server.pem", "server.key")))
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Test CA", authority_key, ("Test CA", authority_key))
    certificate = _certificate("127.0.0.1", key, ("Test CA", authority_key))
    pem = serialization.Encoding.PEM
    files.authority.write_bytes(authority.public_bytes(pem))
    files.server.write_bytes(certificate.public_bytes(pem))
    files.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@asynccontextmanager
async def behind_tls(certificates: Certificates, folder: Path, *more: str) -> AsyncIterator[int]:
    """A redis-server that speaks TLS alone; its port."""
    program = await redis_program.find()
    port = free_port()
    options = ("--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", "")
    try:
        async with redis_process(*options, "--dir", str(folder), *certificates.options, *more):
            yield port
    except AssertionError as ended:
        if "redis-server ended" in str(ended):
            pytest.skip(f"{program.path} was built without TLS")
        raise


async def works(url: str) -> bool:
    """Whether a server could start on it, and writes are read again."""
    await check(url, SETTINGS)
    redis = connect(url, SETTINGS)
    try:
        await redis.set("a", "1")
        return bool(await redis.get("a") == b"1")
    finally:
        await redis.aclose()


async def test_one_server_is_trusted_by_the_authority_in_its_url(
    certificates: Certificates, tmp_path: Path
) -> None:
    async with behind_tls(certificates, tmp_path) as port:
        url = f"rediss://127.0.0.1:{port}/0"

        assert await works(f"{url}?ssl_ca_certs={certificates.authority}")
        with pytest.raises(RedisUnusable, match="certificate verify failed") as refused:
            await works(url)
    assert "\n" not in str(refused.value)


async def test_sentinels_and_their_primary_are_trusted_by_the_authority_in_the_url(
    certificates: Certificates, tmp_path: Path
) -> None:
    async with behind_tls(certificates, tmp_path) as port:
        asked = free_port()
        config = tmp_path / "sentinel.conf"
        named = zip(*[iter(certificates.options)] * 2, strict=True)
        config.write_text(
            f"port 0\ntls-port {asked}\nbind 127.0.0.1\ndir {tmp_path}\ntls-replication yes\n"
            f"sentinel monitor shop 127.0.0.1 {port} 1\n"
            + "".join(f"{name.removeprefix('--')} {value}\n" for name, value in named)
        )
        async with redis_process(str(config), "--sentinel"):
            url = f"rediss+sentinel://127.0.0.1:{asked}/shop"

            assert await works(f"{url}?ssl_ca_certs={certificates.authority}")
            with pytest.raises(RedisUnusable, match="certificate verify failed") as refused:
                await works(url)
    assert "\n" not in str(refused.value)


async def test_a_clusters_nodes_are_trusted_by_the_authority_in_the_url(
    certificates: Certificates, tmp_path: Path
) -> None:
    if (await redis_program.find()).release.version < (7, 0):
        pytest.skip("needs redis-server 7.0 or newer on PATH")
    more = ("--cluster-enabled", "yes", "--tls-cluster", "yes")
    async with behind_tls(certificates, tmp_path, *more) as port:
        authority = str(certificates.authority)
        async with Redis(host="127.0.0.1", port=port, ssl=True, ssl_ca_certs=authority) as node:
            await node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)

            async def serves() -> bool:
                return "cluster_state:ok" in str(
                    await node.execute_command("CLUSTER", "INFO")
                ).replace("': '", ":")

            await until(serves)
        url = f"rediss+cluster://127.0.0.1:{port}"

        assert await works(f"{url}?ssl_ca_certs={certificates.authority}")
        with pytest.raises(RedisUnusable, match="certificate verify failed"):
            await works(url)
