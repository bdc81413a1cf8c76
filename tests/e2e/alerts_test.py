"""Who is told of failures, deadlines and old tables, and that it arrives. Runs the real binary."""

import http.server
import json
import signal
import sqlite3
import threading

from project_case import FILES, main
from server_case import ServerCase

TOLD = 200
LATER = 503


class Receiver:
    """Answers as it is told to, and keeps what it took."""

    def __init__(self):
        self.status = TOLD
        self.asked = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.asked.append((receiver.status, self.headers["Ingot-Delivery"], body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/services/T0SECRET"

    def taken(self):
        return [body for status, _, body in list(self.asked) if status == TOLD]


class AlertsTest(ServerCase):
    files = {**FILES, "project.yml": FILES["project.yml"] + """
notify: {oncall: {webhook: $secret.HOOK}, pager: {command: [sh, -c, "cat >> paged; echo >> paged"]}}
on_failure: {notify: oncall}
"""}

    def setUp(self):
        super().setUp()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server.shutdown)
        self.write(".env", f"HOOK={self.receiver.url()}\n")

    def test_a_failure_is_told_to_who_is_named(self):
        self.pipeline("tasks:\n  a: {command: [sh, -c, 'echo broken >&2; exit 3'], retries: 0, on_failure: {notify: pager}}\n")
        server = self.serve()
        run = server.start_run("p")
        self.wait_for(self.receiver.taken, "nobody is told")
        told = self.receiver.taken()[0]
        self.assertEqual((told["event"], told["title"], told["run"]), ("run_failed", "p failed", run))
        self.assertIn("a failed, 1 attempt: ", told["text"])
        paged = json.loads(self.wait_for(lambda: self.lines("paged"), "the program does not run")[0])
        self.assertEqual((paged["event"], paged["task"]), ("task_failed", "a"))

    def test_a_message_outlives_a_receiver_that_is_down_and_a_server_that_is_killed(self):
        self.pipeline("tasks: {a: {command: ['false'], retries: 0}}\n")
        self.receiver.status = LATER
        server = self.serve()
        server.start_run("p")
        self.wait_for(lambda: self.receiver.asked, "nobody is asked")
        server.stop(signal.SIGKILL)
        with sqlite3.connect(self.project + "/.ingot/state.db") as store:
            kept = store.execute("select body from records where kind = 'delivery'").fetchall()
        self.assertEqual(len(kept), 1)
        self.assertNotIn("SECRET", kept[0][0])
        self.receiver.status = TOLD
        server = self.serve()
        self.wait_for(self.receiver.taken, "the message is lost")
        self.assertEqual(len({delivery for _, delivery, _ in self.receiver.asked}), 1, "it can be told as one")
        self.assertNotIn("SECRET", server.text())
        self.assertEqual(server.stop(), 0)

    def test_a_run_that_is_not_done_in_time_is_told_once(self):
        self.pipeline("deadline: {within: 300ms, notify: oncall}\ntasks: {a: {command: [sleep, '2']}}\n")
        server = self.serve()
        run = server.wait_for_run(server.start_run("p"))
        self.assertEqual(run["state"], "success", "a missed deadline ends nothing")
        self.wait_for(self.receiver.taken, "nobody is told")
        self.assertEqual([told["event"] for told in self.receiver.taken()], ["deadline_missed"])

    def test_a_table_that_is_too_old_is_told(self):
        self.write("sources/events.yml", FILES["sources/events.yml"] + "freshness: {warn: 500ms, notify: oncall}\n")
        self.serve()
        self.wait_for(self.receiver.taken, "nobody is told")
        told = self.receiver.taken()[0]
        self.assertEqual((told["event"], told["table"], told["level"]), ("freshness", "bronze.events", "warning"))


if __name__ == "__main__":
    main()
