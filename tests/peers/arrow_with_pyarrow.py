"""Arrow between Ingot and pyarrow, both ways: queries, a source and a model whose programs use pyarrow.

usage: tests/components/deltalake.sh run tests/peers/arrow_with_pyarrow.py INGOT"""

import datetime
import decimal
import os
import subprocess
import sys
import tempfile
import unittest

import pyarrow as pa
import pyarrow.parquet

INGOT = sys.argv.pop()

EVERY_TYPE = """
SELECT true AS yes, 1::tinyint AS tiny, 2::smallint AS small, 3::integer AS middle, 4::bigint AS large, 0.5::float AS single,
    0.25::double AS twice, 1.50::decimal(10,2) AS money, 'wörd' AS word, '\\x00\\xFF'::blob AS raw, DATE '2020-01-01' AS day,
    TIMESTAMPTZ '2020-01-01 00:00:00.000001Z' AS moment, TIMESTAMP '2020-01-01 01:02:03' AS clock,
    {'id': 1::bigint, 'name': 'ann'} AS person, [1, NULL]::integer[] AS list, MAP {'k': 1::bigint} AS lookup, NULL::varchar AS absent
"""
UTC = datetime.timezone.utc
EXPECTED = {
    "yes": True, "tiny": 1, "small": 2, "middle": 3, "large": 4, "single": 0.5, "twice": 0.25, "money": decimal.Decimal("1.50"),
    "word": "wörd", "raw": b"\x00\xff", "day": datetime.date(2020, 1, 1),
    "moment": datetime.datetime(2020, 1, 1, 0, 0, 0, 1, UTC), "clock": datetime.datetime(2020, 1, 1, 1, 2, 3),
    "person": {"id": 1, "name": "ann"}, "list": [1, None], "lookup": [("k", 1)], "absent": None,
}


class Arrow(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ingot_arrow_")
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def ingot(self, *arguments):
        done = subprocess.run([INGOT, "-C", self.folder.name, *arguments], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr).decode("utf-8", "replace"))
        return done.stdout

    def test_pyarrow_reads_every_type_of_a_stream(self):
        table = pa.ipc.open_stream(self.ingot("sql", "--format", "arrow", EVERY_TYPE)).read_all()
        table.validate(full=True)
        self.assertEqual(table.to_pylist(), [EXPECTED])
        self.assertEqual(str(table.schema.field("moment").type), "timestamp[us, tz=UTC]")
        self.assertEqual(str(table.schema.field("clock").type), "timestamp[us]")
        self.assertEqual(str(table.schema.field("money").type), "decimal128(10, 2)")

    def test_pyarrow_reads_many_batches_and_none(self):
        query = "SELECT range AS n, CASE WHEN range % 3 = 0 THEN NULL ELSE 't' || range END AS t FROM range({})"
        for rows in (0, 10_000):
            table = pa.ipc.open_stream(self.ingot("sql", "--format", "arrow", query.format(rows))).read_all()
            table.validate(full=True)
            self.assertEqual(table["n"].to_pylist(), list(range(rows)))
            self.assertEqual(table["t"].null_count, len(range(0, rows, 3)))

    def test_pyarrow_reads_parquet_from_a_file_and_from_stdout(self):
        self.ingot("sql", "--format", "parquet", "-o", self.path("rows.parquet"), EVERY_TYPE + ";\n")
        self.assertEqual(os.listdir(self.folder.name), ["rows.parquet"])
        rows = pyarrow.parquet.read_table(self.path("rows.parquet")).to_pylist()[0]
        piped = self.ingot("sql", "--format", "parquet", EVERY_TYPE)
        self.assertEqual(pyarrow.parquet.read_table(pa.BufferReader(piped)).to_pylist()[0], rows)
        for name in ("large", "money", "word", "day", "person", "list"):
            self.assertEqual(rows[name], EXPECTED[name], name)

    def test_programs_with_pyarrow_fill_a_source_and_a_model(self):
        self.write("project.yml", "name: arrow\nlake: ./lake\n")
        self.write("sources/words.yml",
                   "table: bronze.words\nload: snapshot\nfrom: {command: [" + sys.executable + ", words.py], emits: arrow}\n"
                   "columns: {word: varchar, count: integer, day: date}\n")
        self.write("words.py", """
import sys, datetime
import pyarrow as pa
rows = pa.table({"word": pa.array(["a", "b", "a", None]).dictionary_encode(), "count": pa.array([1, 2, 3, 4], pa.uint8()),
                 "day": pa.array([datetime.date(2020, 1, 1)] * 4, pa.date64())})
with pa.ipc.new_stream(sys.stdout.buffer, rows.schema) as out:
    out.write_table(rows)
""")
        self.write("models/gold/sums.sql",
                   "/* ---\nkind: command\ncommand: [" + sys.executable + ", sums.py]\nemits: arrow\n"
                   "columns: {word: varchar, total: bigint}\nreject: [{reason: NO_WORD, when: word is null}]\n"
                   "tests:\n  - {name: adds, given: {bronze.words: [{word: x, count: 1}, {word: x, count: 2}]},\n"
                   "     expect: [{word: x, total: 3}]}\n"
                   "--- */\nSELECT word, count FROM bronze.words\n")
        self.write("sums.py", """
import sys
import pyarrow as pa
rows = pa.ipc.open_stream(sys.stdin.buffer).read_all()
sums = {}
for row in rows.to_pylist():
    sums[row["word"]] = sums.get(row["word"], 0) + row["count"]
sums = pa.table({"total": list(sums.values()), "word": pa.array(list(sums), pa.large_string())})
with pa.ipc.new_stream(sys.stdout.buffer, sums.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
    out.write_table(sums)
""")
        self.assertIn(b"1 passed, 0 failed", self.ingot("test"))
        self.ingot("run")
        out = self.ingot("sql", "--format", "csv", "select word, total from gold.sums order by word")
        self.assertEqual(out.decode(), "word,total\na,4\nb,2\n")
        self.assertNotRegex(self.ingot("run", "--json"), rb'"status": *"published"')


if __name__ == "__main__":
    unittest.main()
