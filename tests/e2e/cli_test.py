"""Every verb on a small project in a temporary folder: exit codes and the lines that matter."""

import argparse
import glob
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class CliTest(unittest.TestCase):
    ingot = os.path.join(ROOT, "build/release/ingot")

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="ingot_cli_")
        self.addCleanup(shutil.rmtree, self.work, True)
        self.project = os.path.join(self.work, "project")

    def call(self, *arguments, folder=None):
        done = subprocess.run(
            [self.ingot, "-C", folder or self.project, *arguments],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def succeeds(self, *arguments, folder=None):
        status, out, err = self.call(*arguments, folder=folder)
        self.assertEqual(status, 0, out + err)
        return out

    def fails(self, *arguments, status=1, folder=None):
        found, out, err = self.call(*arguments, folder=folder)
        self.assertEqual(found, status, out + err)
        return out + err

    def init(self):
        os.makedirs(self.project)
        self.succeeds("init")

    def built(self):
        self.init()
        self.succeeds("run")

    def write(self, path, text):
        full = os.path.join(self.project, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    # -- without a project

    def test_version(self):
        self.assertRegex(self.succeeds("version", folder=self.work), r"^ingot \d+\.\d+")
        self.assertRegex(self.succeeds("--version", folder=self.work), r"^ingot \d+\.\d+")
        self.assertIn("version", json.loads(self.succeeds("version", "--json", folder=self.work)))

    def test_an_unknown_verb_is_bad_use_and_the_nearest_is_named(self):
        self.assertIn("did you mean 'lineage'", self.fails("linage", status=2, folder=self.work))

    def test_sql_needs_no_project(self):
        out = self.succeeds("sql", "--format", "csv", "select 1 as a, 'x,y' as b", folder=self.work)
        self.assertEqual(out, 'a,b\n1,"x,y"\n')

    def test_schemas_for_editors_know_the_keys_of_every_kind_of_file(self):
        out = os.path.join(self.work, "schemas")
        self.succeeds("schema", "--out", out, folder=self.work)
        kinds = ["check", "model", "pipeline", "project", "seed", "source"]
        self.assertEqual(sorted(os.listdir(out)), [f"ingot-{kind}.schema.json" for kind in kinds])
        with open(os.path.join(out, "ingot-source.schema.json"), encoding="utf-8") as file:
            written = json.load(file)
        source = written["$defs"]["source"]
        self.assertIn("missing", source["properties"])
        self.assertFalse(source["additionalProperties"])
        self.assertEqual(json.loads(self.succeeds("schema", "source", folder=self.work)), written)
        self.assertIn("did you mean 'source'", self.fails("schema", "sources", folder=self.work))

    def test_sql_writes_a_file_whole_or_not_at_all(self):
        for name, first in (("csv", b"a\n1\n"), ("json", b'{"a":1}\n'), ("arrow", b"\xff\xff\xff\xff"), ("parquet", b"PAR1")):
            self.succeeds("sql", "--format", name, "-o", "rows." + name, "select 1 as a", folder=self.work)
            with open(os.path.join(self.work, "rows." + name), "rb") as file:
                self.assertTrue(file.read().startswith(first), name)
            query = "select cast(case when range = 50000 then 'x' else '1' end as bigint) as a from range(60000)"
            self.assertIn("Could not convert", self.fails("sql", "--format", name, "-o", "bad." + name, query, folder=self.work))
        self.assertEqual(sorted(os.listdir(self.work)), ["rows.arrow", "rows.csv", "rows.json", "rows.parquet"])
        self.assertIn("no/such/rows.csv", self.fails("sql", "-o", "no/such/rows.csv", "select 1", folder=self.work))

    def test_sql_takes_the_place_of_nothing_but_a_file(self):
        pipe = os.path.join(self.work, "pipe")
        os.mkfifo(pipe)
        os.mkdir(os.path.join(self.work, "folder"))
        for name in ("pipe", "folder"):
            self.assertIn("-o " + name + ": it is no file that can be replaced",
                          self.fails("sql", "-o", name, "select 1", folder=self.work))
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        with open(os.path.join(self.work, "rows.csv"), "w", encoding="utf-8") as file:
            file.write("old")
        os.symlink("rows.csv", os.path.join(self.work, "link"))
        self.succeeds("sql", "--format", "csv", "-o", "link", "select 1 as a", folder=self.work)
        self.assertTrue(os.path.islink(os.path.join(self.work, "link")))
        with open(os.path.join(self.work, "rows.csv"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "a\n1\n")

    def test_output_that_does_not_arrive_is_a_failure(self):
        for verb in (["sql", "--format", "csv", "select 1"], ["version"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([self.ingot, *verb], stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
            self.assertEqual(done.returncode, 1, verb)
            self.assertIn(b"cannot write to stdout", done.stderr)

    def test_what_is_printed_never_reaches_the_lake(self):
        self.init()
        subprocess.run(["sh", "-c", 'exec "$0" -C "$1" -v run <&- >&- 2>&-', self.ingot, self.project], check=True)
        self.assertIn("3", self.succeeds("sql", "select count(*) from gold.daily_sales"))
        self.assertIn("up to date", self.call("run")[2])
        closed = subprocess.run(["sh", "-c", 'exec "$0" sql "select 1" >&-', self.ingot], stderr=subprocess.PIPE, check=False)
        self.assertEqual(closed.returncode, 1)

    def test_sql_reads_files_by_any_path(self):
        self.init()
        for path in ("data/orders-2024-01.csv", "./data/orders-2024-01.csv", os.path.join(self.project, "data/*.csv")):
            self.assertIn("5", self.succeeds("sql", f"select count(*) from '{path}'"))

    def test_what_did_nothing_says_so(self):
        self.init()
        self.assertIn("no table was selected", self.call("run", "--exclude", "*")[2])
        self.assertIn("no checks", self.succeeds("check"))

    def test_an_error_in_a_models_rows_quotes_its_sql(self):
        self.init()
        self.write("models/gold/bad.sql", "/* --- kind: table --- */\nSELECT customer::BIGINT AS a FROM bronze.orders\n")
        out = self.fails("run")
        self.assertIn("Could not convert string 'Ada'", out)
        self.assertNotIn("COPY", out)

    def test_sql_spares_a_terminal_bytes(self):
        try:
            main, terminal = os.openpty()
        except OSError as error:
            self.skipTest(f"no pseudo-terminal here: {error}")
        self.addCleanup(os.close, main)
        for name in ("arrow", "parquet"):
            done = subprocess.run([self.ingot, "sql", "--format", name, "select 1"], stdout=terminal, stderr=subprocess.PIPE,
                                  stdin=subprocess.DEVNULL, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"write them to a file (-o FILE) or into a pipe", done.stderr)
        os.close(terminal)

    def test_datagen_writes_the_hours_that_were_asked_for(self):
        out = os.path.join(self.work, "sample")
        self.succeeds("datagen", "gharchive", "--hours", "2", "--scale", "0.02", "--out", out, folder=self.work)
        self.assertEqual(sorted(os.listdir(out)), ["2015-01-01-0.json.gz", "2015-01-01-1.json.gz"])
        self.succeeds("datagen", "procurement", "--scale", "0.02", "--out", out, folder=self.work)
        self.assertIn("marches.json", os.listdir(out))

    def test_doctor_names_what_is_well(self):
        self.init()
        out = self.succeeds("doctor")
        self.assertIn("readable and writable", out)
        self.assertIn("starter: 1 sources, 1 models", out)

    # -- the life of a project

    def test_a_program_makes_the_rows_of_a_model(self):
        self.built()
        self.write("tools/score.py", "import json, os, sys\n"
                   "print('scoring', file=sys.stderr)\n"
                   "for day in range(1, 4):\n"
                   "    print(json.dumps({'day': f'2024-01-0{day}', 'score': day * float(os.environ['FACTOR'])}))\n")
        self.write("models/gold/scores.sql",
                   "/* ---\nkind: command\ncommand: [" + sys.executable + ", tools/score.py]\n"
                   "environment: {FACTOR: '1.5'}\ncolumns: {day: date, score: double}\n"
                   "checks: [{name: three, sql: 'count(*) = 3'}]\n--- */\nSELECT day, revenue FROM gold.daily_sales\n")
        self.assertIn("gold.scores", self.succeeds("plan"))
        status, out, err = self.call("-v", "run")
        self.assertEqual(status, 0, out + err)
        self.assertIn("gold.scores: scoring", err)
        out = self.succeeds("sql", "--format", "csv", "select * from gold.scores order by day")
        self.assertEqual(out.splitlines(), ["day,score", "2024-01-01,1.5", "2024-01-02,3", "2024-01-03,4.5"])
        self.assertIn("nothing to do", self.succeeds("plan"))
        self.assertIn("SELECT day, revenue FROM gold.daily_sales", self.succeeds("render", "gold.scores"))
        self.assertRegex(self.succeeds("lineage", "gold.scores", "--columns"),
                         r"score +double +gold.daily_sales.day, gold.daily_sales.revenue")
        self.write("tools/score.py", "import sys\nsys.exit('the model file is gone')\n")
        self.assertIn("exit code 1:\nthe model file is gone", self.fails("run"))
        self.assertIn("4.5", self.succeeds("sql", "select max(score) from gold.scores"))

    def test_init_refuses_a_folder_that_is_not_empty(self):
        self.init()
        self.assertIn("is not empty", self.fails("init"))

    def test_a_new_project_tests_runs_checks_and_answers(self):
        self.init()
        self.assertIn("1 passed, 0 failed", self.succeeds("test"))
        self.assertIn("after bronze.orders", self.succeeds("plan"))
        self.succeeds("run")
        self.assertIn("nothing to do", self.succeeds("plan"))
        out = self.succeeds("sql", "--format", "csv", "select day, orders, revenue from gold.daily_sales order by day")
        self.assertEqual(out.splitlines()[1:], ["2024-01-01,2,24.90", "2024-01-02,1,42.00", "2024-01-03,1,7.25"])
        self.assertRegex(self.succeeds("check"), r"0 failed, \d+ skipped; quality 100\.0 %")
        self.assertRegex(self.succeeds("check", "--last"), r"0 failed")

    def test_a_failing_model_test_is_shown_with_its_differences(self):
        self.init()
        path = "models/gold/daily_sales.sql"
        with open(os.path.join(self.project, path), encoding="utf-8") as file:
            self.write(path, file.read().replace("orders: 2, revenue", "orders: 3, revenue"))
        out = self.fails("test")
        self.assertIn("missing:", out)
        self.assertIn("unexpected:", out)
        self.assertIn("0 passed, 1 failed", out)

    def test_ls_lineage_and_render(self):
        self.built()
        listed = {each["table"]: each for each in json.loads(self.succeeds("ls", "--json"))}
        self.assertEqual(listed["bronze.orders"]["rows"], 5)
        self.assertEqual(listed["gold.daily_sales"]["version"], 0)
        self.assertIn("bronze.orders", self.succeeds("lineage", "gold.daily_sales"))
        self.assertIn("bronze.orders.amount", self.succeeds("lineage", "gold.daily_sales", "--columns"))
        self.assertIn("FROM bronze.orders", self.succeeds("render", "gold.daily_sales"))

    def test_table_describe_and_history(self):
        self.built()
        described = json.loads(self.succeeds("table", "describe", "bronze.orders", "--json"))
        self.assertEqual(described["rows"], 5)
        self.assertIn("order_id", [column["name"] for column in described["columns"]])
        self.assertIn("WRITE", self.succeeds("table", "history", "bronze.orders"))
        self.assertIn("decimal(12,2)", self.succeeds("table", "describe", "./lake/bronze/orders"))

    def test_fsck_finds_orphans_and_removes_only_them(self):
        self.built()
        folder = os.path.join(self.project, "lake/bronze/orders")
        live = glob.glob(os.path.join(folder, "*.parquet"))[0]
        orphan = os.path.join(folder, "0-orphan.parquet")
        shutil.copy(live, orphan)
        self.assertIn("1 younger than 1h spared", self.succeeds("table", "fsck", "bronze.orders"))
        self.assertIn("0-orphan.parquet", self.succeeds("table", "fsck", "bronze.orders", "--older-than", "0s"))
        self.assertTrue(os.path.exists(orphan))
        self.succeeds("table", "fsck", "--older-than", "0s", "--remove")
        self.assertFalse(os.path.exists(orphan))
        self.assertIn("5", self.succeeds("sql", "--format", "csv", "select count(*) from bronze.orders"))
        os.remove(live)
        self.assertIn("absent", self.fails("table", "fsck", "bronze.orders"))

    def test_a_history_keeps_what_earlier_runs_saw(self):
        self.init()
        self.write("sources/customers.yml", "table: bronze.customers\nload: snapshot\nfrom: {files: in/customers.csv}\n"
                   "format: csv\ncolumns: {id: bigint, city: varchar}\n")
        self.write("models/silver/customers.sql", "/* ---\nkind: scd2\nkey: [id]\ndeletes: close\n--- */\n"
                   "SELECT id, city FROM bronze.customers\n")
        self.write("models/gold/now.sql", "/* --- kind: table --- */\nSELECT id, city FROM silver.customers WHERE valid_to IS NULL\n")
        self.write("in/customers.csv", "id,city\n1,Oslo\n2,Rome\n3,Bern\n")
        self.succeeds("run", "+gold.now")
        self.write("in/customers.csv", "id,city\n1,Oslo\n2,Pisa\n")
        self.succeeds("run", "+gold.now")
        out = self.succeeds("sql", "--format", "csv", "select id, city, valid_to is null as now from silver.customers order by id, valid_from")
        self.assertEqual(out.splitlines()[1:], ["1,Oslo,true", "2,Rome,false", "2,Pisa,true", "3,Bern,false"])
        out = self.succeeds("sql", "--format", "csv", "select id, city from gold.now order by id")
        self.assertEqual(out.splitlines()[1:], ["1,Oslo", "2,Pisa"])
        out = self.succeeds("sql", "--format", "csv", "select a.valid_to = b.valid_from as meet from silver.customers a, silver.customers b "
                            "where a.city = 'Rome' and b.city = 'Pisa'")
        self.assertEqual(out.splitlines()[1:], ["true"])

    def test_a_check_across_tables_makes_the_run_red_and_shows_the_rows(self):
        self.built()
        self.write("checks/small_orders.sql", "/* --- description: no order is too large --- */\n"
                   "SELECT order_id, amount FROM bronze.orders WHERE amount > 40\n")
        err = self.fails("run")
        self.assertIn("checks.small_orders", err)
        self.assertRegex(err, r"failed: small_orders: .*\(checks/small_orders.sql:2:1\)")
        self.assertIn('"amount":42', err)
        self.assertIn("a check across tables red", err)
        report = json.loads(self.call("run", "--json")[1])
        self.assertEqual([(check["name"], check["status"]) for check in report["checks"]], [("small_orders", "failed")])
        out = self.fails("check", "checks.*")
        self.assertIn("0 passed, 0 warned, 1 failed", out)
        self.assertIn('"amount":42', out)
        self.assertIn("small_orders", self.fails("check", "--last"))
        self.succeeds("run", "--exclude", "checks.small_orders")

    # -- what goes wrong

    def test_an_unknown_table_names_the_nearest(self):
        self.init()
        self.assertIn("gold.daily_sales", self.fails("run", "gold.daily_sale"))
        self.assertIn("gold.daily_sales", self.fails("table", "describe", "gold.daily_sale"))

    def test_a_table_that_is_not_built_says_how_to_build_it(self):
        self.init()
        self.assertIn("ingot run", self.fails("sql", "select * from gold.daily_sales"))
        self.assertIn("ingot run +gold.daily_sales", self.fails("table", "history", "gold.daily_sales"))

    def test_an_unknown_key_is_named_with_its_place(self):
        self.init()
        self.write("project.yml", "name: starter\nlaek: ./lake\n")
        out = self.fails("ls")
        self.assertIn("project.yml:2:1", out)
        self.assertIn("did you mean 'lake'", out)

    def test_a_missing_column_is_named_with_its_place(self):
        self.init()
        self.write("models/gold/bad.sql", "/* ---\nkind: table\n--- */\nSELECT custommer FROM bronze.orders\n")
        out = self.fails("run")
        self.assertIn("models/gold/bad.sql:4", out)
        self.assertIn("custommer", out)

    def test_a_cycle_is_shown(self):
        self.init()
        self.write("models/gold/a.sql", "/* ---\nkind: table\n--- */\nSELECT x FROM gold.b\n")
        self.write("models/gold/b.sql", "/* ---\nkind: table\n--- */\nSELECT x FROM gold.a\n")
        self.assertIn("cycle", self.fails("ls"))

    def test_missing_input_files_and_an_empty_folder_name_the_source(self):
        self.init()
        shutil.rmtree(os.path.join(self.project, "data"))
        self.assertRegex(self.fails("run"), r"sources/orders\.yml:1:1: no file at .*/data/")
        os.makedirs(os.path.join(self.project, "data"))
        self.assertRegex(self.fails("run"), r"sources/orders\.yml:1:1: no file at .*/data/")
        self.assertIn("blocked", self.fails("plan"))

    def test_an_environment_that_asks_for_confirmation_needs_yes(self):
        self.init()
        with open(os.path.join(self.project, "project.yml"), encoding="utf-8") as file:
            text = file.read()
        self.write("project.yml", text + "environments: {prod: {lake: ./lake-prod, confirm: true}}\n")
        self.assertIn("--yes is needed: this would change the environment prod", self.fails("--env", "prod", "run", status=2))
        self.assertFalse(os.path.exists(os.path.join(self.project, "lake-prod")))
        self.succeeds("--env", "prod", "run", "--yes")
        self.succeeds("--env", "prod", "check")

    def test_secrets_come_from_where_the_project_says(self):
        self.init()
        with open(os.path.join(self.project, "project.yml"), encoding="utf-8") as file:
            text = file.read()
        self.write("project.yml", text + "secrets: {from: [file:keys.env]}\n")
        self.write("keys.env", "TOKEN=red-herring\n")
        self.write("sources/rates.yml", """table: bronze.rates
load: snapshot
from: {command: [sh, -c, 'test "$TOKEN" = red-herring && echo "{{\\"id\\": 1}}"'], emits: ndjson, environment: {TOKEN: $secret.TOKEN}}
columns: {id: bigint}
""")
        self.succeeds("run", "bronze.rates")
        self.write("keys.env", "OTHER=1\n")
        self.assertIn("TOKEN", self.fails("run", "bronze.rates"))

    def test_a_new_project_spills_when_memory_is_short(self):
        self.init()
        with open(os.path.join(self.project, "project.yml"), encoding="utf-8") as file:
            text = file.read()
        self.write("project.yml", text + "engine: {memory: 64MB, threads: 1}\n")
        shutil.rmtree(os.path.join(self.project, "models"))  # nothing else makes the folder around it
        out = self.succeeds("sql", "--format", "csv",
                            "select count(*) from (select distinct md5(range::text) from range(1500000))")
        self.assertEqual(out.splitlines()[1], "1500000")

    def test_memory_may_be_a_share_of_the_machine(self):
        self.init()
        with open(os.path.join(self.project, "project.yml"), encoding="utf-8") as file:
            text = file.read()
        limit = "select split_part(current_setting('memory_limit'), ' ', 1)::double"
        def limit_with(memory):
            self.write("project.yml", text + f"engine: {{memory: {memory}}}\n")
            return float(self.succeeds("sql", "--format", "csv", limit).splitlines()[1])
        self.assertAlmostEqual(limit_with("40%") / limit_with("20%"), 2, delta=0.1)

    def test_a_source_that_is_not_fresh_is_red_and_what_reads_it_is_built(self):
        self.init()
        self.write("sources/visits.yml", """table: bronze.visits
load: window
window: day
start: 2024-01-01
from: {files: "raw/{window.start:%Y-%m-%d}.json"}
missing: {allow: 100%}
format: ndjson
freshness: {warn: 1h, error: 2d}
columns: {id: bigint, day: date}
""")
        self.write("models/silver/visits.sql", "/* --- kind: table --- */\nSELECT id, day FROM bronze.visits\n")
        self.write("raw/2024-01-01.json", '{"id": 1, "day": "2024-01-01"}\n')
        self.succeeds("run", "bronze.visits", "silver.visits", "--window", "2024-01-01")
        self.write("raw/2024-01-02.json", '{"id": 2, "day": "2024-01-02"}\n')
        out = self.fails("run", "bronze.visits", "silver.visits")
        self.assertIn("the newest data of bronze.visits is", out)
        self.assertIn("more than 2d is an error", out)
        self.assertEqual(self.succeeds("sql", "--format", "csv", "select count(*) from silver.visits").splitlines()[1], "2")
        self.assertIn("more than 2d is an error", self.fails("check", "bronze.visits"))

    def test_an_option_that_cannot_be_read_is_bad_use(self):
        self.init()
        self.assertIn("--window", self.fails("run", "--window", "yesterday", status=2))
        self.assertIn("NAME=VALUE", self.fails("--param", "x", "ls", status=2))
        self.fails("run", "--no-such-option", status=2)

    def test_errors_are_json_for_programs(self):
        self.init()
        status, _, err = self.call("--json", "table", "describe", "gold.nothing")
        self.assertEqual(status, 1)
        self.assertEqual(json.loads(err)["error"]["code"], "not found")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingot", default=CliTest.ingot)
    known, rest = parser.parse_known_args()
    CliTest.ingot = os.path.abspath(known.ingot)
    result = unittest.main(argv=[sys.argv[0], *rest], exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun and len(result.skipped) == result.testsRun else 0)
