"""Heads, bodies and frames of HTTP that are too large, or can be read in two ways: each is answered, and the end."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Serve
from tests.attacks.raw_client import raw

GET = b"GET /much HTTP/1.1\r\nHost: h\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: h\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED = {
    "a header that is too long": (GET + b"X: " + b"a" * 9_000 + b"\r\n\r\n", 431),
    "a header that never ends": (GET + b"X: " + b"a" * 600_000, 431),
    "a name that never ends": (GET + b"x" * 600_000, 431),
    "too many headers": (GET + b"".join(b"X%d: a\r\n" % number for number in range(101)) + b"\r\n", 431),
    "headers that are too much together": (
        GET + b"".join(b"X%d: %s\r\n" % (n, b"a" * 4_000) for n in range(9)) + b"\r\n",
        431,
    ),
    "a target that is too long": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 431),
    "a target that never ends": (b"GET /" + b"a" * 600_000, 431),
    "thousands of parameters": (b"GET /?" + b"a&" * 5_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 431),
    "line ends for ever": (b"\r\n" * 300_000, 400),
    "two hosts": (GET + b"host: other\r\n\r\n", 400),
    "a length and chunks": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks and a length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a length with a sign": (POST + b"Content-Length: +1\r\n\r\na", 400),
    "a length below nothing": (POST + b"Content-Length: -1\r\n\r\na", 400),
    "a length beyond numbers": (POST + b"Content-Length: 99999999999999999999999\r\n\r\na", 400),
    "a coding that is not chunked": (POST + b"Transfer-Encoding: gzip\r\n\r\na", 400),
    "chunked and something behind it": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\na", 400),
    "chunks in HTTP/1.0": (b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a chunk of no size": (CHUNKED + b"x\r\na\r\n0\r\n\r\n", 400),
    "a chunk of a negative size": (CHUNKED + b"-1\r\na\r\n0\r\n\r\n", 400),
    "a chunk beyond numbers": (CHUNKED + b"f" * 30 + b"\r\na\r\n", 400),
    "a chunk that is longer than it says": (CHUNKED + b"1\r\nab\r\n0\r\n\r\n", 400),
    "an extension that never ends": (CHUNKED + b"1;" + b"e" * 900_000, 400),
    "a trailer that never ends": (CHUNKED + b"1\r\na\r\n0\r\nX: " + b"t" * 900_000, 400),
    "trailers that never end": (CHUNKED + b"1\r\na\r\n0\r\n" + b"X: t\r\n" * 200_000, 400),
    "a folded header": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "a space before the colon": (GET + b"X : a\r\n\r\n", 400),
    "a zero byte": (GET + b"X: a\0b\r\n\r\n", 400),
    "a bare line feed in a value": (GET + b"X: a\nY: b\r\n\r\n", 400),
    "another version": (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a tunnel": (b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "TLS without TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
}


@pytest.mark.parametrize(("said", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_and_the_connection_ends(serve: Serve, said: bytes, status: int) -> None:
    server = serve()
    with raw(server.port) as client:
        client.say(said)
        assert client.statuses() == [status]


def test_what_is_well_formed_is_answered_as_ever(serve: Serve) -> None:
    server = serve()
    with raw(server.port) as client:
        client.say(CHUNKED + b"3;note=x\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + POST + b"Content-Length: 2\r\n\r\nfg")
        client.say(b"POST /echo HTTP/1.0\r\nContent-Length: 1\r\n\r\nh")
        said = client.rest()
    assert [said.count(word) for word in (b"abcde", b"fg", b"\r\n\r\nh")] == [1, 1, 1]


def test_a_trailer_is_no_header(serve: Serve) -> None:
    server = serve()
    with raw(server.port) as client:
        client.say(CHUNKED + b"1\r\na\r\n0\r\nX-Forwarded-For: 10.0.0.1\r\nAuthorization: Bearer x\r\n\r\n")
        client.say(b"GET / HTTP/1.0\r\n\r\n")
        said = client.rest()
    assert b"x-names: host,transfer-encoding" in said


def test_an_upgrade_is_answered_without_one_and_is_the_last_request(serve: Serve) -> None:
    server = serve()
    with raw(server.port) as client:
        client.say(GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + GET + b"\r\n")
        assert client.statuses() == [200]


def test_a_few_requests_may_wait_behind_one_and_no_more(serve: Serve) -> None:
    server = serve(pipelined=4)
    with raw(server.port) as client:
        client.say(b"POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" * 4_000)
        answered = client.statuses()
    assert set(answered) == {401}
    assert 1 <= len(answered) < 4_000


def test_an_answer_comes_before_the_body_and_the_body_is_never_read(serve: Serve) -> None:
    server = serve(linger_seconds=1.0)
    with raw(server.port) as client:
        client.say(b"POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 16000000\r\nExpect: 100-continue\r\n\r\n")
        assert client.answer() == 401
        assert client.rest() == b"", "and nobody waits for the body for ever"
