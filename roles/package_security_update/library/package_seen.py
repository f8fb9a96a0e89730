# Copyright: the fleetmend authors. Apache-2.0.
"""Tells which version of a package is installed, and what still runs with files that an update has replaced."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: package_seen
short_description: Tell the version of a Debian package, and whether the host has to be rebooted
description:
  - Read-only.
options:
  name: {type: str, required: true, description: Name of the package.}
"""

EXAMPLES = r"""
- name: Look at a package
  package_seen:
    name: openssl
"""

RETURN = r"""
version: {description: The installed version; empty if it is not installed., type: str, returned: success}
reboot: {description: Whether the host says that it has to be rebooted., type: bool, returned: success}
because: {description: The packages that ask for it., type: list, returned: success}
stale: {description: Programs that still run with files that were replaced., type: list, returned: success}
"""

PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
REPLACED = re.compile(r"\S+\s+\S+\s+\S+\s+\S+\s+\d+\s+(/(?:usr|lib|bin|sbin)\S*) \(deleted\)$")


def version_of(name):
    """The installed version, "" if there is none. Raises OSError where there is no dpkg."""
    words = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", name]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20, env={"PATH": PATH})
    state, _, version = done.stdout.strip().partition(" ")
    return version if state == "installed" else ""


def uses_replaced(maps):
    """Whether /proc/PID/maps shows a program or library that is no longer there. Pure."""
    return any(REPLACED.search(line) for line in maps.splitlines())


def stale(proc=Path("/proc")):
    """The names of the programs that use one, PID 1 among them."""
    names = set()
    for place in proc.iterdir():
        if place.name.isdigit():
            try:
                if uses_replaced((place / "maps").read_text(errors="replace")):
                    names.add((place / "comm").read_text().strip())
            except OSError:
                continue
    return sorted(names)


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec={"name": {"type": "str", "required": True}}, supports_check_mode=True)
    try:
        version = version_of(module.params["name"])
    except OSError as error:
        module.fail_json(msg=f"the packages of this host can't be asked: {error}")
    asked = [place for place in (Path("/run/reboot-required"), Path("/var/run/reboot-required")) if place.exists()]
    because = Path("/run/reboot-required.pkgs")
    packages = sorted(set(because.read_text().split())) if because.exists() else []
    module.exit_json(changed=False, version=version, reboot=bool(asked), because=packages[:20], stale=stale()[:20])


if __name__ == "__main__":
    main()
