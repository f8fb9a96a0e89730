"""Whether the host waits for a reboot: its packages asked for one, or a newer kernel is installed than runs."""

import os
import re
from typing import Any, Dict, List, Optional, Tuple

ASKED = "/run/reboot-required"
PACKAGES = "/run/reboot-required.pkgs"
MODULES, BOOT = "/lib/modules", "/boot"
SHOWN = 5  # packages


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """`reboot.required`: 1 or 0, of the host. Without kernels of its own (a container) only its packages are asked."""
    reason = asked_for() or newer_kernel(os.uname().release, installed_kernels())
    evidence = {"reason": reason} if reason else {}
    return [{"name": "reboot.required", "subject": "", "value": int(bool(reason)), "evidence": evidence}]


def asked_for() -> Optional[str]:
    """Why packages ask for a reboot, or None."""
    if not os.path.exists(ASKED):
        return None
    try:
        with open(PACKAGES, encoding="utf-8", errors="replace") as file:
            names = sorted({line.strip() for line in file if line.strip()})
    except OSError:
        names = []
    return "packages ask for it" + (": " + ", ".join(names[:SHOWN]) if names else "")


def installed_kernels() -> List[str]:
    """The releases that can be booted here and have their modules."""
    try:
        return [name for name in os.listdir(MODULES) if os.path.exists(os.path.join(BOOT, "vmlinuz-" + name))]
    except OSError:
        return []


def newer_kernel(running: str, installed: List[str]) -> Optional[str]:
    """Which kernel waits to be booted. None also where the running one is none of those that are installed."""
    newest = max(installed, key=version) if installed else ""
    if running not in installed or version(newest) <= version(running):
        return None
    return f"{newest} is installed, {running} runs"


def version(release: str) -> Tuple[Tuple[int, int, str], ...]:
    """A release as something that sorts: numbers by their value, words by their letters."""
    parts = re.findall(r"\d+|[a-z]+", release)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)
