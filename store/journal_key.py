"""The journal's key lies in a file, never in the database. Every process on one database has to hold the same one."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from sqlalchemy import insert, select

from core.errors import BadInput
from core.journal import seal
from store.database import Database, Tx
from store.tables import journal, journal_key

_LENGTH = 32
_LABEL = b"fleetmend journal key"
_SETTING = "FLEETMEND_JOURNAL_KEY_FILE"
_FIELDS = ("seq", "at", "kind", "incident_id", "actor", "body", "previous", "digests")


def open_key(database: Database, path: Path, *, may_make: bool) -> bytes:
    """The key in *path*, if it is the one of *database*'s journal.

    A database without a journal takes the key that comes first; *may_make* lets it be made, with mode 0600. Raises
    BadInput for a file that is missing, is no key, or holds another database's.
    """
    with database.read() as tx:
        known = _known(tx)
    if known is None:
        return _first_key(database, path, may_make)
    if not path.exists():
        raise BadInput(
            "this database has a journal, and its key is not here; copy journal.key from the state folder of a machine "
            f"that works on it, or point {_SETTING} at a copy",
            file=path,
        )
    return _checked(path, known)


def _first_key(database: Database, path: Path, may_make: bool) -> bytes:
    with database.write() as tx:
        return settle_key(tx, path, may_make=may_make)


def settle_key(tx: Tx, path: Path, *, may_make: bool) -> bytes:
    """Settle within *tx* which key the journal has; one process decides, the others follow. Raises BadInput."""
    tx.serialise("journal key")
    known = _known(tx)
    if not path.exists() and known is None and may_make:
        _make(path)
    if not path.exists():
        problem = "there is no key here; make one with `openssl rand -hex 32`, or copy the one that is in use"
        raise BadInput(problem, file=path, key=_SETTING)
    key = read_key(path)
    if known is not None:
        return _checked(path, known)
    newest = tx.one(select(journal).order_by(journal.c.seq.desc()).limit(1))
    if newest is not None and newest["hash"] != seal(key, **{name: newest[name] for name in _FIELDS}):
        raise _another(path)
    tx.execute(insert(journal_key).values(one=True, digest=_digest(key)))
    return key


def read_key(path: Path) -> bytes:
    """The key in *path*: 64 hexadecimal digits. Raises BadInput."""
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise BadInput(f"the journal's key can't be read: {error}", file=path) from None
    if len(key) != _LENGTH:
        raise BadInput(f"the journal's key has {2 * _LENGTH} hexadecimal digits; this is something else", file=path)
    return key


def _make(path: Path) -> None:
    """Write a new key, all at once, so that nobody reads half of it."""
    partial = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_bytes(_LENGTH).hex())
    partial.replace(path)


def _known(tx: Tx) -> str | None:
    row = tx.one(select(journal_key))
    return None if row is None else str(row["digest"])


def _checked(path: Path, known: str) -> bytes:
    key = read_key(path)
    if not hmac.compare_digest(_digest(key), known):
        raise _another(path)
    return key


def _digest(key: bytes) -> str:
    """What the database may know of *key*: enough to recognise it."""
    return hmac.new(key, _LABEL, hashlib.sha256).hexdigest()


def _another(path: Path) -> BadInput:
    return BadInput(
        "this is not the key of this database's journal; copy journal.key from the state folder of a machine that "
        f"works on it, or point {_SETTING} at a copy",
        file=path,
    )
