"""A bucket is set whole or not at all, and the secret is shown nowhere."""

from typing import Any

import pytest

from server.cli.backup import _pictures_left_out
from server.features.pictures.settings import PictureSettings, check, picture_folder
from server.settings import Settings, SettingsError
from tests.conftest import MakeSettings

BUCKET = {"s3_url": "https://s3.example/pics", "s3_access_key": "AKIA", "s3_secret_key": "hush"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"s3_url": "https://s3.example/pics"}, "its key is missing"),
        (BUCKET | {"s3_secret_key": None}, "its key is missing"),
        ({"side_max": 640, "small_side_max": 800}, "cannot be the larger one"),
    ],
)
def test_what_can_not_work_stops_the_start(
    make_settings: MakeSettings, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        check(make_settings(pictures=given))


@pytest.mark.parametrize(
    "url", ["https://a:b@s3.example/pics", "s3://pics", "https://s3.example/pics?x=1"]
)
def test_an_address_that_is_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="s3_url"):
        PictureSettings(s3_url=url)


def test_a_backup_says_where_the_pictures_are(make_settings: MakeSettings) -> None:
    def said(settings: Settings) -> str:
        return _pictures_left_out(settings)

    settings = make_settings()
    assert said(settings) == ""
    folder = picture_folder(settings)
    folder.mkdir(parents=True)
    (folder / "one.webp").write_bytes(b"webp")
    assert f"copy {folder}" in said(settings)
    in_bucket = make_settings(pictures=BUCKET)
    check(in_bucket)
    assert BUCKET["s3_url"] in said(in_bucket)
    assert "hush" not in said(in_bucket) + repr(in_bucket)
