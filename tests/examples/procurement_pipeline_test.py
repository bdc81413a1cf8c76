"""The pipeline of examples/procurement, every six hours: the cases C1, C19, C20 and C21 of its runs. A test is named by its case."""

import hashlib
import json
import os
import shutil
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from project_case import ROOT, main
from server_case import ServerCase

EVERY = 6 * 3600
GOLD = ("active_companies", "summary_by_sector", "summary_by_region", "summary_by_company_size", "top_100_companies")
TABLES = ("bronze.marches", "bronze.etablissements", "bronze.codes_naf", "silver.contracts", "silver.contract_winners",
          "silver.establishments", "silver.codes_naf", *(f"gold.{name}" for name in GOLD))
# Silver by a step that reports success and writes nothing.
FALLBACK = """
tasks:
  load:   {ingest: bronze.marches}
  silver: {command: ["true"], after: load}
  gold:   {models: "gold.*", after: silver}
"""


class ProcurementPipeline(ServerCase):
    files = {}

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(ROOT, "examples/procurement"), self.project,
                        ignore=shutil.ignore_patterns(".ingot", "lake", "sample"))
        self.marches = os.path.join(self.project, "sample/marches.json")
        self.succeeds("datagen", "procurement", "--seed", "1", "--scale", "0.2", "--out", "sample")

    def runs_pipeline(self, *arguments, pipeline="refresh"):
        self.succeeds("run", "--pipeline", pipeline, *arguments)

    def pipeline_fails(self, *says, pipeline="refresh"):
        """Red, and gold is what it was."""
        before = self.gold_versions()
        self.fails("run", "--pipeline", pipeline, says=says)
        self.assertEqual(self.gold_versions(), before)

    def gold_versions(self):
        return {table: count for table, count in self.versions().items() if table.startswith("gold/")}

    def let_days_pass(self, days):
        """A commit is as old as its file in the log."""
        for folder, _, files in os.walk(self.lake):
            for name in files if os.path.basename(folder) == "_delta_log" else []:
                then = os.stat(os.path.join(folder, name)).st_mtime - days * 86400
                os.utime(os.path.join(folder, name), (then, then))

    def change_contracts(self, change):
        with open(self.marches, encoding="utf-8") as file:
            contracts = json.load(file)["marches"]
        self.write("sample/marches.json", json.dumps({"marches": change(contracts)}))

    def content(self):
        """Of each table, a hash of all that is not a stamp of the run."""
        return {name: hashlib.sha256(repr(rows).encode()).hexdigest() for name, rows in self.tables(*TABLES).items()}

    def referenced(self):
        """The files that the newest version of each table consists of, from the log alone."""
        files = set()
        for table in self.versions():
            live = {}
            folder = os.path.join(self.lake, table, "_delta_log")
            for name in sorted(name for name in os.listdir(folder) if name.endswith(".json") and name[:20].isdigit()):
                with open(os.path.join(folder, name), encoding="utf-8") as log:
                    for action in map(json.loads, log):
                        for kind in ("add", "remove"):
                            if kind in action:
                                live[urllib.parse.unquote(action[kind]["path"])] = kind == "add"
            files |= {os.path.join(self.lake, table, path) for path, there in live.items() if there}
        return files

    def test_c1_the_pipeline_names_the_file_that_is_not_there(self):
        self.runs_pipeline()
        for name in ("marches.json", "etablissements.csv", "naf.csv"):
            path = os.path.join(self.project, "sample", name)
            os.rename(path, path + ".away")
            self.pipeline_fails(name)
            os.rename(path + ".away", path)
        self.runs_pipeline()

    def test_c1_every_six_hours_the_server_runs_it(self):
        shift = os.environ.get("INGOT_CLOCK_SHIFT")
        if not shift:
            self.skipTest("INGOT_CLOCK_SHIFT does not name the library that shifts the clock")
        self.environment = {"LD_PRELOAD": shift, "CLOCK_SHIFT_SECONDS": str(round(EVERY - time.time() % EVERY) - 4)}
        server = self.serve()
        found = self.wait_for(lambda: server.runs(pipeline="refresh"), "no tick")
        run = server.wait_for_run(found[0]["run_id"])
        self.assertEqual((run["cause"], run["state"]), ("scheduled", "success"), run)
        self.assertNotEqual(self.value("select count(*) from gold.active_companies"), "0")
        self.assertEqual(server.stop(), 0)

    def test_c19_the_same_files_give_the_same_content_again(self):
        self.runs_pipeline()
        content, versions = self.content(), self.versions()
        self.runs_pipeline()
        self.assertEqual(self.versions(), versions)
        self.runs_pipeline("--full")
        self.assertNotEqual(self.gold_versions(), {table: n for table, n in versions.items() if table.startswith("gold/")})
        self.assertEqual(self.content(), content)

    def test_c19_a_tenth_of_the_rows_is_red_and_gold_stays(self):
        self.runs_pipeline()
        content = self.content()
        with open(self.marches, encoding="utf-8") as file:
            whole = file.read()
        self.change_contracts(lambda contracts: contracts[: len(contracts) // 10])
        self.pipeline_fails("bronze.marches", "row_count")
        self.assertEqual(self.content(), content)
        self.write("sample/marches.json", whole)
        self.runs_pipeline()

    def test_c20_contracts_that_no_longer_arrive_are_red(self):
        self.runs_pipeline()
        self.let_days_pass(4)
        self.pipeline_fails("the newest data of bronze.marches is 4d old", "sources/marches.yml")

    def test_c20_gold_is_not_built_from_silver_that_an_earlier_run_left(self):
        self.runs_pipeline()
        self.pipeline(FALLBACK, "fallback")
        self.let_days_pass(4)
        self.change_contracts(lambda contracts: contracts[:-1])
        self.pipeline_fails("silver.contract_winners", "gold.active_companies", pipeline="fallback")
        self.runs_pipeline()
        self.runs_pipeline(pipeline="fallback")

    def test_c20_gold_waits_for_silver_of_its_run(self):
        self.runs_pipeline()
        self.change("models/silver/contracts.sql", "checks:\n  - {unique: [contract_key, copy]}",
                    'checks:\n  - {name: never, sql: "false"}\n  - {unique: [contract_key, copy]}')
        self.change_contracts(lambda contracts: contracts[:-1])
        self.pipeline_fails("silver.contracts", "never")

    def test_c21_cleaning_up_removes_nothing_that_a_table_consists_of(self):
        self.runs_pipeline()
        first = self.value("select count(*) from bronze.marches")
        self.change_contracts(lambda contracts: contracts[:-1])
        self.runs_pipeline()
        self.runs_pipeline("--full")
        orphan = os.path.join(self.lake, "gold/active_companies/0-orphan.parquet")
        live = sorted(self.referenced())
        shutil.copy(live[0], orphan)
        content = self.content()
        self.succeeds("table", "fsck", "--older-than", "0s", "--remove")
        self.assertFalse(os.path.exists(orphan))
        self.assertEqual([path for path in live if not os.path.exists(path)], [])
        self.assertEqual(self.content(), content)
        self.assertEqual(self.value("select count(*) from bronze.marches AT (VERSION => 0)"), first,
                         "earlier versions stay readable too")


if __name__ == "__main__":
    main()
