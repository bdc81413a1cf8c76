"""Who is told of failures, deadlines and old tables, and that it arrives. Runs the real binary."""

import http.server
import json
import signal
import sqlite3
import threading
import urllib.request

from project_case import FILES, main
from server_case import Refused, ServerCase

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

    def test_what_was_told_is_listed_and_can_be_told_again(self):
        self.pipeline("tasks: {a: {command: ['false'], retries: 0}}\n")
        self.receiver.status = LATER
        server = self.serve()
        stream = urllib.request.urlopen(server.address + "/api/v1/events", timeout=60)
        self.addCleanup(stream.close)
        run = server.start_run("p")
        waiting = self.wait_for(lambda: [each for each in server.get("/deliveries?state=waiting")["items"] if each["attempts"]],
                                "no attempt is shown")[0]
        self.assertEqual((waiting["receiver"], waiting["event"], waiting["facts"]["run"]), ("oncall", "run_failed", run))
        self.assertIn("503", waiting["outcome"])
        self.assertIsNotNone(waiting["next_at"])
        self.receiver.status = TOLD
        server.post(f"/deliveries/{waiting['id']}/retry")
        told = self.wait_for(lambda: server.get("/deliveries?state=delivered")["items"], "it is not told again")
        self.assertEqual([each["id"] for each in told], [waiting["id"]])
        with self.assertRaises(Refused) as refused:
            server.post(f"/deliveries/{waiting['id']}/retry")
        self.assertEqual(refused.exception.status, 404)
        # Those who listen hear of it, newest first by pages, and `ingot alerts` says the same.
        server.wait_for_run(server.start_run("p"))
        self.wait_for(lambda: len(server.get("/deliveries?state=delivered")["items"]) == 2, "the second is not told")
        page = server.get("/deliveries?limit=1")
        older = server.get(f"/deliveries?limit=1&after={page['next']}")
        self.assertEqual([each["id"] for each in older["items"]], [waiting["id"]])
        self.assertIn((waiting["id"], "waiting"), self.deliveries_until(stream, waiting["id"], "delivered"))
        def listed():
            status, out, text = self.call("--json", "alerts", "--state", "delivered")
            self.assertEqual(status, 0, text)
            return [each["id"] for each in json.loads(out)]
        self.wait_for(lambda: listed() == [page["items"][0]["id"], waiting["id"]], "the store says otherwise")

    def deliveries_until(self, stream, delivery, state):
        """What the stream says of deliveries, until that one is in that state."""
        found = []
        kind = ""
        for line in stream:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind == "delivery":
                data = json.loads(value)
                found.append((data["delivery"], data["state"]))
                if found[-1] == (delivery, state):
                    return found
        raise AssertionError(f"the stream ends with {found}")

    def test_a_run_by_hand_is_told_before_it_ends_or_by_the_next_server(self):
        self.pipeline("tasks:\n  a: {command: ['false'], retries: 0, on_failure: {notify: pager}}\n")
        status, _, text = self.call("run", "--pipeline", "p")
        self.assertEqual(status, 1, text)
        self.assertEqual([told["event"] for told in self.receiver.taken()], ["run_failed"])
        self.assertIn("told oncall: p failed", text)
        self.assertEqual(json.loads(self.lines("paged")[0])["event"], "task_failed")
        self.receiver.status = LATER
        status, _, text = self.call("run", "--pipeline", "p")
        self.assertEqual(status, 1, text)
        self.assertIn("oncall was not told 'p failed': ", text)
        self.assertNotIn("SECRET", text)
        self.receiver.status = TOLD
        server = self.serve()
        self.wait_for(lambda: len(self.receiver.taken()) == 2, "the next server does not tell")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(len(self.receiver.taken()), 2, "told once each")
        self.pipeline("tasks: {a: {command: ['true']}}\n")
        status, _, text = self.call("run", "--pipeline", "p")
        self.assertEqual((status, "told" in text), (0, False), text)

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
