"""Ingest over HTTP through the whole program, from a server that fails in every ordinary way."""

import http.server
import json
import os
import ssl
import subprocess
import threading
import time
import unittest

from project_case import ProjectCase, events, hour_name, main

HOURS = 8
WINDOW = ("--window", f"2020-05-01T00..2020-05-01T{HOURS:02}")


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` by path; `trouble(request number of the path, handler)` may answer in their place."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.asked = []  # Path, Range and status of every request.
        self.trouble = lambda number, handler: False
        self.lock = threading.Lock()
        self.at_work = 0
        self.at_work_max = 0
        self.scheme = "http"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"{self.scheme}://localhost:{self.server_address[1]}"

    def times(self, path):
        return sum(asked[0] == path for asked in self.asked)

    def handle_error(self, request, client_address):
        pass  # A client that went away.


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # The name that the base class looks for.
        server = self.server
        with server.lock:
            server.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-None-Match")))
            number = server.times(self.path)
            server.at_work += 1
            server.at_work_max = max(server.at_work_max, server.at_work)
        try:
            if not server.trouble(number, self):
                self.answer()
        finally:
            with server.lock:
                server.at_work -= 1

    def answer(self, cut=None):
        """The file, from where it is asked for; only the first `cut` bytes of it, then the line breaks."""
        body = self.server.files.get(self.path)
        if body is None:
            return self.refuse(404)
        etag = f'"{hash(body) & 0xFFFFFFFF:x}"'
        if self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.end_headers()
            return None
        first = 0
        if self.headers.get("Range") and self.headers.get("If-Range") == etag:
            first = int(self.headers["Range"][len("bytes="):-1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        self.wfile.write(body[first:cut])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
        return None

    def refuse(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Http(ProjectCase):
    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.environment = {"no_proxy": "*"}
        self.change("project.yml", "default: ./input", f"default: \"{self.server.url()}\"")
        self.change("sources/events.yml", ".ndjson\"", ".ndjson\", retries: 2")
        for hour in range(HOURS):
            self.serve_hour(hour, events(hour))

    def serve_hour(self, hour, rows):
        self.server.files[f"/{hour_name(hour)}.ndjson"] = "".join(json.dumps(row) + "\n" for row in rows).encode()

    def path(self, hour):
        return f"/{hour_name(hour)}.ndjson"

    def assert_all_loaded(self):
        self.assertEqual(len(self.ids()), 5 * HOURS)
        self.assertEqual(len(self.ids("silver.events")), 5 * HOURS)

    def test_server_errors_and_broken_connections_are_tried_again(self):
        def trouble(number, handler):
            if number == 1 and handler.path == self.path(1):
                handler.refuse(503)
            elif number <= 2 and handler.path == self.path(2):
                handler.close_connection = True  # Without a word.
            elif number == 1 and handler.path == self.path(3):
                handler.answer(cut=100)
            else:
                return False
            return True

        self.server.trouble = trouble
        self.succeeds("run", *WINDOW)
        self.assert_all_loaded()
        self.assertEqual([self.server.times(self.path(hour)) for hour in range(4)], [1, 2, 3, 2])
        self.assertIn((self.path(3), "bytes=100-", None), self.server.asked)

    def test_a_server_that_stays_broken_is_named_and_what_came_is_loaded(self):
        self.server.trouble = lambda number, handler: handler.path == self.path(4) and (handler.refuse(500) or True)
        text = self.fails("run", *WINDOW, says=[self.path(4), "500", "3 attempts"])
        self.assertEqual(self.server.times(self.path(4)), 3, text)
        self.assertEqual(self.unreferenced(), set())
        self.server.trouble = lambda number, handler: False
        loaded = [int(hour) for hour, in self.rows("select distinct hour(ts) from bronze.events order by 1")]
        self.assertIn(0, loaded)
        before = list(self.server.asked)
        self.succeeds("run", *WINDOW)
        self.assert_all_loaded()
        again = [path for path, _, _ in self.server.asked[len(before):]]
        self.assertFalse([hour for hour in loaded if self.path(hour) in again], "what is published is not asked for again")

    def test_downloads_run_side_by_side(self):
        def trouble(_, handler):
            deadline = time.monotonic() + 30
            while handler.server.at_work_max < 4 and time.monotonic() < deadline:
                time.sleep(0.01)
            return False

        self.server.trouble = trouble
        self.succeeds("run", *WINDOW)
        self.assertEqual(self.server.at_work_max, 4)
        self.assert_all_loaded()

    def test_an_unchanged_etag_is_no_commit(self):
        self.server.files["/people.csv"] = b"who\np0\np1\n"
        self.write("sources/people.yml", "table: bronze.people\nload: snapshot\n"
                   "from: {files: \"{params.source}/people.csv\"}\ncolumns: {who: varchar}\n")
        self.succeeds("run", "bronze.people")
        versions = self.versions()
        self.succeeds("run", "bronze.people")
        self.assertEqual(self.versions(), versions)
        self.assertIsNotNone(self.server.asked[-1][2], "it asked whether it has changed")
        self.server.files["/people.csv"] = b"who\np0\np2\n"
        self.succeeds("run", "bronze.people")
        self.assertEqual(self.rows("select who from bronze.people order by 1"), [("p0",), ("p2",)])

    def test_the_next_run_goes_on_where_a_download_broke_off(self):
        self.server.trouble = lambda number, handler: number <= 3 and (handler.answer(cut=100 * number) or True)
        self.fails("run", "--window", "2020-05-01T00", says=[self.path(0)])
        self.assertEqual([asked[1] for asked in self.server.asked], [None, "bytes=100-", "bytes=200-"])
        self.succeeds("run", "--window", "2020-05-01T00")
        self.assertEqual(self.server.asked[-1][1], "bytes=300-")
        self.assertEqual(self.ids(), [0, 1, 2, 3, 4])
        kept = [name for _, _, names in os.walk(os.path.join(self.project, ".ingot/inputs")) for name in names]
        self.assertEqual(kept, [".lock"])

    def test_an_absent_hour_is_missing_and_asked_for_again(self):
        body = self.server.files.pop(self.path(5))
        self.assertEqual(self.run_report(*WINDOW)["bronze.events"]["windows"]["missing"], 1)
        self.server.files[self.path(5)] = body
        before = len(self.server.asked)
        self.succeeds("run", *WINDOW)
        self.assertEqual([path for path, _, _ in self.server.asked[before:]], [self.path(5)])
        self.assert_all_loaded()

    def test_a_certificate_is_checked_and_one_of_our_own_can_be_trusted(self):
        certificate = os.path.join(self.work, "server.pem")
        key = os.path.join(self.work, "server.key")
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                           check=True, capture_output=True)
        except FileNotFoundError:
            self.skipTest("openssl, which makes the certificate, is not installed")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.change("project.yml", "\"http://", "\"https://")
        self.fails("run", *WINDOW, says=["https://localhost", "certificate", "SSL_CERT_FILE"])
        self.assertEqual(self.server.asked, [])
        self.environment["SSL_CERT_FILE"] = certificate
        self.succeeds("run", *WINDOW)
        self.assert_all_loaded()


if __name__ == "__main__":
    unittest.installHandler()
    main()
