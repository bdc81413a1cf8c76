"""Numbers about runs, as Prometheus scrapes them and as a real statsd_exporter takes them. Runs the real binary."""

import os
import sys

from project_case import FILES, main
from server_case import ServerCase

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "components"))
from statsd_exporter import StatsdExporter  # noqa: E402


class MetricsTest(ServerCase):
    def metrics(self, prefix, host="127.0.0.1"):
        self.write("project.yml", FILES["project.yml"] + f"""
pools: {{pg: 3}}
metrics: {{statsd: {{host: {host}, port: {self.exporter.port}, prefix: {prefix}, tags: datadog, constant_tags: {{env: test}}}}}}
""")

    def setUp(self):
        super().setUp()
        self.exporter = StatsdExporter(self.project)
        self.addCleanup(self.exporter.stop)

    def scraped(self, server, name):
        _, _, text = server.request("GET", "/metrics")
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.decode().splitlines()
                if line.startswith(name)}

    def test_a_server_sends_its_heartbeat_and_how_late_runs_are(self):
        self.metrics("airflow")
        self.pipeline("schedule: {every: 1s}\ntasks:\n  a: {command: ['true'], pool: pg}\n"
                      "  b: {command: [sh, -c, 'test $INGOT_ATTEMPT = 2'], retries: 1, retry_delay: 1ms}\n")
        server = self.serve()
        self.exporter.wait(lambda text: all(name in text for name in (
            "airflow_dagrun_schedule_delay_count", "airflow_dagrun_p_first_task_scheduling_delay_count", "airflow_ti_finish_p_b_up_for_retry",
            "airflow_dagrun_duration_success_p_count", "airflow_scheduler_heartbeat", "airflow_dagbag_size", "airflow_operator_failures_command")))
        self.assertIn(({"dag_id": "p", "task_id": "b", "state": "up_for_retry", "env": "test"}), [
            labels for labels, _ in self.exporter.samples("airflow_ti_finish")])
        self.assertEqual(self.exporter.samples("airflow_pool_open_slots_pg")[0][0], {"env": "test"})
        delays = [value for labels, value in self.exporter.samples("airflow_dagrun_schedule_delay_p") if labels.get("quantile") == "0.5"]
        self.assertTrue(0 <= delays[0] < 30, delays)
        # Prometheus is told the same.
        self.assertGreaterEqual(self.scraped(server, "ingot_schedule_delay_seconds_count")['ingot_schedule_delay_seconds_count{pipeline="p"}'], 1)
        self.assertGreaterEqual(self.scraped(server, "ingot_trigger_lag_seconds_count")['ingot_trigger_lag_seconds_count{pipeline="p",cause="scheduled"}'], 1)
        self.assertGreaterEqual(self.scraped(server, "ingot_task_retries_total")['ingot_task_retries_total{pipeline="p",task="b"}'], 1)
        self.assertEqual(server.stop(), 0)

    def test_where_numbers_go_changes_with_the_project(self):
        self.metrics("before", host="nobody.invalid")
        self.pipeline("tasks: {a: {command: ['true']}}\n")
        server = self.serve()
        self.wait_for(lambda: "metrics.statsd: nobody.invalid" in server.text(), "the log says nothing of the host")
        run = server.wait_for_run(server.start_run("p"))
        self.assertEqual(run["state"], "success")
        self.metrics("after")
        self.wait_for(lambda: "after_scheduler_heartbeat" in self.exporter.text(), "the new place gets nothing")
        self.assertNotIn("before_", self.exporter.text())
        self.assertEqual(server.text().count("metrics.statsd: nobody.invalid"), 1)


if __name__ == "__main__":
    main()
