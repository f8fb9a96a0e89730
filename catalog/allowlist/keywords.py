"""Which keywords plays, roles and tasks may have, and what to do instead of those that they may not."""

from __future__ import annotations

_COMMON = frozenset(
    {
        "any_errors_fatal",
        "become",
        "become_flags",
        "become_method",
        "become_user",
        "check_mode",
        "diff",
        "environment",
        "ignore_errors",
        "ignore_unreachable",
        "name",
        "no_log",
        "run_once",
        "tags",
        "throttle",
        "timeout",
        "vars",
    }
)
BLOCKS = ("block", "rescue", "always")
TASK_LISTS = ("pre_tasks", "tasks", "post_tasks", "handlers")
PLAY = _COMMON.union(
    TASK_LISTS,
    {
        "fact_path",
        "force_handlers",
        "gather_facts",
        "gather_subset",
        "gather_timeout",
        "hosts",
        "max_fail_percentage",
        "order",
        "roles",
        "serial",
        "strategy",
    },
)
BLOCK = _COMMON.union(BLOCKS, {"delegate_facts", "delegate_to", "notify", "when"})
APPLY = BLOCK.difference(BLOCKS)
"""What `apply` of an include may hold."""
TASK = _COMMON.union(
    {
        "args",
        "async",
        "changed_when",
        "delay",
        "delegate_facts",
        "delegate_to",
        "failed_when",
        "listen",
        "loop",
        "loop_control",
        "notify",
        "poll",
        "register",
        "retries",
        "until",
        "when",
    }
)
ROLE_ENTRY = _COMMON.union({"role", "delegate_to", "when"})
LOOP_CONTROL = frozenset({"break_when", "extended", "extended_allitems", "index_var", "label", "loop_var", "pause"})
EXPRESSIONS = frozenset({"when", "changed_when", "failed_when", "until", "break_when"})
"""Keywords whose values are Jinja without `{{ }}` around it."""
PURE_LOOPS = frozenset(
    {
        "with_dict",
        "with_flattened",
        "with_indexed_items",
        "with_items",
        "with_list",
        "with_nested",
        "with_random_choice",
        "with_sequence",
        "with_subelements",
        "with_together",
    }
)
"""Loops over data alone. Every other `with_` runs a lookup that may read files."""

STRATEGIES = frozenset({"linear", "free", "host_pinned"})
BECOME_METHODS = frozenset({"sudo", "su", "ansible.builtin.sudo", "ansible.builtin.su"})
META = frozenset(
    {"flush_handlers", "noop", "clear_facts", "clear_host_errors", "end_batch", "end_host", "end_play", "end_role"}
    | {"reset_connection"}
)

INSTEAD = {
    "action": "write the module's full name as the key",
    "become_exe": "leave it to the inventory",
    "collections": "write the full name of each module",
    "connection": "the inventory says how a host is reached",
    "debugger": "nobody is there to use it",
    "first_available_file": "name one file",
    "import_playbook": "write its plays into this file",
    "include": "use ansible.builtin.import_tasks in a role",
    "local_action": "write the module's full name as the key, and delegate_to",
    "module_defaults": "write the arguments at each task",
    "port": "leave it to the inventory",
    "remote_user": "leave it to the inventory",
    "vars_files": "move the variables into the role's vars/main.yml",
    "vars_prompt": "nobody is there to answer: make it a parameter of the card",
}

RESERVED = frozenset(
    {
        "environment",
        "group_names",
        "groups",
        "hostvars",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "lookup",
        "omit",
        "play_hosts",
        "playbook_dir",
        "q",
        "query",
        "role_name",
        "role_names",
        "role_path",
        "vars",
    }
)
"""Variables that are Ansible's own, with all that begin with `ansible_`: setting them changes what Ansible loads."""
