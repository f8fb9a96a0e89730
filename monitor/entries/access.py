"""`fleetmend_auth` and `fleetmend_ssh`: who tries to come in, and which ways in there are."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from core.durations import Duration
from monitor.entries.fields import AbsolutePath, Place, Watched


class AuthEntry(Watched):
    """One of `fleetmend_auth`: where sshd logs, and over which time failed logins are counted."""

    window: Annotated[Duration, Field(ge=timedelta(seconds=10), le=timedelta(hours=1))] = timedelta(minutes=2)
    log: AbsolutePath | None = None
    """None: the journal."""

    def sent(self, key: str, place: Place) -> dict[str, Any]:
        return {"window": self.window.total_seconds(), "log": self.log}


SshOption = Literal[
    "AllowAgentForwarding",
    "AllowStreamLocalForwarding",
    "AllowTcpForwarding",
    "Ciphers",
    "ClientAliveCountMax",
    "ClientAliveInterval",
    "GatewayPorts",
    "HostKeyAlgorithms",
    "HostbasedAuthentication",
    "IgnoreRhosts",
    "KbdInteractiveAuthentication",
    "KexAlgorithms",
    "LogLevel",
    "LoginGraceTime",
    "MACs",
    "MaxAuthTries",
    "MaxSessions",
    "PasswordAuthentication",
    "PermitEmptyPasswords",
    "PermitRootLogin",
    "PermitTunnel",
    "PermitUserEnvironment",
    "PubkeyAcceptedAlgorithms",
    "StrictModes",
    "X11Forwarding",
]
"""What a policy may set: how one may come in, and nothing about where and who, which would move the door itself."""
SshValue = bool | int | Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9@.,:/_*-]*$", max_length=1000)]


class SshEntry(Watched):
    """One of `fleetmend_ssh`: a policy, as options of sshd and their values."""

    options: Annotated[dict[SshOption, SshValue], Field(min_length=1)]
