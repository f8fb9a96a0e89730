"""Jinja, judged by its syntax tree: only nodes, filters, tests and calls that work on data alone."""

from __future__ import annotations

import re
import warnings
from typing import Any

from jinja2 import Environment, TemplateError, nodes

from catalog.allowlist.content import Place, literal_path
from catalog.allowlist.document import strings_in
from catalog.allowlist.jinja_names import (
    FILE_TESTS,
    FILTERS,
    FUNCTIONS,
    LOOKUP_FUNCTIONS,
    LOOKUPS,
    METHODS,
    NAMES_A_FILTER,
    NAMES_A_TEST,
    OTHER_FILTERS,
    OTHER_LOOKUPS,
    OTHER_TESTS,
    TESTS,
)

_DUNDER = re.compile(r"__\w+__")
_DELIMITERS = ("{{", "{%", "{#")
_ENVIRONMENT = Environment(autoescape=False)  # noqa: S701 - it parses, and never renders
_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Expr,
    nodes.Helper,
    nodes.For,
    nodes.If,
    nodes.Macro,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.With,
    nodes.Assign,
    nodes.AssignBlock,
    nodes.ExprStmt,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
)
_PARTS = ("ansible.builtin.", "ansible.legacy.")


def has_template(text: str) -> bool:
    """Whether Ansible would take *text* for a template."""
    return any(mark in text for mark in _DELIMITERS)


def check_strings(place: Place, value: Any, line: int) -> None:
    """Check each string in *value* that Ansible may template."""
    for text, at in strings_in(value, line):
        if has_template(text):
            check_template(place, text, at)


def check_expressions(place: Place, value: Any, line: int, key: str) -> None:
    """Check *value*, a condition or a list of them: Jinja without braces around it."""
    for text, at in strings_in(value, line):
        if has_template(text):
            place.refuse("a condition is an expression already: write it without braces", at, key)
        else:
            check_template(place, "{{ " + text + " }}", at)


def check_template(place: Place, text: str, line: int, *, whole_file: bool = False) -> None:
    """Check *text*, which begins on *line*. With *whole_file* it may include other templates of its role."""
    try:
        with warnings.catch_warnings():
            # A regular expression's backslashes; Ansible doubles them before Jinja reads them.
            warnings.simplefilter("ignore", DeprecationWarning)
            tree = _ENVIRONMENT.parse(text)
    except TemplateError as error:
        at = line + (getattr(error, "lineno", 1) or 1) - 1
        place.refuse(f"this is no template that can be read: {' '.join(str(error).split())}", at)
        return
    _Checker(place, tree, line, whole_file).run()


class _Checker:
    def __init__(self, place: Place, tree: nodes.Template, line: int, whole_file: bool) -> None:
        self._place, self._tree, self._line, self._whole_file = place, tree, line, whole_file
        self._macros = {macro.name for macro in tree.find_all(nodes.Macro)}
        imports = tree.find_all((nodes.Import, nodes.FromImport))
        self._imported = {name for node in imports for name in _names_of(node)}
        self._called: set[int] = set()
        self._files: set[int] = set()

    def run(self) -> None:
        # A call is judged before the names in it, so that `lookup` is only ever met where it is called.
        for call in self._tree.find_all(nodes.Call):
            self._call(call)
        for test in self._tree.find_all(nodes.Test):
            self._test(test)
        for node in self._tree.find_all(nodes.Node):
            self._node(node)
        for name in sorted((self._macros | self._imported) & (self._place.remedy.settled | LOOKUP_FUNCTIONS)):
            self._place.refuse(f"{name} has a meaning of its own here; rename the macro", self._line)

    def _refuse(self, problem: str, node: nodes.Node) -> None:
        self._place.refuse(problem, self._line + node.lineno - 1)

    def _node(self, node: nodes.Node) -> None:
        if not isinstance(node, _NODES):
            self._refuse(f"Jinja's {type(node).__name__} is not admitted; write plain expressions", node)
        elif isinstance(node, nodes.Const) and isinstance(node.value, str) and has_template(node.value):
            self._refuse("a template within a string would be rendered unseen; write it out", node)
        elif isinstance(node, nodes.Const) and isinstance(node.value, str) and _DUNDER.search(node.value):
            self._refuse(f"{node.value!r} is a name of Python's own; use the value's data", node)
        elif isinstance(node, nodes.Name):
            self._name(node)
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            self._refuse(f"the attribute {node.attr} is Python's own; use the value's data", node)
        elif isinstance(node, nodes.Filter):
            self._filter(node)
        elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport):
            self._include(node)

    def _name(self, node: nodes.Name) -> None:
        if node.name in LOOKUP_FUNCTIONS and id(node) not in self._called:
            self._refuse(f"{node.name} may only be called by its own name, with the plugin's name as a string", node)
        elif node.ctx != "load" and node.name in self._place.remedy.settled:
            self._refuse(
                f"{node.name} holds an admitted path, so that nothing may be set by its name; rename this", node
            )
        elif node.name.startswith("_") or node.name in ("self", "context"):
            self._refuse(f"{node.name} is Jinja's own; use variables", node)

    def _known_plugin(self, name: str) -> bool:
        return name in self._place.remedy.plugin_words

    def _filter(self, node: nodes.Filter) -> None:
        self._filter_name(node.name, node)
        short = _short(node.name)
        if short in NAMES_A_FILTER and node.args:
            self._named_by(node, 0, self._filter_name)
        elif short in NAMES_A_TEST:
            place = NAMES_A_TEST[short]
            if len(node.args) > place:
                self._named_by(node, place, self._test_name)
        computed = node.dyn_args is not None or node.dyn_kwargs is not None
        if computed and (short in NAMES_A_FILTER or short in NAMES_A_TEST):
            self._refuse(f"what {short} is given has to be written out", node)

    def _named_by(self, node: nodes.Filter, place: int, check: Any) -> None:
        argument = node.args[place]
        if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
            check(argument.value, node)
        else:
            self._refuse(f"{node.name} takes a filter or test by its name: write the name as a string", node)

    def _filter_name(self, name: str, node: nodes.Node) -> None:
        if _short(name) not in FILTERS and not (self._known_plugin(name) and _short(name) not in OTHER_FILTERS):
            self._refuse(f"the filter {name} is not admitted: it is not known to work on data alone", node)

    def _test_name(self, name: str, node: nodes.Node) -> None:
        if _short(name) in TESTS or (self._known_plugin(name) and _short(name) not in OTHER_TESTS):
            return
        self._refuse(
            f"the test {name} is not admitted: it looks at files of this machine; use ansible.builtin.stat on the host",
            node,
        )

    def _test(self, node: nodes.Test) -> None:
        if _short(node.name) in FILE_TESTS:
            remedy, target = self._place.remedy, node.node
            if isinstance(target, nodes.Name) and target.name in (remedy.fleet_files | remedy.programs):
                return
        self._test_name(node.name, node)

    def _call(self, node: nodes.Call) -> None:
        callee = node.node
        if isinstance(callee, nodes.Name) and callee.name in LOOKUP_FUNCTIONS:
            self._called.add(id(callee))
            self._lookup(node)
        elif isinstance(callee, nodes.Name):
            if callee.name not in FUNCTIONS and callee.name not in self._macros | self._imported:
                self._refuse(f"{callee.name}() is not admitted; use filters", node)
        elif isinstance(callee, nodes.Getattr):
            owner = callee.node
            imported = isinstance(owner, nodes.Name) and owner.name in self._imported
            if callee.attr not in METHODS and not imported:
                self._refuse(f".{callee.attr}() is not admitted; use filters", node)
        else:
            self._refuse("a call of something computed is not admitted; use filters", node)

    def _lookup(self, node: nodes.Call) -> None:
        first = node.args[0] if node.args else None
        if node.dyn_args is not None or not isinstance(first, nodes.Const) or not isinstance(first.value, str):
            self._refuse("the plugin of a lookup has to be named by a string", node)
            return
        name = first.value
        short = _short(name)
        if short in LOOKUPS or (self._known_plugin(name) and short not in OTHER_LOOKUPS):
            return
        if short != "file":
            self._refuse(f"the lookup {name} is not admitted: it reaches beyond what the digest covers", node)
        elif not self._reads_admitted(node):
            self._refuse(
                "the lookup file is admitted for a file in files/ of the role, by its literal path, "
                "and for <remedy>_source (see docs/reference/remedy-files.md)",
                node,
            )

    def _reads_admitted(self, node: nodes.Call) -> bool:
        if len(node.args) != 2 or node.dyn_kwargs is not None:
            return False
        if any(kwarg.key not in ("rstrip", "lstrip") for kwarg in node.kwargs):
            return False
        target = node.args[1]
        if isinstance(target, nodes.Name):
            return target.name in self._place.remedy.fleet_files
        path = literal_path(target.value) if isinstance(target, nodes.Const) else None
        return path is not None and self._place.role is not None and f"files/{path}" in self._place.role.files

    def _include(self, node: Any) -> None:
        target = node.template
        path = literal_path(target.value) if isinstance(target, nodes.Const) else None
        role = self._place.role
        if not self._whole_file or role is None:
            self._refuse("only a file in templates/ of a role may include another", node)
        elif path is None or f"templates/{path}" not in role.files:
            self._refuse("a template may include a file in templates/ of its role, by its literal path", node)


def _names_of(node: Any) -> list[str]:
    if isinstance(node, nodes.Import):
        return [node.target]
    return [name if isinstance(name, str) else name[1] for name in node.names]


def _short(name: str) -> str:
    for part in _PARTS:
        if name.startswith(part):
            return name.removeprefix(part)
    return name
