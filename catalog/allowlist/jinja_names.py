"""The filters, tests, functions, methods and lookups that work on data alone. What is not named here is refused."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILTERS = _words(
    "abs b64decode b64encode basename batch bool capitalize center checksum combinations combine comment commonpath "
    "count d default dict2items dictsort difference dirname e escape extract filesizeformat first flatten float "
    "from_json groupby hash human_readable human_to_bytes indent int intersect items items2dict join last length "
    "list log lower mandatory map max md5 min normpath password_hash path_join permutations pow product quote random "
    "regex_escape regex_findall regex_replace regex_search reject rejectattr rekey_on_member replace reverse root "
    "round select selectattr sha1 shuffle slice sort split splitext strftime string subelements sum "
    "symmetric_difference ternary title to_datetime to_json to_nice_json to_nice_yaml to_uuid to_yaml tojson trim "
    "truncate type_debug union unique upper urldecode urlencode urlsplit win_basename win_dirname win_splitdrive "
    "wordcount wordwrap zip zip_longest"
)
TESTS = _words(
    "!= < <= == > >= abs all any boolean change changed contains defined divisibleby eq equalto even failed failure "
    "false falsy finished float ge greaterthan gt in integer is_abs isnan issubset issuperset iterable le lessthan "
    "lower lt mapping match nan ne none number odd reachable regex sameas search sequence skip skipped started string "
    "subset succeeded success successful superset timedout true truthy undefined unreachable upper uri url urn "
    "version version_compare"
)
FILE_TESTS = frozenset({"file", "is_file", "exists"})
"""Tests that look at a file of this machine: only at those that `fleet_files` admits."""
NAMES_A_FILTER = frozenset({"map"})
NAMES_A_TEST = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that are given the name of another filter or of a test, and in which argument."""
FUNCTIONS = frozenset({"range", "dict", "namespace", "cycler", "joiner", "now", "undef", "caller", "loop"})
METHODS = _words(
    "append capitalize center count cycle endswith extend find get index isalnum isalpha isdigit isoformat items join "
    "keys ljust lower lstrip partition pop removeprefix removesuffix replace rfind rjust rpartition rsplit rstrip "
    "split splitlines startswith strftime strip timestamp title total_seconds union update upper values zfill"
)
LOOKUPS = _words(
    "dict indexed_items inventory_hostnames items list nested random_choice sequence subelements together varnames vars"
)
LOOKUP_FUNCTIONS = frozenset({"lookup", "query", "q"})

OTHER_FILTERS = _words(
    "attr expanduser expandvars fileglob forceescape format from_yaml from_yaml_all pprint realpath relpath safe "
    "striptags unvault urlize vault xmlattr"
)
OTHER_TESTS = _words(
    "callable directory escaped exists file filter is_dir is_file is_link is_mount is_same_file link link_exists mount "
    "same_file test vault_encrypted vaulted_file"
)
OTHER_LOOKUPS = _words("config csvfile env file fileglob first_found ini lines password pipe template unvault url")
"""What Ansible and Jinja have beside the admitted ones. A role's own plugin may not pass for one of them."""
