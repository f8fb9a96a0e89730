"""Runs a user's own probe: a read-only script that travels along, and prints one sample a line as JSON.

    {"name": "queue.length", "value": 17, "subject": "mail", "evidence": {"oldest_seconds": 90}}

The script lies in a private temporary file while it runs, in memory where the host has /dev/shm. It gets a small
environment, no input, and its own process group, which is killed when it ends or when its time is over.
Border: whether the script may run at all was decided before it was sent.
"""

import base64
import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from typing import Any, Dict, List

LIMIT = 256 * 1024  # bytes that a script may print
MEMORY = "/dev/shm"  # a full disk is no obstacle there
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_running: Dict[str, int] = {}
"""Temporary file -> process group (0 before it started), of what runs now."""


def probe(arguments: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Run {"script": <base64>, "timeout": <seconds>}. Raises RuntimeError or ValueError that say what went wrong."""
    script = base64.b64decode(arguments["script"])
    path = _write(script)
    try:
        return _samples(_run([*_interpreter(script), path], path, float(arguments["timeout"])))
    finally:
        _stop(path)


def stop() -> None:
    """End every script that still runs, and remove its file."""
    for path in list(_running):
        _stop(path)


def _write(script: bytes) -> str:
    folder = MEMORY if os.access(MEMORY, os.W_OK) else None
    handle, path = tempfile.mkstemp(prefix="fleetmend-probe-", dir=folder)
    _running[path] = 0
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, 0o700)
        file.write(script)
    return path


def _interpreter(script: bytes) -> List[str]:
    """What the script's first line names, as the kernel reads it (so that a noexec mount is no obstacle); else sh."""
    first = script.split(b"\n", 1)[0].decode("utf-8", "replace")
    return first[2:].strip().split(None, 1) if first.startswith("#!") and first[2:].strip() else ["/bin/sh"]


def _run(command: List[str], path: str, timeout: float) -> str:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PATH": PATH, "LC_ALL": "C", "HOME": "/"},
        start_new_session=True,
    )
    _running[path] = process.pid
    deadline = time.monotonic() + timeout
    try:
        output, complaint = _collect(process, deadline, timeout)
        # not reaped yet, so that its number can't be another group's by the time it is killed
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(process.args, timeout)
            time.sleep(0.01)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the script did not end within {timeout:g} s") from None
    finally:
        _kill(process.pid)
        _running[path] = 0
        process.wait()
    if process.returncode:
        last = complaint.strip().splitlines()[-1:] or ["it said nothing"]
        raise RuntimeError(f"the script ended with {process.returncode}: {last[0][:200]}")
    return output


def _collect(process: "subprocess.Popen[bytes]", deadline: float, timeout: float) -> List[str]:
    """What the script wrote to its output and its error output, until both are closed."""
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
    texts = {pipe.fileno(): bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, timeout)
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                texts[key.fd] += chunk
                if len(texts[key.fd]) > LIMIT:
                    raise ValueError(f"the script printed more than {LIMIT} bytes")
    texts_in_order = [bytes(texts[pipe.fileno()]).decode("utf-8", "replace") for pipe in pipes]
    for pipe in pipes:
        pipe.close()
    return texts_in_order


def _samples(output: str) -> List[Dict[str, Any]]:
    samples = []
    for number, line in enumerate(output.splitlines(), 1):
        if not line.strip():
            continue
        try:
            sample = json.loads(line)
        except ValueError:
            raise ValueError(f"line {number} of the script's output is not JSON") from None
        if not isinstance(sample, dict) or "name" not in sample or "value" not in sample:
            raise ValueError(f"line {number} of the script's output is no sample: it needs name and value")
        samples.append(sample)
    return samples


def _stop(path: str) -> None:
    _kill(_running.pop(path, 0))
    if os.path.exists(path):
        os.unlink(path)


def _kill(group: int) -> None:
    if group:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left in it
            os.killpg(group, signal.SIGKILL)
