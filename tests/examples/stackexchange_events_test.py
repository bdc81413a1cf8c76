"""Table events of the Stack Exchange platform, over stand-in sources: cases B15 to B17 under `ingot serve`."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from project_case import main
from server_case import ServerCase

# The ten tables that the platform's transformations make.
TABLES = ("answers", "badges", "comments", "fact_posts", "links", "questions", "tags", "top_users", "users", "votes")
SOURCE = """
table: bronze.{name}
load: snapshot
from: {{files: "dump/{name}.csv"}}
format: {{csv: {{}}}}
columns: {{id: bigint, name: varchar}}
"""
MODEL = """/* ---
kind: table
--- */
SELECT posts.id, posts.name AS post, users.name AS author FROM bronze.posts JOIN bronze.users USING (id)
"""


class StackExchangeEvents(ServerCase):
    files = {
        "project.yml": "name: stackexchange\nlake: ./lake\n",
        "sources/posts.yml": SOURCE.format(name="posts"),
        "sources/users.yml": SOURCE.format(name="users"),
        **{f"models/gold/{table}.sql": MODEL for table in TABLES},
        "pipelines/posts.yml": "tasks: {load: {ingest: [bronze.posts]}}\n",
        "pipelines/users.yml": "tasks: {load: {ingest: [bronze.users]}}\n",
        "pipelines/transform.yml": "schedule: {on: \"bronze.posts & bronze.users\"}\ntasks: {build: {models: \"gold.*\"}}\n",
        "pipelines/whole.yml": "tasks:\n  posts: {ingest: [bronze.posts]}\n  users: {ingest: [bronze.users]}\n"
        + "".join(f"  {table}_model: {{models: gold.{table}}}\n" for table in TABLES),
    }

    def setUp(self):
        super().setUp()
        self.dump("posts", "first")
        self.dump("users", "first")
        self.server = self.serve()

    def dump(self, name, text):
        self.write(f"dump/{name}.csv", f"id,name\n1,{text}\n2,{text}\n")

    def load(self, name, text=None):
        if text:
            self.dump(name, text)
        run = self.server.wait_for_run(self.server.start_run(name))
        self.assertEqual(run["state"], "success", run)

    def transformed(self, count):
        """Exactly so many runs, also a while later."""
        self.wait_for(lambda: len(self.server.runs(pipeline="transform")) >= count, f"there are no {count} runs")
        time.sleep(2)
        runs = self.server.runs(pipeline="transform")
        self.assertEqual(len(runs), count, runs)
        self.assertEqual({run["state"] for run in runs}, {"success"} if runs else set())

    def test_b15_one_table_starts_nothing_and_both_start_one_run(self):
        self.load("posts")
        self.transformed(0)
        self.assertIn("bronze.users", self.server.get("/pipelines/transform")["waiting_for"])
        self.load("users")
        self.transformed(1)
        self.assertEqual(self.rows("select post, author from gold.answers where id = 1"), [("first", "first")])
        self.load("posts", "second")
        self.load("posts", "third")
        self.transformed(1)
        self.load("users", "second")
        self.transformed(2)
        self.assertEqual(self.rows("select post, author from gold.answers where id = 1"), [("third", "second")])

    def test_b16_the_same_bytes_again_are_no_event(self):
        self.load("posts")
        self.load("users")
        self.transformed(1)
        self.load("posts")
        self.load("users")
        self.dump("posts", "first")
        self.load("posts")
        self.transformed(1)

    def test_b17_the_whole_pipeline_has_two_ingests_and_ten_models_after_both(self):
        pipeline = self.server.get("/pipelines/whole")
        tasks = {task["task"]: set(task["after"]) for task in pipeline["tasks"]}
        self.assertEqual(len(tasks), 12)
        self.assertEqual((tasks["posts"], tasks["users"]), (set(), set()))
        for table in TABLES:
            self.assertLessEqual({"posts", "users"}, tasks[f"{table}_model"], "by lineage alone")
        self.assertEqual((pipeline["schedule"]["kind"], pipeline["problem"]), ("none", ""))
        self.assertEqual(self.server.get("/info")["problems"], [])


if __name__ == "__main__":
    main()
