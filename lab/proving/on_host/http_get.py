"""One HTTP request, for somebody who stands on this host: `http_get.py <url> <address> <seconds>`.

Prints {"status": …, "body": …}, or {"error": …}. The URL's host is reached at <address>, whatever DNS says;
certificates are checked against the URL's name. Standard library alone (Python 3.6 or later).
"""

import json
import socket
import sys
import urllib.error
import urllib.request

MOST = 65536


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, too."""

    def redirect_request(self, *_arguments):
        """Go nowhere."""
        return


def main():
    """Ask and print."""
    url, address, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    look_up = socket.getaddrinfo
    socket.getaddrinfo = lambda _host, *more, **named: look_up(address, *more, **named)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
    try:
        with opener.open(url, timeout=seconds) as answer:
            found = {"status": answer.status, "body": answer.read(MOST).decode("utf-8", "replace")}
    except urllib.error.HTTPError as answer:
        found = {"status": answer.code, "body": answer.read(MOST).decode("utf-8", "replace")}
    except (OSError, ValueError) as error:
        found = {"error": str(getattr(error, "reason", error)) or type(error).__name__}
    print(json.dumps(found))


main()
