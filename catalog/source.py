"""Where the other rooms get the catalog from: always the one that the files say now."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

from catalog.catalog import Catalog
from catalog.load import load_catalog
from catalog.remedies import locate
from core.digests import digest_of_files
from core.errors import Unvetted
from core.file_signatures import Signature, signature_of
from core.remedies import Remedy
from core.settings import CHECKOUT


class CatalogSource:
    """The catalog of *content* and *shipped*, read again whenever one of their files changes. Safe between threads."""

    def __init__(self, content: Path, shipped: Path = CHECKOUT) -> None:
        self._content, self._shipped = content.absolute(), shipped.absolute()
        self._lock = threading.Lock()
        self._known: tuple[Signature, Catalog] | None = None

    def current(self) -> Catalog:
        """The catalog as the files are now. A file that can't be read shows in its `problems`."""
        with self._lock:
            # The signature comes first: an edit while the files are read then counts at the next call.
            signature = signature_of(self._places())
            if self._known is None or self._known[0] != signature:
                self._known = (signature, load_catalog(self._content, self._shipped))
            return self._known[1]

    def copy_remedy(self, remedy: Remedy, target: Path) -> str:
        """Copy exactly the files of *remedy* into *target* (`playbooks/…`, `roles/…`).

        Returns the digest over what was written, for the caller to compare with the one that was planned: what is
        compared is then what runs. Raises Unvetted if a file is gone.
        """
        copied, folders = {}, set()
        for name, source in locate(remedy, self._shipped).items():
            copy = target / name
            if copy.parent not in folders:
                copy.parent.mkdir(parents=True, exist_ok=True)
                folders.add(copy.parent)
            try:
                copied[name] = _copy(source, copy)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise Unvetted(f"{remedy.id}: {source} has become a symbolic link") from None
                raise Unvetted(f"{remedy.id}: {source} can't be copied: {error.strerror}") from None
        return digest_of_files(copied)

    def texts_of(self, remedy: Remedy) -> tuple[str, ...]:
        """What the files of *remedy* say, as they are now. Raises Unvetted if a file is gone."""
        try:
            return tuple(path.read_text(errors="replace") for path in locate(remedy, self._shipped).values())
        except OSError as error:
            raise Unvetted(f"{remedy.id}: {error.filename} can't be read: {error.strerror}") from None

    def _places(self) -> list[Path]:
        roots = {self._content, self._shipped}
        inside = [root / name for root in roots for name in ("playbooks", "roles", "probes", "symptoms.yml")]
        return [*inside, self._shipped / "catalog" / "symptoms.yml"]


def _copy(source: Path, target: Path) -> bytes:
    """Copy one file with its mode, to where nothing is yet. Returns what was written."""
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        content, mode = file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        copy.write(content)
        os.fchmod(copy.fileno(), mode)
    return content
