"""A lock that allows one server per data folder; the kernel frees it when its holder dies."""

import fcntl
import os
from pathlib import Path


class FolderInUse(Exception):
    """Another server holds the folder; the text says which."""


class FolderLock:
    """Holds `folder/lock`, which names the holding process. Raises FolderInUse."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._fd, 0)
            os.write(self._fd, f"{os.getpid()}\n".encode())
        except BlockingIOError:
            holder = os.read(self._fd, 32).decode(errors="replace").strip() or "unknown"
            self.release()
            raise FolderInUse(
                f"The data folder {folder} is in use by another server (process {holder}). "
                "Stop that one, or choose another folder with --data-dir."
            ) from None
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Free the folder. The file stays: removing it would let two servers in."""
        os.close(self._fd)
