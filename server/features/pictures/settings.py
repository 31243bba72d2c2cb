"""The settings of pictures."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from server.settings import Settings, SettingsError
from server.settings.section import Section, limit, words


class PictureSettings(Section):
    """Pictures that people upload, such as those of notes: their bounds, and where they are."""

    bytes_max: int = limit(10_485_760, 1024, 104_857_600, "Bytes of a picture as it is sent.")
    pixels_max: int = limit(
        64_000_000, 10_000, 150_000_000, "Pixels of a picture as it is sent; more are not decoded."
    )
    side_max: int = limit(2048, 64, 8192, "Pixels of the longer side of a picture as it is kept.")
    small_side_max: int = limit(
        640, 32, 2048, "The same of the small one that lists show; both are made at once."
    )
    quality: int = limit(80, 30, 95, "Quality of what is kept, as libwebp and libjpeg count it.")
    reencode_s_max: float = limit(
        10,
        1,
        120,
        "CPU time that re-encoding a picture may take; three times as long by the clock.",
    )
    reencode_bytes_max: int = limit(
        536_870_912,
        268_435_456,
        8_589_934_592,
        "Memory that the process which re-encodes a picture may take.",
    )
    at_once_max: int = limit(2, 1, 64, "Pictures that a worker has re-encoded at the same time.")
    uploads_max: int = limit(
        32, 1, 1000, "Uploads under way on a worker; each holds its picture in memory."
    )
    uploads_per_user_max: int = limit(4, 1, 100, "The same of one user.")
    per_user_an_hour_max: int = limit(200, 0, 100_000, "Pictures a user may send in an hour.")
    per_user_max: int = limit(5000, 0, 1_000_000, "Pictures of a user that are kept.")
    bytes_per_user_max: int = limit(
        2_147_483_648, 0, 1_099_511_627_776, "Bytes of all of them, as they are kept."
    )
    keep_unused_s: float = limit(
        86_400, 60, 31_536_000, "Time after which a picture that nothing shows is removed."
    )
    sweep_interval_s: float = limit(
        60, 0.05, 86_400, "How often pictures are looked for that are to be removed."
    )
    cache_bytes_max: int = limit(
        67_108_864, 0, 17_179_869_184, "Memory of a worker for pictures that were asked for lately."
    )
    s3_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+[^\s?#/])?$",
        json_schema_extra=words("empty, or a URL that starts with http:// or https://"),
        description="Address of a bucket of S3-compatible storage, with the bucket in its path or "
        "in its host, such as https://s3.eu-central-1.amazonaws.com/my-pictures; a folder in it "
        "may follow. Empty: the folder `pictures` in the data folder.",
    )
    s3_region: str = Field(
        "us-east-1",
        pattern=r"^[a-z0-9-]{1,64}$",
        json_schema_extra=words("1 to 64 letters, digits and dashes"),
        description="Region that requests to the bucket are signed for; many storages take any.",
    )
    s3_access_key: str = Field(
        "",
        pattern=r"^[!-.0-~]{0,128}$",
        json_schema_extra=words("up to 128 visible ASCII characters, without a slash"),
        description="Id of the key that may read, write and delete in the bucket.",
    )
    s3_secret_key: SecretStr | None = Field(None, description="The secret of that key.")
    s3_timeout_s: float = limit(20, 0.05, 600, "Time one request to the bucket may take.")

    @field_validator("s3_url")
    @classmethod
    def _names_a_bucket(cls, url: str) -> str:
        split = urlsplit(url)
        if "@" in split.netloc:
            raise ValueError(
                "has a user in it: set pictures.s3_access_key and pictures.s3_secret_key instead"
            )
        return url


def picture_folder(settings: Settings) -> Path:
    """Return the folder of pictures, where there is no bucket."""
    return Path(settings.data.dir).absolute() / "pictures"


def check(settings: Settings) -> None:
    """Raise SettingsError if the bucket could not be used as it is set."""
    pictures = settings.section(PictureSettings)
    has_key = bool(pictures.s3_access_key) and pictures.s3_secret_key is not None
    if pictures.s3_url and not has_key:
        raise SettingsError(
            "pictures.s3_url names a bucket, and its key is missing: set pictures.s3_access_key "
            "and LIVEROOM_PICTURES_S3_SECRET_KEY."
        )
    if pictures.small_side_max > pictures.side_max:
        raise SettingsError(
            f"pictures.small_side_max = {pictures.small_side_max} is more than pictures.side_max = "
            f"{pictures.side_max}: the small picture cannot be the larger one."
        )
