"""Leases: who may work on something now. The fencing number makes a late writer visible."""

from __future__ import annotations

from core.model import Model, Time


class Lease(Model):
    """`holder` may write under `name` until `expires_at`; every takeover raises `fence`."""

    name: str
    holder: str
    fence: int
    expires_at: Time
