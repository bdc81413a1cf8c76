"""Tasks that wait, choose, give values and call services. Runs the real binary."""

import glob
import http.server
import json
import os
import threading

from pipeline_case import WINDOW, PipelineCase, shell
from project_case import main


class Service(http.server.ThreadingHTTPServer):
    """Answers with `answers(method, path, number)`: a status and a body; remembers what it was asked."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers = answers
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # A client that was told nothing.


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.append((self.command, self.path, body, dict(self.headers)))
        status, text = self.server.answers(self.command, self.path, len(self.server.asked))
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *arguments):
        pass


class TaskKinds(PipelineCase):
    def newest_run(self):
        """As it is while another process is at work; no tasks before there is one."""
        status, out, _ = self.call("--json", "runs")
        runs = json.loads(out) if status == 0 else []
        return self.runs(runs[0]["run_id"]) if runs else {"tasks": []}

    def serve(self, answers):
        service = Service(answers)
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        self.environment = {"no_proxy": "*"}
        return service

    def by_name(self, run):
        return {task["task"]: task for task in run["tasks"]}

    def log_of(self, task):
        with open(task["attempts"][-1]["log"], encoding="utf-8") as file:
            return file.read()

    def test_a_sensor_waits_for_a_file_without_a_slot_and_gives_what_it_found(self):
        self.pipeline(f"""
tasks:
  wait:  {{sensor: {{file: "in/*.done"}}, every: 1s, timeout: 60s}}
  other: {{command: {shell("sleep 0.5; mkdir -p in; touch in/a.done")}}}
  next:  {{command: {shell("echo {tasks.wait.files} {tasks.wait.file} > found")}, after: wait}}
""")
        run = self.run_pipeline("p", "--parallel", "1")
        tasks = self.by_name(run)
        self.assertEqual(self.states(run), {"wait": "success", "other": "success", "next": "success"})
        self.assertEqual(len(tasks["wait"]["attempts"]), 1)
        self.assertGreaterEqual(tasks["wait"]["attempts"][0]["checks"], 1)
        self.assertEqual(tasks["wait"]["values"]["files"], 1)
        (found,) = self.lines("found")
        self.assertTrue(found.startswith("1 /") and found.endswith("/in/a.done"), found)
        log = self.log_of(tasks["wait"])
        self.assertIn("not yet: there is no file in/*.done (checked 1 times)", log)
        self.assertIn("it is there", log)

    def test_a_sensor_whose_time_is_over_fails_or_is_skipped(self):
        self.pipeline("""
tasks:
  late: {sensor: {file: never}, every: 1s, timeout: 2s, retries: 5}
  maybe: {sensor: {command: [sh, -c, "echo still cooking; exit 4"]}, every: 1s, timeout: 2s, on_timeout: skip}
  wrong: {sensor: {command: [sh, -c, "exit 127"]}, every: 1s, timeout: 2s, on_fail: warn}
  next: {command: ["true"], after: maybe}
""")
        run = self.run_pipeline(status=1)
        tasks = self.by_name(run)
        self.assertEqual(self.states(run), {"late": "failed", "maybe": "skipped", "wrong": "failed", "next": "skipped"})
        self.assertEqual(tasks["late"]["note"], "not there within 2s: there is no file never")
        self.assertEqual(tasks["maybe"]["note"], "not there within 2s: still cooking")
        self.assertEqual(len(tasks["late"]["attempts"]), 1)
        self.assertIn("exit code 127", tasks["wrong"]["note"])

    def test_a_branch_by_sql_chooses_and_the_rest_is_skipped(self):
        self.pipeline(f"""
tasks:
  load:  {{ingest: bronze.events}}
  size:  {{branch: {{sql: "SELECT CASE WHEN count(*) > 0 THEN 'some' ELSE 'none' END AS way, count(*) AS n FROM bronze.events"}}}}
  some:  {{command: {shell("echo {tasks.size.n} > n")}, after: size}}
  none:  {{command: {shell("touch wrong")}, after: size}}
  tail:  {{command: ["true"], after: none}}
  join:  {{command: ["true"], after: [size, some, none], when: none_failed_min_one_success}}
""")
        run = self.run_pipeline("p", "--window", WINDOW)
        self.assertEqual(self.states(run), {
            "load": "success", "size": "success", "some": "success", "none": "skipped", "tail": "skipped",
            "join": "success"})
        size = self.by_name(run)["size"]
        self.assertEqual(size["chosen"], ["some"])
        self.assertEqual(self.lines("n"), [str(size["values"]["n"])])
        self.assertGreater(size["values"]["n"], 0)
        self.assertEqual(self.lines("wrong"), [])

    def test_a_branch_by_command_names_what_goes_on_and_a_wrong_name_fails_it(self):
        self.pipeline("""
tasks:
  pick:  {branch: {command: [sh, -c, 'echo "{{\\"next\\": [\\"$WAY\\"]}}" > "$INGOT_OUTPUT"']}, environment: {WAY: left}}
  wrong: {branch: {command: [sh, -c, 'echo "{{\\"next\\": \\"lefft\\"}}" > "$INGOT_OUTPUT"']}, on_fail: warn}
  mute:  {branch: {command: ["true"]}, on_fail: warn}
  left:  {command: ["true"], after: [pick, wrong, mute]}
  right: {command: ["true"], after: pick}
""")
        run = self.run_pipeline()
        tasks = self.by_name(run)
        self.assertEqual(self.states(run), {
            "pick": "success", "wrong": "failed", "mute": "failed", "left": "success", "right": "skipped"})
        self.assertIn("did you mean 'left'?", tasks["wrong"]["note"])
        self.assertIn("INGOT_OUTPUT", tasks["mute"]["note"])

    def test_values_of_a_command_reach_later_tasks_and_what_is_wrong_with_them_is_said(self):
        self.pipeline("""
tasks:
  load: {command: [sh, -c, 'echo "{{\\"rows\\": 7, \\"of\\": {{\\"day\\": \\"x y\\"}}}}" > "$INGOT_OUTPUT"']}
  use:  {command: [sh, -c, 'echo "$1|$DAY" > used', sh, "{tasks.load.rows}"], environment: {DAY: "{tasks.load.of.day}"}, after: load}
  miss: {command: [echo, "{tasks.load.row}"], after: load, on_fail: warn, retries: 2}
  list: {command: [sh, -c, 'echo "[1]" > "$INGOT_OUTPUT"'], on_fail: warn, retries: 2}
  huge: {command: [sh, -c, 'head -c 100000 /dev/zero > "$INGOT_OUTPUT"'], on_fail: warn}
""")
        run = self.run_pipeline()
        tasks = self.by_name(run)
        self.assertEqual(self.lines("used"), ["7|x y"])
        self.assertEqual(tasks["load"]["values"], {"rows": 7, "of": {"day": "x y"}})
        self.assertIn("the task load gave no 'row'", tasks["miss"]["note"])
        self.assertIn("they are no object", tasks["list"]["note"])
        self.assertIn("they are larger", tasks["huge"]["note"])
        self.assertEqual(len(tasks["miss"]["attempts"]), 1, "it would come out the same")
        left = glob.glob(os.path.join(self.project, ".ingot", "**", "*.values"), recursive=True)
        self.assertEqual(left, [])

    def test_a_killed_run_remembers_values_choices_and_since_when_a_sensor_asks(self):
        self.pipeline("""
tasks:
  load: {command: [sh, -c, 'echo x >> loads; echo "{{\\"rows\\": 7}}" > "$INGOT_OUTPUT"']}
  wait: {sensor: {file: go}, every: 1s, timeout: 5m, after: load}
  use:  {command: [sh, -c, 'echo "$1" > used', sh, "{tasks.load.rows}"], after: wait}
""")
        process = self.start("run", "--pipeline", "p")
        self.wait_for(lambda: "up_for_reschedule" in self.states(self.newest_run()).values(), "a first check")
        process.kill()
        process.communicate()
        left = self.by_name(self.newest_run())["wait"]
        self.assertEqual(left["state"], "up_for_reschedule")
        self.write("go", "")
        run = self.run_pipeline()
        self.assertEqual(set(self.states(run).values()), {"success"})
        self.assertEqual(self.lines("loads"), ["x"])
        self.assertEqual(self.lines("used"), ["7"])

    def test_a_call_sends_what_it_is_told_and_its_answer_is_its_values(self):
        service = self.serve(lambda method, path, number: (201, '{"id": 42, "tags": ["a"]}'))
        self.pipeline(f"""
tasks:
  call: {{http: {{url: "{service.url()}/orders/{{window.start:%Y}}", method: POST, headers: {{X-Own: yes}}, body: '{{{{"n": 1}}}}', expect_status: [200, 201], idempotency_key: auto}}}}
  use:  {{command: {shell("echo {tasks.call.id} > used")}, after: call}}
""")
        run = self.run_pipeline("p", "--window", WINDOW)
        self.assertEqual(self.lines("used"), ["42"])
        self.assertEqual(self.by_name(run)["call"]["values"], {"id": 42, "tags": ["a"]})
        ((method, path, body, headers),) = service.asked
        self.assertEqual((method, path, body), ("POST", "/orders/2020", '{"n": 1}'))
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["X-Own"], "yes")
        self.assertEqual(headers["Idempotency-Key"], f"{run['run_id']}/call")

    def test_what_may_have_done_its_work_is_called_once_and_what_is_safe_again(self):
        service = self.serve(lambda method, path, number: (0, "") if path == "/lost" else (503, "busy"))
        again = "retries: 2, retry_delay: 10ms, on_fail: warn"
        self.pipeline(f"""
tasks:
  lost:  {{http: {{url: "{service.url()}/lost", method: POST, body: x}}, {again}}}
  busy:  {{http: {{url: "{service.url()}/busy", method: POST, body: x}}, {again}}}
  keyed: {{http: {{url: "{service.url()}/keyed", method: POST, body: x, idempotency_key: "k"}}, {again}}}
  put:   {{http: {{url: "{service.url()}/put", method: PUT, body: x}}, {again}}}
  read:  {{http: {{url: "{service.url()}/read"}}, {again}}}
  down:  {{http: {{url: "http://127.0.0.1:1/", method: POST, body: x}}, {again}}}
""")
        run = self.run_pipeline()
        tries = {name: len(task["attempts"]) for name, task in self.by_name(run).items()}
        self.assertEqual(tries, {"lost": 1, "busy": 1, "keyed": 3, "put": 3, "read": 3, "down": 3})
        paths = [path for _, path, _, _ in service.asked]
        self.assertEqual({path: paths.count(path) for path in set(paths)},
                         {"/lost": 1, "/busy": 1, "/keyed": 3, "/put": 3, "/read": 3})
        self.assertIn("an 'idempotency_key' would allow it", self.by_name(run)["lost"]["note"])
        self.assertIn("status 503: busy", self.by_name(run)["busy"]["note"])

    def test_a_sensor_asks_a_service_until_its_answer_is_right(self):
        answers = {1: (503, ""), 2: (200, '{"state": "cooking"}'), 3: (200, '{"state": "ready"}')}
        service = self.serve(lambda method, path, number:
                             (403, "no") if path == "/closed" else answers[min(number, 3)])
        self.pipeline(f"""
tasks:
  up: {{sensor: {{http: "{service.url()}/state", contains: ready}}, every: 1s, timeout: 60s}}
""")
        run = self.run_pipeline()
        up = self.by_name(run)["up"]
        self.assertEqual((up["state"], up["attempts"][0]["checks"]), ("success", 2))
        self.assertEqual(up["values"], {"state": "ready"})
        self.assertIn("does not contain 'ready'", self.log_of(up))
        self.pipeline(f"""
tasks:
  shut: {{sensor: {{http: "{service.url()}/closed"}}, every: 1s, timeout: 60s, retries: 3}}
""")
        shut = self.by_name(self.run_pipeline(status=1))["shut"]
        self.assertEqual((shut["state"], len(shut["attempts"])), ("failed", 1))
        self.assertIn("status 403", shut["note"])


if __name__ == "__main__":
    main()
