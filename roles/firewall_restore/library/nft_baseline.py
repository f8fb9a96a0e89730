# Copyright: the fleetmend authors. Apache-2.0.
"""Compares the running nftables ruleset with a baseline, and loads the baseline in one transaction.

The baseline is loaded into an empty network namespace first and read back from there, so that both sides are what the
kernel says of them, whatever comments, variables or includes the file has. Counters, handles and the elements of sets
with a timeout are no drift. Tables that are somebody else's (`ignore`) are neither compared nor touched, even if the
baseline says `flush ruleset`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: nft_baseline
short_description: Bring the nftables ruleset back to a baseline
description:
  - C(compared) changes nothing. It writes what would bring the present ruleset back into C(before), for a guard.
  - C(loaded) replaces all tables that are not ignored by those of the baseline, in one transaction.
options:
  baseline: {type: str, required: true, description: Text of the baseline, as for nft -f.}
  ignore: {type: list, elements: str, default: [], description: "Tables of others, like C(ip nat)."}
  before: {type: path, required: true, description: File for what brings the present ruleset back.}
  state: {type: str, required: true, choices: [compared, loaded], description: What to do.}
"""

EXAMPLES = r"""
- name: Load the baseline
  nft_baseline:
    baseline: "{{ lookup('ansible.builtin.file', 'nftables.conf', rstrip=false) }}"
    before: /var/lib/fleetmend/firewall/before.nft
    state: loaded
"""

RETURN = r"""
drifted: {description: Whether the ruleset differs from the baseline., type: bool, returned: success}
differs: {description: "Where it differs, a line each.", type: list, returned: success}
"""

PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"
IN_EMPTY_NAMESPACE = 'nft -f "$0" && nft -j list ruleset && echo && echo "#fleetmend" && nft -s list ruleset'
NAME = re.compile(r"(ip|ip6|inet|arp|bridge|netdev) [A-Za-z_][A-Za-z0-9_./\\-]*$")
PATIENCE = 20


class Refused(Exception):
    """Nothing was changed; the message says why."""


def run(*words, text=None):
    """What a program printed. Raises Refused with its first line of complaint."""
    try:
        done = subprocess.run(
            words,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE,
            env={"PATH": PATH, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise Refused(f"{words[0]} is not installed on this host") from None
    except subprocess.TimeoutExpired:
        raise Refused(f"{words[0]} did not answer within {PATIENCE} seconds") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Refused(f"{words[0]} says: {lines[0][:300] if lines else 'nothing'}")
    return done.stdout


def tables_of(document, ignore):
    """Table -> what it holds, without what changes by itself, of a JSON ruleset. Pure.

    The order of rules in a chain counts; that of tables, chains, sets and elements does not.
    """
    found = {}
    passing = set()
    for item in document["nftables"]:
        for kind, body in item.items():
            table = f"{body.get('family')} {body['name'] if kind == 'table' else body.get('table')}"
            if kind == "metainfo" or table in ignore:
                continue
            holds = found.setdefault(table, {})
            if kind == "rule":
                holds.setdefault(f"chain {body['chain']}", {}).setdefault("rules", []).append(lasting(body))
                continue
            if kind in ("set", "map") and ({"timeout", "dynamic"} & set(body.get("flags", ())) or "timeout" in body):
                passing.add((table, body["name"]))
            thing = lasting(body)
            if (table, body.get("name")) in passing:
                thing.pop("elem", None)
            if "elem" in thing:
                thing["elem"] = sorted(thing["elem"], key=text_of)
            holds.setdefault("table" if kind == "table" else f"{kind} {body.get('name', text_of(thing))}", {}).update(
                thing
            )
    return found


def lasting(body):
    """*body* without handles and counts. Pure."""
    if isinstance(body, dict):
        passing = {"handle", "expires", "used", "packets", "bytes"} if "rate" not in body else {"handle"}
        return {key: lasting(value) for key, value in body.items() if key not in passing}
    return [lasting(value) for value in body] if isinstance(body, list) else body


def text_of(thing):
    """One text for equal things."""
    return json.dumps(thing, sort_keys=True)


def differences(present, wanted):
    """Lines that say where *present* differs from *wanted*, both from `tables_of`. Pure."""
    lines = []
    for table in sorted(present.keys() | wanted.keys()):
        if table not in wanted or table not in present:
            lines.append(f"table {table} is {'too many' if table in present else 'missing'}")
            continue
        there, due = present[table], wanted[table]
        for thing in sorted(there.keys() | due.keys()):
            if thing not in due or thing not in there:
                lines.append(f"{table}: {thing} is {'too many' if thing in there else 'missing'}")
            elif text_of(there[thing]) != text_of(due[thing]):
                lines.append(f"{table}: {thing} differs")
    return lines


class Ruleset:
    """The running ruleset and the baseline, both as the kernel shows them."""

    def __init__(self, baseline, ignore):
        with tempfile.NamedTemporaryFile("w", suffix=".nft", encoding="utf-8") as file:
            file.write(baseline)
            file.flush()
            try:
                shown = run("unshare", "-n", "--", "sh", "-c", IN_EMPTY_NAMESPACE, file.name)
            except Refused as refusal:
                raise Refused(f"the baseline can't be loaded; {refusal}") from None
        document, _, self.text = shown.partition("\n#fleetmend\n")
        declared = tables_of(json.loads(document), ())
        if not declared:
            raise Refused("the baseline holds no table, so it would leave the host open")
        self.ignore = set(ignore) - declared.keys()
        self.wanted = declared
        self.present = tables_of(json.loads(run("nft", "-j", "list", "ruleset")), self.ignore)

    def differences(self):
        return differences(self.present, self.wanted)

    def gone(self, tables):
        """Commands that remove *tables*, whether they are there or not."""
        odd = [table for table in tables if not NAME.match(table)]
        if odd:
            raise Refused(f"the name of the table {odd[0]!r} is not handled; remove the table by hand, or ignore it")
        return "".join(f"table {table}\ndelete table {table}\n" for table in sorted(tables))

    def to_baseline(self):
        return self.gone(self.present.keys() | self.wanted.keys()) + self.text

    def to_present(self):
        """What brings the present ruleset back, its counters and the elements of its sets with it."""
        texts = [run("nft", "list", "table", *table.split(" ", 1)) for table in sorted(self.present)]
        return self.gone(self.present.keys() | self.wanted.keys()) + "".join(texts)

    def present_text(self):
        return "".join(run("nft", "-s", "list", "table", *table.split(" ", 1)) for table in sorted(self.present))


def prepare(rules, before):
    """Write what brings the present ruleset back, after trying (without effect) that it and the baseline load."""
    text = rules.to_present()
    try:
        run("nft", "-c", "-f", "-", text=text)
    except Refused as refusal:
        problem = "the present ruleset could not be brought back if SSH were cut off"
        raise Refused(f"{problem}, so it is left alone; {refusal}; ignore the table that this speaks of") from None
    run("nft", "-c", "-f", "-", text=rules.to_baseline())
    before.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(before, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "baseline": {"type": "str", "required": True},
            "ignore": {"type": "list", "elements": "str", "default": []},
            "before": {"type": "path", "required": True},
            "state": {"type": "str", "required": True, "choices": ["compared", "loaded"]},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        rules = Ruleset(asked["baseline"], asked["ignore"])
        lines = rules.differences()
        result = {"drifted": bool(lines), "differs": lines[:20], "changed": False}
        if asked["state"] == "compared":
            if lines and not module.check_mode:
                prepare(rules, Path(asked["before"]))
            module.exit_json(**result)
        if not lines:
            module.exit_json(**result)
        diff = {"before": rules.present_text(), "after": rules.text}
        if not module.check_mode:
            run("nft", "-f", "-", text=rules.to_baseline())
            left = Ruleset(asked["baseline"], asked["ignore"]).differences()
            if left:
                module.fail_json(msg=f"the ruleset was changed again at once ({left[0]}); find out what writes it.")
        module.exit_json(**dict(result, changed=True, diff=diff))
    except Refused as refusal:
        module.fail_json(msg=f"{refusal}. Nothing was changed.")
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"the ruleset can't be handled (is become needed?): {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
