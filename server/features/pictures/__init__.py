"""Pictures that people upload: re-encoded, kept in a storage, shown small and large."""

from server.feature import Engine, Feature, Running
from server.features.pictures.kept_files import KeptFiles
from server.features.pictures.pictures import Pictures, forget_pictures
from server.features.pictures.reencoder import Reencoder
from server.features.pictures.routes import PictureRoutes
from server.features.pictures.s3 import BucketStorage
from server.features.pictures.settings import PictureSettings, check, picture_folder
from server.features.pictures.sigv4 import S3Key
from server.features.pictures.storage import FolderStorage, Storage
from server.features.pictures.sweeping import Sweeping
from server.settings import Settings


def _make(engine: Engine) -> Running:
    settings = engine.settings.section(PictureSettings)
    storage = _storage(engine.settings)
    pictures = Pictures(engine.records, storage, Reencoder(settings), settings)
    kept = KeptFiles(storage, settings.cache_bytes_max)
    return Running(
        it=pictures,
        routes=PictureRoutes(pictures, kept, settings).routes(),
        tasks=[Sweeping(engine.records, pictures, settings, engine.worker_id)],
        closes=[storage.aclose] if isinstance(storage, BucketStorage) else [],
        forgets_user=[forget_pictures],
    )


def _storage(settings: Settings) -> Storage:
    pictures = settings.section(PictureSettings)
    if not pictures.s3_url:
        return FolderStorage(picture_folder(settings))
    assert pictures.s3_secret_key is not None  # `check` saw to it
    secret = pictures.s3_secret_key.get_secret_value()
    key = S3Key(pictures.s3_access_key, secret, pictures.s3_region)
    return BucketStorage(pictures.s3_url, key, pictures.s3_timeout_s)


FEATURE = Feature(make=_make, settings={PictureSettings: "pictures"}, check=check)
