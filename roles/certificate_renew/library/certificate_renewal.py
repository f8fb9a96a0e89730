# Copyright: the fleetmend authors. Apache-2.0.
"""Renews a certificate by the command that the inventory declares, if it is due; and looks whether that worked.

Why a module of its own: the command is a list of words that no shell reads; whether it is due, and whether the new
certificate lasts longer, is read from the file before and after.
"""

from __future__ import annotations

import base64
import calendar
import re
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: certificate_renewal
short_description: Renew a certificate that is about to run out
description:
  - Runs C(command) if the first certificate in C(path) ends within C(days), or is missing or can't be read.
  - Fails unless the certificate in C(path) then lasts longer than before, and for more than C(days).
options:
  path: {type: path, required: true, description: The file with the certificate, PEM or DER.}
  command: {type: list, elements: str, required: true, description: The command and its arguments, word by word.}
  days: {type: float, required: true, description: How many days before its end it is due.}
"""

EXAMPLES = r"""
- name: Renew the certificate of the web server
  certificate_renewal:
    path: /etc/ssl/web.crt
    command: [/usr/local/sbin/renew-certificate, web]
    days: 30
"""

RETURN = r"""
before: {description: Until when it was valid; empty if there was none., type: str, returned: success}
after: {description: Until when it is valid; in check mode empty if it would be renewed., type: str, returned: success}
"""

PEM = re.compile(b"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.+?)-----END", re.DOTALL)
SEQUENCE, UTC_TIME, GENERALIZED_TIME, VERSION = 0x30, 0x17, 0x18, 0xA0
DAY = 86400


def value_at(der, at):
    """(kind, start, stop) of the value of *der* that begins at *at*."""
    kind, length, start = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size], "big"), start + size
    if start + length > len(der):
        raise ValueError("it ends too early")
    return kind, start, start + length


def fields_in(der, at, end):
    """The values between *at* and *end*."""
    found = []
    while at < end:
        found.append(value_at(der, at))
        at = found[-1][2]
    return found


def valid_until(content):
    """Seconds since 1970 at which the first certificate in *content* ends. Raises ValueError or IndexError."""
    pem = PEM.search(content)
    der = base64.b64decode(pem.group(1)) if pem else content
    kind, start, _ = value_at(der, 0)
    inner, first, last = value_at(der, start)
    if (kind, inner) != (SEQUENCE, SEQUENCE):
        raise ValueError("it is not built as a certificate is")
    fields = fields_in(der, first, last)
    _, start, stop = fields[4 if fields[0][0] == VERSION else 3]
    kind, start, stop = fields_in(der, start, stop)[1]
    text = der[start:stop].decode("ascii")
    if kind == UTC_TIME:
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    elif kind != GENERALIZED_TIME:
        raise ValueError("the end of the validity is no time")
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))


def end_of(path):
    """When the certificate in *path* ends, or 0 if there is none."""
    try:
        return valid_until(Path(path).read_bytes())
    except (FileNotFoundError, ValueError, IndexError):
        return 0


def shown(seconds):
    """*seconds* since 1970 as people read them."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else ""


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "command": {"type": "list", "elements": "str", "required": True},
            "days": {"type": "float", "required": True},
        },
        supports_check_mode=True,
    )
    path, command, margin = module.params["path"], module.params["command"], module.params["days"] * DAY
    if not command or not command[0].startswith("/"):
        module.fail_json(msg="the command must be a list that begins with an absolute path. Nothing was run.")
    before = end_of(path)
    if before - time.time() > margin:
        module.exit_json(changed=False, before=shown(before), after=shown(before))
    diff = {"before": f"{path} valid until {shown(before) or 'no time'}\n", "after": f"{path} renewed\n"}
    if module.check_mode:
        module.exit_json(changed=True, before=shown(before), after="", diff=diff)
    status, _, said = module.run_command(command, cwd="/")
    if status != 0:
        module.fail_json(msg=f"{command[0]} ended with status {status}: {' '.join(said.split())[-500:]}")
    after = end_of(path)
    if after <= before or after - time.time() <= margin:
        until = shown(after) or "no time"
        module.fail_json(changed=True, msg=f"{command[0]} succeeded, but {path} is valid until {until} still")
    module.exit_json(changed=True, before=shown(before), after=shown(after), diff=diff)


if __name__ == "__main__":
    main()
