"""`fleetmend_signatures`: logs that are looked through for known signatures."""

from __future__ import annotations

from typing import Any

from monitor.entries.fields import AbsolutePath, Place, Watched


class SignatureEntry(Watched):
    """One of `fleetmend_signatures`: the journal, or a file."""

    file: AbsolutePath | None = None
    """None: systemd's journal."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        cursor = place.cursors.get((place.host.name, key), {}).get("position")
        return {"file": self.file, "cursor": cursor}
