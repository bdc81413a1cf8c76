"""Exports to a real PostgreSQL: one transaction, recorded versions, kills of both sides. Runs the real binary."""

import json
import os
import random
import signal
import subprocess
import sys
import time

from project_case import FILES, ROOT, ProjectCase, event, events, main

sys.path.insert(0, os.path.join(ROOT, "tests", "components"))
from postgres_server import PostgresServer  # noqa: E402

PIPELINE = """
window: hour
tasks:
  load:  {ingest: bronze.events}
  build: {models: "silver.* gold.*"}
  to_pg:
    retries: 0
    export:
      - {from: silver.events, to: warehouse.public.events, mode: upsert, key: id, indexes: [who, [ts, who]]}
      - {from: gold.totals, to: warehouse.public.totals, mode: overwrite, key: who}
"""
EXPORT_ONLY = """
tasks:
  to_pg:
    retries: 0
    export:
"""
CRASH_POINTS = ("export.planned", "export.staged", "export.written", "export.written:2", "export.recorded", "export.committed")


class ExportTest(ProjectCase):
    files = {**FILES, "pipelines/hourly.yml": PIPELINE}

    def setUp(self):
        super().setUp()
        self.postgres = PostgresServer(os.path.join(self.work, "postgres"))
        self.addCleanup(self.postgres.stop)
        with open(os.path.join(self.project, "project.yml"), "a", encoding="utf-8") as file:
            file.write(self.postgres.connection())
        for hour in range(2):
            self.write_hour(hour, events(hour))

    def run_hours(self, first, last, *arguments):
        return self.succeeds("run", "--pipeline", "hourly", "--window", f"2020-05-01T{first:02}..2020-05-01T{last:02}", *arguments)

    def exports(self, *items, retries=0):
        """A pipeline `only` that only exports."""
        self.write("pipelines/only.yml", EXPORT_ONLY.replace("retries: 0", f"retries: {retries}") + "".join(f"      - {item}\n" for item in items))

    def model(self, name, select, kind="table", more=""):
        self.write(f"models/gold/{name}.sql", f"/* ---\nkind: {kind}\n{more}--- */\n{select}\n")

    def log(self, task="to_pg"):
        """What the last attempt of a task wrote."""
        status, out, text = self.call("--json", "runs")
        self.assertEqual(status, 0, text)
        _, out, _ = self.call("--json", "runs", json.loads(out)[0]["run_id"])
        (found,) = [each for each in json.loads(out)["tasks"] if each["task"] == task]
        with open(found["attempts"][-1]["log"], encoding="utf-8") as file:
            return file.read()

    def state(self):
        """Everything in the exported tables."""
        if self.postgres.value("select to_regclass('public.ingot_exports') is null") == "t":
            return None
        return (self.postgres.rows("select * from events order by id"), self.postgres.rows("select * from totals order by who"),
                self.postgres.rows("select target, version from ingot_exports order by target"))

    def in_lake(self):
        return (self.rows("select id, ts::timestamp || '+00', who, amount from silver.events order by id"),
                self.rows("select who, events, amount from gold.totals order by who"))

    def assert_exported(self):
        events_there, totals_there, _ = self.state()
        events_here, totals_here = self.in_lake()
        self.assertEqual(events_there, events_here)
        self.assertEqual(totals_there, totals_here)

    # -- what is written

    def test_tables_are_made_with_types_keys_and_indexes_and_versions_are_recorded(self):
        text = self.run_hours(0, 2)
        self.assertIn("2 of 2 tables written, 13 rows sent", text)
        self.assert_exported()
        self.assertEqual(self.postgres.rows("select column_name, data_type from information_schema.columns where table_name = 'events' order by ordinal_position"),
                         [("id", "bigint"), ("ts", "timestamp with time zone"), ("who", "text"), ("amount", "bigint")])
        self.assertEqual(self.postgres.rows("select indexname from pg_indexes where tablename in ('events', 'totals') order by 1"),
                         [("events_pkey",), ("events_ts_who_idx",), ("events_who_idx",), ("totals_pkey",)])
        with open(os.path.join(self.lake, "gold/totals/_delta_log/00000000000000000000.json"), encoding="utf-8") as log:
            (table,) = [action["metaData"]["id"] for action in map(json.loads, log) if "metaData" in action]
        self.assertEqual(self.postgres.rows("select source, source_id, rows from ingot_exports where target = 'totals'"), [("gold.totals", table, "3")])
        self.assertEqual(self.postgres.value("select count(*) from ingot_exports where run_id <> '' and exported_at > now() - interval '1 hour'"), "2")

    def test_the_same_version_is_not_written_again(self):
        self.run_hours(0, 2)
        places = "select xmin, ctid, * from events order by id"
        before = self.postgres.rows(places)
        text = self.run_hours(0, 2)
        self.assertIn("0 of 2 tables written", text)
        self.assertIn("nothing to do, it has version", self.log())
        self.assertEqual(self.postgres.rows(places), before)
        self.run_hours(0, 2, "--full")
        self.assert_exported()

    def test_an_upsert_sends_what_was_written_since_and_leaves_equal_rows_alone(self):
        self.run_hours(0, 2)
        before = self.postgres.rows("select xmin, id from events where id >= 1000 order by id")
        self.write_hour(0, [event(0, 0, who="renamed"), event(0, 9)])
        self.write_hour(2, events(2))
        self.run_hours(0, 1, "--full")
        self.run_hours(2, 3)
        self.assertIn("written since version", self.log())
        self.assertIn("5 rows sent", self.log())
        self.assertEqual(self.postgres.value("select who from events where id = 0"), "renamed")
        self.assertEqual(self.postgres.value("select count(*) from events"), "16", "an upsert takes nothing away")
        self.assertEqual(self.postgres.rows("select xmin, id from events where id between 1000 and 1999 order by id"), before)

    def test_an_upsert_after_many_commits_has_every_row(self):
        self.exports("{from: silver.events, to: warehouse.public.events, mode: upsert, key: id}")
        self.run_hours(0, 1)
        for hour in range(1, 6):
            self.write_hour(hour, events(hour))
            self.succeeds("run", "--window", f"2020-05-01T{hour:02}..2020-05-01T{hour + 1:02}")
        self.write_hour(2, [event(2, 0, who="later")])
        self.succeeds("run", "--window", "2020-05-01T02..2020-05-01T03", "--full")
        self.succeeds("run", "--pipeline", "only")
        there = set(self.postgres.rows("select id, who from events"))
        self.assertEqual(set(self.rows("select id, who from silver.events")) - there, set())
        self.assertIn(("2000", "later"), there)

    def test_readers_never_see_a_table_empty_while_it_is_replaced(self):
        self.run_hours(0, 2)
        reader = subprocess.Popen(self.postgres.client("-At"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.stdout.close)
        reader.stdin.write("begin isolation level repeatable read;\nselect count(*) from totals;\n")
        reader.stdin.flush()
        self.assertEqual(reader.stdout.readline(), "3\n")
        self.write_hour(2, [event(2, 0, who="new")])
        self.run_hours(2, 3)
        self.assertEqual(self.postgres.value("select count(*) from totals"), "4")
        reader.stdin.write("select count(*) from totals;\n")
        reader.stdin.close()
        self.assertEqual(reader.stdout.readline(), "3\n", "the transaction that began before sees what was then")
        reader.wait()

    def test_append_sends_each_row_once(self):
        self.exports("{from: silver.events, to: warehouse.public.history, mode: append}")
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T01")
        self.succeeds("run", "--pipeline", "only")
        self.succeeds("run", "--pipeline", "only")
        for hour in (1, 2):
            self.write_hour(hour, events(hour))
            self.succeeds("run", "--window", f"2020-05-01T{hour:02}..2020-05-01T{hour + 1:02}")
        self.succeeds("run", "--pipeline", "only")
        self.succeeds("run", "--pipeline", "only", "--full")
        self.assertEqual(self.postgres.rows("select id from history order by id"), self.rows("select id from silver.events order by id"))

    def test_append_after_rows_changed_is_refused_with_what_to_do(self):
        self.exports("{from: silver.events, to: warehouse.public.history, mode: append}")
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.succeeds("run", "--pipeline", "only")
        self.write_hour(1, [event(1, 7)])
        self.succeeds("run", "--window", "2020-05-01T01..2020-05-01T02", "--full")
        self.fails("run", "--pipeline", "only", says=["pipelines/only.yml:", "changed rows or took some away", "mode: upsert"])
        self.assertEqual(self.postgres.value("select count(*) from history"), "10")

    def test_every_type_arrives_as_it_is(self):
        self.model("types", """SELECT 1::TINYINT AS tiny, -2::SMALLINT AS small, 3 AS whole, 1.5::FLOAT AS single, 0.1::DOUBLE AS real,
            123456789012345678901234567.89::DECIMAL(38,2) AS money, true AS yes, DATE '1969-12-31' AS day, TIMESTAMPTZ '2015-01-01 15:00:08.25Z' AS at,
            TIMESTAMP '2001-02-03 04:05:06' AS civil, 'Zoë ''\\n"' AS text, 'ab'::BLOB AS bytes, {'a': [1, 2]} AS nested, [NULL, 'x'] AS list,
            MAP {'k': 1} AS entries, NULL::VARCHAR AS nothing, '' AS empty""")
        self.exports("{from: gold.types, to: warehouse.public.types}")
        self.succeeds("run", "gold.types")
        self.succeeds("run", "--pipeline", "only")
        self.assertEqual(self.postgres.rows("set timezone = 'UTC'; select * from types"),
                         [("1", "-2", "3", "1.5", "0.1", "123456789012345678901234567.89", "t", "1969-12-31", "2015-01-01 15:00:08.25+00",
                           "2001-02-03 04:05:06", "Zoë '\\n\"", "\\x6162", '{"a": [1, 2]}', '[null, "x"]', '{"k": 1}', "∅", "")])
        self.assertEqual(self.postgres.value("select string_agg(data_type, ',' order by ordinal_position) from information_schema.columns where table_name = 'types'"),
                         "smallint,smallint,integer,real,double precision,numeric,boolean,date,timestamp with time zone,"
                         "timestamp without time zone,text,bytea,jsonb,jsonb,jsonb,text,text")

    def test_a_new_column_is_added_and_a_chosen_few_are_sent(self):
        self.exports("{from: gold.totals, to: warehouse.public.totals, columns: [who, events], mode: upsert, key: who}")
        self.run_hours(0, 2)
        self.postgres.execute("drop table totals; delete from ingot_exports where target = 'totals'")
        self.succeeds("run", "--pipeline", "only")
        self.assertEqual(self.postgres.rows("select * from totals order by who")[0], ("p0", "4"))
        self.exports("{from: gold.totals, to: warehouse.public.totals, mode: upsert, key: who}")
        self.succeeds("run", "--pipeline", "only")
        self.assertEqual(self.postgres.rows("select who, events, amount from totals order by who"), self.in_lake()[1])

    # -- what goes wrong

    def test_types_that_do_not_fit_are_all_named_before_anything_is_written(self):
        self.postgres.execute("create table totals (who integer, events bigint, amount integer, tenant text not null)")
        text = self.fails("run", "--pipeline", "hourly", "--window", "2020-05-01T00..2020-05-01T02",
                          says=["gold.totals cannot be exported to warehouse.public.totals; nothing was written", "who is integer there",
                                "amount is integer there, which cannot hold every long", "tenant there must not be null"])
        self.assertIn("pipelines/hourly.yml:", text)
        self.assertEqual(self.postgres.value("select to_regclass('public.events') is null"), "t", "one transaction")

    def test_rows_of_one_key_are_named_and_nothing_is_written(self):
        self.run_hours(0, 2)
        before = self.state()
        self.write_hour(2, events(2))
        self.succeeds("run", "--window", "2020-05-01T02..2020-05-01T03")
        self.exports("{from: silver.events, to: warehouse.public.events, mode: upsert, key: id}",
                     "{from: silver.events, to: warehouse.public.totals2, mode: upsert, key: who}")
        self.fails("run", "--pipeline", "only", says=["rows of silver.events have the same key (who = p", "nothing was written"])
        self.exports("{from: silver.events, to: warehouse.public.events, mode: upsert, key: id}",
                     "{from: silver.events, to: warehouse.public.totals, columns: [who, amount], mode: upsert, key: who}")
        self.fails("run", "--pipeline", "only", says=["rows of silver.events have the same key (who = p"])
        self.assertEqual(self.state(), before)

    def test_a_text_that_postgres_cannot_hold_names_its_column(self):
        self.model("odd", "SELECT 'a' || chr(0) || 'b' AS note")
        self.exports("{from: gold.odd, to: warehouse.public.odd}")
        self.succeeds("run", "gold.odd")
        self.fails("run", "--pipeline", "only", says=["column note holds a zero byte"])
        self.assertEqual(self.postgres.value("select to_regclass('public.odd') is null"), "t")

    def test_a_server_that_is_not_there_is_tried_again(self):
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.exports("{from: gold.totals, to: warehouse.public.totals}", retries=20)
        self.change("project.yml", "retry_delay: 10ms", "retry_delay: 300ms, backoff: 1")
        self.postgres.stop()
        process = self.start("run", "--pipeline", "only")
        time.sleep(1)
        self.postgres.start()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn("attempt 2", out + err)
        self.assertEqual(self.postgres.value("select count(*) from totals"), "3")

    def test_a_database_that_does_not_exist_is_not_tried_again(self):
        self.change("project.yml", "database: ingot", "database: nowhere, password: $secret.PG")
        self.environment["PG"] = "hunter22"
        self.exports("{from: gold.totals, to: warehouse.public.totals}", retries=5)
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        text = self.fails("run", "--pipeline", "only", says=['database "nowhere" does not exist', "SQLSTATE 3D000", "in the connection warehouse (project.yml:"])
        self.assertNotIn("attempt 2", text)
        self.assertNotIn("hunter22", text + self.log())

    def test_a_wrong_password_is_refused_once_and_shown_nowhere(self):
        self.postgres.execute("create role app login password 'hunter22'; grant create, usage on schema public to app")
        rules = os.path.join(self.postgres.folder, "data", "pg_hba.conf")
        with open(rules, encoding="utf-8") as file:
            text = file.read()
        with open(rules, "w", encoding="utf-8") as file:
            file.write("host all app all scram-sha-256\n" + text)
        self.postgres.execute("select pg_reload_conf()")
        self.change("project.yml", "user: ingot", "user: app, password: $secret.PG")
        self.exports("{from: gold.totals, to: warehouse.public.totals}", retries=5)
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.environment["PG"] = "wrong-word"
        text = self.fails("run", "--pipeline", "only", says=["password authentication failed", "SQLSTATE 28P01"])
        self.assertNotIn("attempt 2", text)
        self.assertNotIn("wrong-word", text + self.log())
        self.environment["PG"] = "hunter22"
        self.succeeds("run", "--pipeline", "only")
        self.assertEqual(self.postgres.value("select tableowner from pg_tables where tablename = 'totals'"), "app")

    def certificate(self, name):
        """A file with one for this machine, and its key."""
        files = [os.path.join(self.work, f"{name}.{ending}") for ending in ("crt", "key")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        f"subjectAltName=IP:{self.postgres.host}", "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
        owner = os.stat(os.path.join(self.postgres.folder, "data"))
        os.chown(files[1], owner.st_uid, owner.st_gid)
        os.chmod(files[1], 0o600)
        return files

    def test_the_server_is_who_its_certificate_says(self):
        certificate, key = self.certificate("server")
        other, _ = self.certificate("other")
        self.postgres.stop()
        self.postgres.options = f"-c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}"
        self.postgres.start()
        self.exports("{from: gold.totals, to: warehouse.public.totals}")
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.change("project.yml", "user: ingot", "user: ingot, ca: ca.crt")
        for path, accepted in (other, False), (certificate, True):
            with open(path, "rb") as file:
                self.write("ca.crt", file.read())
            if accepted:
                self.succeeds("run", "--pipeline", "only")
            else:
                self.fails("run", "--pipeline", "only", says=["certificate verify failed"])
        self.assertEqual(self.postgres.value("select count(*) from totals"), "3")

    def test_an_environment_without_exports_writes_nothing(self):
        with open(os.path.join(self.project, "project.yml"), "a", encoding="utf-8") as file:
            file.write("environments: {dev: {exports: off}}\n")
        text = self.succeeds("--env", "dev", "run", "--pipeline", "hourly", "--window", "2020-05-01T00..2020-05-01T02")
        self.assertIn("the environment dev has `exports: off`", text)
        self.assertEqual(self.postgres.value("select count(*) from pg_tables where schemaname = 'public'"), "0")

    def test_what_has_not_been_built_cannot_be_exported(self):
        self.exports("{from: gold.totals, to: warehouse.public.totals}")
        self.fails("run", "--pipeline", "only", says=["gold.totals has not been built yet", "ingot run gold.totals"])

    # -- files

    def test_files_are_replaced_whole_and_readable_in_every_format(self):
        names = ("totals.parquet", "totals.csv", "totals.csv.gz", "totals.json", "totals.ndjson", "totals.ndjson.zst")
        self.exports(*(f'{{from: gold.totals, to: "out/{{run.time:%Y}}/{name}"}}' for name in names))
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.assertIn("6 files written, 18 rows", self.succeeds("run", "--pipeline", "only"))
        (year,) = os.listdir(os.path.join(self.project, "out"))
        folder = os.path.join(self.project, "out", year)
        self.assertEqual(sorted(os.listdir(folder)), sorted(names))
        expected = self.in_lake()[1]
        for name in names:
            self.assertEqual(self.rows(f"select who, events, amount from '{folder}/{name}' order by who"), expected, name)
        self.write_hour(2, [event(2, 0, who="new, \"name\"")])
        self.succeeds("run", "--window", "2020-05-01T02..2020-05-01T03")
        self.succeeds("run", "--pipeline", "only")
        for name in names:
            self.assertEqual(self.value(f"select count(*) from '{folder}/{name}' where who = 'new, \"name\"'"), "1", name)

    def test_a_kill_while_files_are_written_leaves_the_old_ones_and_the_next_export_tidies_up(self):
        self.exports("{from: gold.totals, to: ./out/a.csv}", "{from: gold.hourly, to: ./out/b.csv, columns: [events]}")
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.succeeds("run", "--pipeline", "only")
        out = os.path.join(self.project, "out")
        before = {name: open(os.path.join(out, name), encoding="utf-8").read() for name in os.listdir(out)}
        self.assertEqual(before["b.csv"], "events\n5\n5\n")
        self.write_hour(2, events(2))
        self.succeeds("run", "--window", "2020-05-01T02..2020-05-01T03")
        self.environment["INGOT_CRASH_POINT"] = "export.file_written:2"
        status, _, text = self.call("run", "--pipeline", "only")
        del self.environment["INGOT_CRASH_POINT"]
        self.assertEqual(status, -signal.SIGKILL, text)
        for name, content in before.items():
            with open(os.path.join(out, name), encoding="utf-8") as file:
                self.assertEqual(file.read(), content)
        self.assertEqual(len(os.listdir(out)), 4, "what was being written lies beside")
        self.succeeds("run", "--pipeline", "only")
        self.assertEqual(sorted(os.listdir(out)), ["a.csv", "b.csv"])
        self.assertEqual(self.value(f"select count(*) from '{out}/b.csv'"), "3")

    def test_a_wrong_column_of_a_file_names_the_nearest(self):
        self.exports("{from: gold.totals, to: ./totals.csv, columns: [whoo]}")
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.fails("run", "--pipeline", "only", says=["gold.totals has no column whoo; did you mean 'who'?"])
        self.assertFalse(os.path.exists(os.path.join(self.project, "totals.csv")))

    # -- statements

    def statements(self, text):
        self.write("pipelines/only.yml", f"window: hour\ntasks:\n  to_pg:\n    retries: 0\n    sql: {text}\n")
        return ["run", "--pipeline", "only", "--window", "2020-05-01T00..2020-05-01T01"]

    def test_statements_are_one_transaction_and_their_parameters_are_bound(self):
        self.postgres.execute("create table audit (at timestamptz, note text)")
        run = self.statements("{connection: warehouse, run: \"INSERT INTO audit VALUES ($window.start, 'a;b'), ($window.end, 'c'); "
                              "SELECT note, at > $window.start AS later FROM audit ORDER BY note\"}")
        self.succeeds(*run)
        self.assertEqual(self.postgres.rows("set timezone = 'UTC'; select * from audit order by note"),
                         [("2020-05-01 00:00:00+00", "a;b"), ("2020-05-01 01:00:00+00", "c")])
        self.assertIn("note, later\na;b, f\nc, t\n", self.log())
        run = self.statements("{connection: warehouse, run: \"DELETE FROM audit; SELECT 1/0\"}")
        self.fails(*run, says=["division by zero", "in the statement of line 1", "pipelines/only.yml:5:"])
        self.assertEqual(self.postgres.value("select count(*) from audit"), "2")
        with open(os.path.join(self.project, "project.yml"), "a", encoding="utf-8") as file:
            file.write("environments: {dev: {exports: off}}\n")
        self.succeeds("--env", "dev", *self.statements("{connection: warehouse, run: DELETE FROM audit}"))
        self.assertEqual(self.postgres.value("select count(*) from audit"), "2")

    def test_a_select_over_the_lake_shows_its_rows_in_the_log(self):
        self.succeeds("run", "--window", "2020-05-01T00..2020-05-01T02")
        self.succeeds(*self.statements("\"SELECT who, [amount] AS list FROM silver.events WHERE ts >= $window.start AND ts < $window.end ORDER BY amount DESC LIMIT 2\""))
        self.assertIn("who, list\np1, [4]\np0, [3]\n2 rows", self.log())
        self.succeeds(*self.statements("SELECT i FROM range(1005) r(i)"))
        self.assertIn("\n999\nand 5 rows more\n1005 rows", self.log())

    # -- kills

    def test_a_kill_at_any_point_leaves_all_targets_as_they_were_or_all_switched(self):
        self.run_hours(0, 2)
        for number, point in enumerate(CRASH_POINTS):
            with self.subTest(point):
                before = self.state()
                hour = 2 + number
                self.write_hour(hour, events(hour))
                self.succeeds("run", "--window", f"2020-05-01T{hour:02}..2020-05-01T{hour + 1:02}")
                self.environment["INGOT_CRASH_POINT"] = point
                status, _, text = self.call("run", "--pipeline", "hourly", "--window", f"2020-05-01T{hour:02}..2020-05-01T{hour + 1:02}")
                del self.environment["INGOT_CRASH_POINT"]
                self.assertEqual(status, -signal.SIGKILL, text)
                self.settle()
                if point == "export.committed":
                    self.assert_exported()
                else:
                    self.assertEqual(self.state(), before)
                text = self.run_hours(hour, hour + 1)
                self.assertIn("was interrupted: it goes on", text)
                self.assert_exported()

    def settle(self):
        """Until the server has noticed that its client is gone."""
        for _ in range(200):
            if self.postgres.value("select count(*) from pg_stat_activity where application_name = 'ingot'") == "0":
                return
            time.sleep(0.05)
        self.fail("the server still has a client")

    def large(self, rows):
        self.model("large", f"SELECT i AS id, md5(i::VARCHAR) AS a, md5((i + {rows})::VARCHAR) AS b FROM range({rows}) r(i)")
        self.succeeds("run", "gold.large", "--full")

    def wait_for_copy(self, process):
        while process.poll() is None:
            found = self.postgres.value("select count(*) from pg_stat_activity where application_name = 'ingot' and query like 'COPY%' and state = 'active'")
            if found == "1":
                return
        self.fail("the export was over before it could be disturbed: " + "".join(process.communicate()))

    def test_postgres_killed_in_the_middle_leaves_the_old_rows_and_another_try_succeeds(self):
        self.large(1000)
        self.exports("{from: gold.large, to: warehouse.public.large, mode: overwrite, key: id}", retries=30)
        self.change("project.yml", "retry_delay: 10ms", "retry_delay: 300ms, backoff: 1")
        self.succeeds("run", "--pipeline", "only")
        self.large(1_000_000)
        process = self.start("run", "--pipeline", "only")
        self.wait_for_copy(process)
        self.postgres.kill()
        time.sleep(0.5)
        self.postgres.start()
        self.assertIn(self.postgres.value("select count(*) from large"), ("1000", "1000000"))
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn("attempt 2", out + err)
        self.assertEqual(self.postgres.rows("select count(*), count(distinct id) from large"), [("1000000", "1000000")])

    def test_kills_of_either_side_at_random_moments_leave_one_version_in_all_targets(self):
        """INGOT_KILLS says how many, INGOT_SEED which."""
        seed = int(os.environ.get("INGOT_SEED", time.time_ns() % 100_000))
        random_moments = random.Random(seed)
        print(f"seed {seed}", file=sys.stderr)
        self.exports("{from: gold.many, to: warehouse.public.many, mode: upsert, key: id}", "{from: gold.mark, to: warehouse.public.mark}")

        def next_version(version):
            self.model("many", f"SELECT i AS id, {version} AS v FROM range(100_000) r(i)")
            self.model("mark", f"SELECT {version} AS v")
            self.succeeds("run", "gold.many gold.mark")

        next_version(0)
        began = time.monotonic()
        self.succeeds("run", "--pipeline", "only")
        whole = time.monotonic() - began
        killed = 0
        for version in range(1, int(os.environ.get("INGOT_KILLS", "5")) + 1):
            next_version(version)
            process = self.start("run", "--pipeline", "only")
            time.sleep(random_moments.uniform(0.02, whole))
            of_postgres = random_moments.random() < 0.5
            killed += process.poll() is None
            if of_postgres:
                self.postgres.kill()
                process.communicate(timeout=60)
                self.postgres.start()
            else:
                process.kill()
                process.communicate(timeout=60)
                self.settle()
            if self.postgres.value("select to_regclass('mark') is not null") == "t":
                self.assertEqual(self.postgres.rows("select distinct v from many"), self.postgres.rows("select v from mark"), f"seed {seed}")
            self.succeeds("run", "--pipeline", "only")
            self.assertEqual(self.postgres.rows("select v, count(*) from many group by v"), [(str(version), "100000")], f"seed {seed}")
            self.assertEqual(self.postgres.value("select v from mark"), str(version), f"seed {seed}")
        print(f"{killed} of {version} kills were in time", file=sys.stderr)
        self.assertGreater(killed, 0, f"seed {seed}: every export was faster")

    def test_ctrl_c_ends_an_export_at_once_and_undoes_it(self):
        self.large(1_000_000)
        self.exports("{from: gold.large, to: warehouse.public.large}")
        process = self.start("run", "--pipeline", "only")
        self.wait_for_copy(process)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, out + err)
        self.assertLess(time.monotonic() - asked, 5)
        self.settle()
        self.assertEqual(self.postgres.value("select to_regclass('public.large') is null"), "t")

    def test_two_exports_at_once_wait_for_each_other(self):
        self.large(200_000)
        item = "{from: gold.large, to: warehouse.public.large, mode: append}"
        self.exports(item)
        self.write("pipelines/also.yml", EXPORT_ONLY + f"      - {item}\n")
        runs = [self.start("run", "--pipeline", name) for name in ("only", "also")]
        texts = [run.communicate(timeout=120) for run in runs]
        self.assertEqual([run.returncode for run in runs], [0, 0], texts)
        self.assertEqual(self.postgres.value("select count(*) from large"), "200000")


if __name__ == "__main__":
    main()
