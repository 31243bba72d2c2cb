"""Pictures over HTTP: sent by who has an account, shown to everybody as nothing but a picture."""

from typing import Any

import pytest

from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.features.pictures.drawn import SVG, of_200_megapixels, picture
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(pictures={"bytes_max": 50_000})


async def upload(api: Api, body: bytes, user: str | None = "ann") -> tuple[int, Any]:
    return await api.send("POST", "/v1/pictures", user=user, role=Role.VIEWER, data=body)


async def test_a_picture_is_sent_and_seen_by_everybody_for_ever(api: Api) -> None:
    status, said = await upload(api, picture(size=(900, 600)))
    assert (status, said) == (200, {
        "picture": said["picture"], "w": 900, "h": 600, "link": f"/pictures/{said['picture']}",
    })  # fmt: skip
    link = api.url + said["link"]
    async with api.session.get(link) as full, api.session.get(f"{link}/small") as small:
        for answer, kind in ((full, "image/webp"), (small, "image/jpeg")):
            assert (answer.status, answer.content_type) == (200, kind)
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert full.headers["ETag"] != small.headers["ETag"]
        assert await full.read() != await small.read()
        etag = full.headers["ETag"]
    async with api.session.get(link, headers={"If-None-Match": etag}) as again:
        assert (again.status, await again.read()) == (304, b"")

    for missing in ("/pictures/p000000000000000000", "/pictures/x", "/pictures/..%2f..%2fsecret"):
        await api.refused(404, "not_found", "GET", missing, user=None)
    await api.refused(401, "bad_token", "POST", "/v1/pictures", user=None, data=picture())
    for body, code, words in (
        (b"", "bad_message", "empty"),
        (SVG, "bad_message", "no picture"),
        (of_200_megapixels(), "too_long", "pixels"),
        (b"\xff" * 60_000, "too_long", "50000 bytes"),
    ):
        status, refused = await upload(api, body)
        assert (refused["code"], words in refused["detail"]) == (code, True), refused
    one = f"/v1/pictures/{said['picture']}"
    await api.refused(404, "not_found", "DELETE", one, user="ben", role=Role.VIEWER)
    assert (await api.send("DELETE", one, user="ann", role=Role.VIEWER))[0] == 204
    await api.refused(404, "not_found", "DELETE", one, user="ann", role=Role.VIEWER)
