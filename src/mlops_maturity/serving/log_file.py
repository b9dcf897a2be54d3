"""The file of a prediction log in SQLite, which somebody may delete while the service has it open."""

from pathlib import Path

from sqlalchemy.engine import URL


class LogFile:
    """Notices that what is written would go into a file that has no name any more."""

    def __init__(self, url: URL) -> None:
        """Look after the database of a URL; one that is no file is never gone."""
        self.path = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
        self._opened: tuple[int, int] | None = None
        self._is_known = False

    def remember(self) -> None:
        """The file that is there now is the one that is written to."""
        self._opened, self._is_known = self._identity(), True

    @property
    def is_gone(self) -> bool:
        """Whether it was deleted, even before it was remembered, or another one lies in its place."""
        if self.path is None or not self._is_known:
            return False
        found = self._identity()
        return found is None or found != self._opened

    def make_folder(self) -> None:
        """Make the folder that it lies in."""
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def _identity(self) -> tuple[int, int] | None:
        """What the system knows a file by, whatever its name."""
        try:
            found = self.path.stat() if self.path else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found else None
