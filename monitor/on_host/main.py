"""Runs the probes that it was sent, one after the other, and prints one marked line of JSON for each.

Each probe runs in a thread of its own, so that one which fails or hangs costs its own result only; they take turns, so
that the processor time of one is not measured by the next. The user's own scripts come last, all at the same time.

    fleetmend:{"probe": "folders", "items": [...], "seconds": 0.01}

Border: what the lines mean is decided by the reader on the controller, which trusts none of this.
"""

import base64
import concurrent.futures
import json
import os
import signal
import sys
import time
import zlib
from typing import Any, Callable, Dict, List

MARK = "fleetmend:"
STEP = 6.0  # seconds that one probe may take
GRACE = 2  # seconds after the whole limit until the kernel ends this process, whatever it hangs in


def main(argument: str) -> None:
    """Run the request in *argument*: base64 of zlib of JSON.

    It is {"limit": seconds, "sources": {name: text}, "probes": [{"id", "source": a name, "arguments"}]}.
    """
    request = json.loads(zlib.decompress(base64.b64decode(argument)).decode())
    signal.alarm(int(request["limit"]) + GRACE)
    deadline = time.monotonic() + request["limit"]
    loaded: Dict[str, Dict[str, Any]] = {}
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: _end(loaded, 128 + number))
    probes = request["probes"]
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=len(probes) or 1)
    for together in _turns(probes):
        began = time.monotonic()
        running = [(probe["id"], pool.submit(_run, probe, request["sources"], loaded)) for probe in together]
        for name, future in running:
            patience = deadline - time.monotonic()
            if together[0]["source"] != "user_script":  # those have their own limit
                patience = min(patience, STEP)
            _print({"probe": name, "items": _items_of(future, max(0.0, patience)), "seconds": time.monotonic() - began})
    _end(loaded, 0)


def _turns(probes: List[Dict[str, Any]]) -> List[List[Dict[str, Any]]]:
    own = [probe for probe in probes if probe["source"] == "user_script"]
    return [[probe] for probe in probes if probe["source"] != "user_script"] + ([own] if own else [])


def _run(probe: Dict[str, Any], sources: Dict[str, str], loaded: Dict[str, Dict[str, Any]]) -> List[Dict[str, Any]]:
    module = loaded.get(probe["source"])
    if module is None:
        module = {"__name__": "fleetmend_" + probe["source"]}
        exec(compile(sources[probe["source"]], probe["source"] + ".py", "exec"), module)
        module = loaded.setdefault(probe["source"], module)
    probe_of: Callable[[Dict[str, Any]], List[Dict[str, Any]]] = module["probe"]
    return probe_of(probe["arguments"])


def _items_of(future: "concurrent.futures.Future[List[Dict[str, Any]]]", patience: float) -> List[Dict[str, Any]]:
    try:
        error = future.exception(patience)
    except concurrent.futures.TimeoutError:
        return [{"problem": "took too long on the host"}]
    if error is not None:
        return [{"problem": " ".join(f"{type(error).__name__}: {error}".split())[:300]}]
    return future.result()


def _print(result: Dict[str, Any]) -> None:
    sys.stdout.write("\n" + MARK + json.dumps(result) + "\n")
    sys.stdout.flush()


def _end(loaded: Dict[str, Dict[str, Any]], status: int) -> None:
    """Leave at once, without waiting for a thread that hangs; scripts that still run are ended and removed."""
    for module in list(loaded.values()):
        if "stop" in module:
            module["stop"]()
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[2])
