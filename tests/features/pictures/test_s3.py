"""A bucket: signed as AWS's own examples are, against a server that checks every signature."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.features.pictures.s3 import BucketStorage
from server.features.pictures.sigv4 import S3Key, quoted_path, signed_headers
from server.features.pictures.storage import StorageAway

AWS = S3Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
BUCKET = "https://examplebucket.s3.amazonaws.com"
DAY = datetime(2013, 5, 24, tzinfo=UTC)
NAME = "ab/p1234.webp"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {"Range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            quoted_path("/test$file.text"),
            {
                "Date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/?lifecycle",
            {},
            b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/?prefix=J&max-keys=2",
            {},
            b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["get object", "put object", "bucket lifecycle", "list objects"],
)
def test_signatures_are_those_of_the_examples_of_aws(
    method: str, path: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html"""
    sent = signed_headers(AWS, method, BUCKET + path, headers, body, DAY)

    assert sent["Authorization"].endswith(f"Signature={signature}")
    assert AWS.secret not in repr(AWS) + str(sent)


class StrictBucket:
    """A storage that computes each signature from what arrived, in its own way."""

    def __init__(self, key: S3Key) -> None:
        self._key = key
        self.objects: dict[str, bytes] = {}
        self.now = datetime.now(UTC)
        self.answer: web.Response | None = None

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.answer is not None:
            return self.answer
        if why := self._wrong(request, body):
            return web.Response(status=403, text=f"<Error><Code>{why}</Code></Error>")
        name = request.raw_path
        if request.method == "PUT":
            self.objects[name] = body
            return web.Response()
        if request.method == "DELETE":
            self.objects.pop(name, None)
            return web.Response(status=204)
        if name not in self.objects:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        return web.Response(body=self.objects[name], content_type="image/jpeg")

    def _wrong(self, request: web.Request, body: bytes) -> str:
        kind, _, rest = request.headers["Authorization"].partition(" ")
        parts = dict(part.split("=", 1) for part in rest.split(", "))
        id_, day, region, service, end = parts["Credential"].split("/")
        sent = request.headers["x-amz-date"]
        at = datetime.strptime(sent, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if (kind, id_, end) != ("AWS4-HMAC-SHA256", self._key.id, "aws4_request"):
            return "InvalidAccessKeyId"
        if abs(at - self.now) > timedelta(minutes=15) or not sent.startswith(day):
            return "RequestTimeTooSkewed"
        if request.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        names = parts["SignedHeaders"].split(";")
        if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names):
            return "AccessDenied"
        lines = [request.method, request.raw_path.partition("?")[0], request.query_string]
        lines += [f"{name}:{request.headers[name].strip()}" for name in names]
        lines += ["", ";".join(names), request.headers["x-amz-content-sha256"]]
        hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        signed = f"{kind}\n{sent}\n{day}/{region}/{service}/{end}\n{hashed}"
        key = b"AWS4" + self._key.secret.encode()
        for part in (day, region, service, end, signed):
            key = hmac.new(key, part.encode(), "sha256").digest()
        return "" if key.hex() == parts["Signature"] else "SignatureDoesNotMatch"


@asynccontextmanager
async def bucket(key: S3Key = AWS) -> AsyncIterator[tuple[StrictBucket, str]]:
    strict = StrictBucket(key)
    app = web.Application(client_max_size=4_000_000)
    app.router.add_route("*", "/{path:.*}", strict.handle)
    async with TestServer(app) as server:
        yield strict, str(server.make_url("/pics/a folder"))


async def test_a_file_is_put_read_and_removed_by_signed_requests() -> None:
    async with bucket() as (strict, url), BucketStorage(url, AWS, 5) as storage:
        assert await storage.get(NAME) is None
        large = b"webp" * 500_000  # comes in many pieces
        await storage.put(NAME, large)
        assert strict.objects == {f"/pics/a%20folder/{NAME}": large}
        assert await storage.get(NAME) == large
        await storage.remove(NAME)
        await storage.remove(NAME)
        assert not strict.objects


async def test_a_storage_that_refuses_or_fails_is_away_and_says_why_without_the_secret() -> None:
    other = S3Key(AWS.id, "another secret", AWS.region)
    async with bucket() as (strict, url):
        async with BucketStorage(url, other, 5) as storage:
            with pytest.raises(StorageAway, match=r"403.*SignatureDoesNotMatch") as refused:
                await storage.put(NAME, b"jpeg")
        assert other.secret not in str(refused.value)
        async with BucketStorage(url, AWS, 5, lambda: DAY) as storage:
            with pytest.raises(StorageAway, match="RequestTimeTooSkewed"):
                await storage.get(NAME)
        async with BucketStorage(url, AWS, 5) as storage:
            for answer in (
                web.Response(status=503, text="SlowDown"),
                web.Response(status=307, headers={"Location": "/elsewhere"}),
                web.Response(status=404, text="<Code>NoSuchBucket</Code>"),
            ):
                strict.answer = answer
                with pytest.raises(StorageAway, match=str(answer.status)):
                    await storage.get(NAME)
    async with BucketStorage(url, AWS, 5) as storage:  # nobody listens there any more
        with pytest.raises(StorageAway):
            await storage.get(NAME)
