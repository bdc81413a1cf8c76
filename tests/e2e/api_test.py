"""Made-up requests to every endpoint of `ingot serve`, from its own OpenAPI document. Skipped where schemathesis cannot be had."""

import os
import subprocess
import unittest

from project_case import ROOT, events, main
from server_case import ServerCase

SCHEMATHESIS = os.path.join(ROOT, "tests/components/schemathesis.sh")
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "negative_data_rejection", "unsupported_method"]
# They would take away what the others are asked with; they have tests of their own.
LEFT_OUT = ["log_in", "log_out", "revoke_token", "change_user", "remove_user"]


class ApiTest(ServerCase):
    def setUp(self):
        super().setUp()
        if subprocess.run([SCHEMATHESIS, "have"]).returncode == 77:
            raise unittest.SkipTest("schemathesis cannot be installed here")
        self.write_hour(0, events(0))
        self.pipeline("window: hour\ntasks:\n  load: {ingest: bronze.events}\n  build: {models: 'silver.* gold.*', after: load}\n",
                      "hourly")
        self.pipeline("schedule: {on: {webhook: true}}\ntasks:\n  say: {command: [echo, hello]}\n", "called")

    def made_by_cli(self, *arguments, given=""):
        command = [self.ingot, "-C", self.project, "-q", *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout.strip()

    def test_no_request_breaks_the_server_and_every_answer_is_as_it_says(self):
        self.made_by_cli("user", "add", "ada", "--role", "admin", given="a long password\n")
        token = self.made_by_cli("token", "create", "made_up", "--role", "admin")
        server = self.serve()
        asked = {"Authorization": f"Bearer {token}"}
        run = server.call("POST", "/pipelines/hourly/runs", {"window": {"start": "2020-05-01T00:00:00Z",
                                                                      "end": "2020-05-01T01:00:00Z"}}, **asked)["run_id"]
        self.assertEqual(server.call("GET", f"/runs/{run}/wait?timeout_s=60", **asked)["state"], "success")
        options = ["--phases", "examples,coverage,fuzzing", "-n", "8", "--seed", "1", "--rate-limit", "90/s",
                   "--checks", ",".join(CHECKS), "--exclude-path-regex", "(log/stream|events)$", "--request-timeout", "60",
                   "--suppress-health-check", "all", "--continue-on-failure"]
        for name in LEFT_OUT:
            options += ["--exclude-operation-id", name]
        tried = subprocess.run(
            [SCHEMATHESIS, "run", "run", server.address + "/api/v1/openapi.json", "-u", server.address,
             "-H", f"Authorization: Bearer {token}", *options], cwd=self.work, capture_output=True, text=True)
        self.assertEqual(tried.returncode, 0, tried.stdout[-20000:] + tried.stderr + server.text())
        self.assertNotIn("Authentication failed", tried.stdout)
        self.assertNotIn(" error ", server.text())
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    main()
