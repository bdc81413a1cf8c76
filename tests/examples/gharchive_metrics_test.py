"""examples/gharchive measured by a real statsd_exporter: the case D21. A test is named by its case."""

import os
import shutil
import sys
import unittest

from example_case import ROOT, ExampleCase, main
from gharchive_test import GREATFIRE

sys.path.insert(0, os.path.join(ROOT, "tests", "components"))
from statsd_exporter import StatsdExporter  # noqa: E402

# The tasks of the platform that the example follows, by their names there.
PIPELINE = """
window: hour
tasks:
  download_to_bronze: {ingest: [bronze.events]}
  load_to_silver: {models: "silver.*", after: download_to_bronze}
  write_tables_in_gold: {models: "gold.*", after: load_to_silver}
"""
# Names with ids in them become labels, as in the mappings that come with Airflow's chart.
MAPPING = """
mappings:
  - {match: "airflow.dag.*.*.duration", name: airflow_task_duration, labels: {dag_id: "$1", task_id: "$2"}}
  - {match: "airflow.dagrun.duration.success.*", name: airflow_dagrun_duration, labels: {dag_id: "$1"}}
  - {match: "airflow.pool.open_slots.*", name: airflow_pool_open_slots, labels: {pool: "$1"}}
  - {match: 'airflow\\.operator_successes_(.*)', match_type: regex, name: airflow_operator_successes, labels: {operator: "$1"}}
"""
SILVER = {"dag_id": "data_pipeline", "task_id": "load_to_silver"}


class GhArchiveMetrics(ExampleCase):
    project = "gharchive"

    def setUp(self):
        super().setUp()
        shutil.copytree(self.folder, os.path.join(self.work, "project"), ignore=shutil.ignore_patterns(".ingot", "lake", "sample"))
        self.folder = os.path.join(self.work, "project")
        self.write("project/pipelines/data_pipeline.yml", PIPELINE)
        self.params["source"] = os.path.join(self.work, "hours")
        os.makedirs(self.params["source"])
        self.write_hour("2015-01-01-15", [GREATFIRE])

    def exporter(self, mapping=None):
        exporter = StatsdExporter(self.work, mapping and self.write("mapping.yml", mapping))
        self.addCleanup(exporter.stop)
        self.params["statsd"] = "localhost"
        self.params["statsd_port"] = exporter.port
        return exporter

    def run_hour(self, *arguments):
        return self.run_ok("--pipeline", "data_pipeline", "--window", "2015-01-01T15..2015-01-01T16", *arguments)

    def tags(self, kind):
        path = os.path.join(self.folder, "project.yml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("port: \"{params.statsd_port}\"}", text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("port: \"{params.statsd_port}\"}", f"port: \"{{params.statsd_port}}\", tags: {kind}}}"))

    def test_d21_the_exporter_shows_a_tasks_duration_with_labels_and_under_its_flat_name(self):
        exporter = self.exporter()
        self.tags("datadog")
        self.run_hour()
        exporter.wait(lambda text: "airflow_dagrun_duration_success" in text)
        self.assertEqual([labels for labels, _ in exporter.samples("airflow_task_duration_count") if labels == SILVER], [SILVER])
        quantiles = {labels.get("quantile"): value for labels, value in exporter.samples("airflow_dag_data_pipeline_load_to_silver_duration")}
        self.assertGreater(quantiles["0.9"], 0)
        self.assertLess(quantiles["0.9"], 120)
        # What the dashboards of that platform show.
        for name in ("download_to_bronze", "load_to_silver", "write_tables_in_gold"):
            self.assertEqual([value for _, value in exporter.samples(f"airflow_dag_data_pipeline_{name}_queued_duration_count")], [1], name)
        for name in ("airflow_executor_queued_tasks", "airflow_executor_running_tasks", "airflow_pool_queued_slots",
                     "airflow_pool_running_slots", "airflow_pool_deferred_slots", "airflow_scheduler_heartbeat"):
            self.assertNotEqual(exporter.samples(name), [], name)

    def test_d21_mappings_as_those_of_airflows_chart_fit(self):
        exporter = self.exporter(MAPPING)
        self.run_hour()
        exporter.wait(lambda text: "airflow_dagrun_duration_count" in text)
        self.assertIn((SILVER, 1), exporter.samples("airflow_task_duration_count"))
        self.assertIn(({"dag_id": "data_pipeline"}, 1), exporter.samples("airflow_dagrun_duration_count"))
        self.assertIn(({"pool": "postgres"}, 2), exporter.samples("airflow_pool_open_slots"))
        self.assertIn(({"operator": "models"}, 2), exporter.samples("airflow_operator_successes"))

    def test_d21_an_exporter_that_is_not_there_changes_nothing(self):
        self.params["statsd"] = "nobody.invalid"
        text = self.run_hour()
        self.assertEqual(text.count("metrics.statsd: nobody.invalid:8125 cannot be reached"), 1, text)
        self.assertEqual(self.number("select count(*) from gold.events"), 1)


if __name__ == "__main__":
    unittest.installHandler()
    main()
