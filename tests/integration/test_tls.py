"""The API over TLS: served for real with a certificate of our own making, and refused clearly where that can't be."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from api.server import Server
from core.errors import BadInput
from tests.api_client import open_api
from tests.certificates import make_certificate


def test_the_api_is_served_over_tls_alone(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    with (
        open_api(tmp_path / "house") as api,
        Server(api.app, host="127.0.0.1", port=0, tls_cert=cert, tls_key=key) as server,
    ):
        assert server.url == f"https://127.0.0.1:{server.port}"
        trusted = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(verify=trusted, base_url=server.url) as http:
            answer = http.get("/api/v1/me", headers={"Authorization": f"Bearer {api.token}"})
            assert (answer.status_code, answer.json()["person"]) == (200, "ops")
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            assert http.get("/sign-in").headers["set-cookie"].startswith("__Host-fleetmend-form=")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(server.url)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(server.url.replace("https", "http"))


def test_files_that_do_not_hold_start_nothing(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    _, other = make_certificate(tmp_path, "other")
    locked_cert, locked = make_certificate(tmp_path, "locked", passphrase=b"sesame")
    broken = tmp_path / "broken.crt"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    cases = [
        (cert, None, "FLEETMEND_TLS_KEY: a certificate and its key go together"),
        (None, key, "FLEETMEND_TLS_CERT: a certificate and its key go together"),
        (tmp_path / "none", key, f"{tmp_path / 'none'}: FLEETMEND_TLS_CERT: it can't be read: No such file"),
        (cert, tmp_path, f"{tmp_path}: FLEETMEND_TLS_KEY: it can't be read: Is a directory"),
        (cert, other, f"{other}: FLEETMEND_TLS_KEY: it is not the key of this certificate"),
        (locked_cert, locked, "the key without a passphrase"),
        (broken, key, "PEM files are needed"),
    ]
    with open_api(tmp_path / "house") as api:
        for tls_cert, tls_key, words in cases:
            with pytest.raises(BadInput) as caught:
                Server(api.app, host="127.0.0.1", port=0, tls_cert=tls_cert, tls_key=tls_key)
            assert words in str(caught.value)
            assert "\n" not in str(caught.value)
