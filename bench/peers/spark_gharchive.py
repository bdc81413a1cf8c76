#!/usr/bin/env python3
"""The GH Archive job in PySpark with Delta tables: bronze, silver, hourly activity, top repositories and users, and users and
repositories by MERGE, day by day. The columns are those of `duckdb_gharchive.py narrow`.

spark_gharchive.py JARS OUT FILE.json.gz...     (Java 17; JARS: what spark_jars.sh prints)
Runs the job twice; prints one JSON object with the seconds of the second, warm run."""

import glob
import json
import os
import sys
import time

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

EVENT = """id STRING, type STRING, actor STRUCT<id: BIGINT, login: STRING>, repo STRUCT<id: BIGINT, name: STRING>,
 payload STRING, public BOOLEAN, created_at TIMESTAMP"""
PAYLOAD = """size BIGINT, distinct_size BIGINT, action STRING, number BIGINT,
 pull_request STRUCT<number: BIGINT, title: STRING, merged: BOOLEAN>, issue STRUCT<number: BIGINT, title: STRING>,
 ref_type STRING"""
SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.memory": "8g",
    # The defaults are made for clusters; without these the job is several times slower on one machine.
    "spark.sql.shuffle.partitions": "4",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def session(jars):
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{os.cpu_count()}]").appName("gharchive")
    builder = builder.config("spark.jars", ",".join(sorted(glob.glob(os.path.join(jars, "*.jar")))))
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def when(kind, column):
    return F.when(F.col("type") == kind, column)


def of_kind(kind):
    return F.count(when(kind, 1))


def run(spark, out, files):
    write_bronze(spark, out, files)
    write_silver(spark, out)
    write_gold(spark, out)
    days = [row[0] for row in spark.read.format("delta").load(f"{out}/silver").select("date").distinct().collect()]
    for table, key, name in (("dim_users", "actor_id", "actor_login"), ("dim_repos", "repo_id", "repo_name")):
        merge_days(spark, out, table, key, name, sorted(days))


def write_bronze(spark, out, files):
    spark.read.schema(EVENT).json(files).select(
        "id", "type", F.col("actor.id").alias("actor_id"), F.col("actor.login").alias("actor_login"),
        F.col("repo.id").alias("repo_id"), F.col("repo.name").alias("repo_name"), "created_at", "public", "payload",
        F.to_date("created_at").alias("date"), F.hour("created_at").alias("hour"),
    ).write.format("delta").partitionBy("date", "hour").save(f"{out}/bronze")


def write_silver(spark, out):
    p = F.col("p")
    spark.read.format("delta").load(f"{out}/bronze").withColumn("p", F.from_json("payload", PAYLOAD)).select(
        "id", "type", "actor_id", "actor_login", "repo_id", "repo_name", "created_at", "public",
        when("PushEvent", p["size"]).alias("commits"),
        when("PushEvent", p["distinct_size"]).alias("distinct_commits"),
        when("PullRequestEvent", p["action"]).alias("pr_action"),
        when("PullRequestEvent", p["number"]).alias("pr_number"),
        when("PullRequestEvent", p["pull_request"]["title"]).alias("pr_title"),
        when("PullRequestEvent", p["pull_request"]["merged"]).alias("pr_merged"),
        when("IssuesEvent", p["action"]).alias("issue_action"),
        when("IssuesEvent", p["issue"]["number"]).alias("issue_number"),
        when("IssuesEvent", p["issue"]["title"]).alias("issue_title"),
        F.when(F.col("type").isin("CreateEvent", "DeleteEvent"), p["ref_type"]).alias("ref_type"),
        "date", "hour",
    ).dropDuplicates(["id"]).write.format("delta").partitionBy("date").save(f"{out}/silver")


def write_gold(spark, out):
    events = spark.read.format("delta").load(f"{out}/silver")
    events.groupBy("date", "hour", "type").agg(
        F.count("*").alias("events"), F.countDistinct("actor_id").alias("actors"), F.sum("commits").alias("commits")
    ).coalesce(1).write.format("delta").save(f"{out}/hourly")
    counts = [
        F.count("*").alias("events"), of_kind("PushEvent").alias("pushes"), F.sum("commits").alias("commits"),
        of_kind("PullRequestEvent").alias("prs"), of_kind("IssuesEvent").alias("issues"),
    ]
    events.groupBy("repo_id").agg(
        F.max_by("repo_name", "created_at").alias("repo_name"), of_kind("WatchEvent").alias("stars"),
        of_kind("ForkEvent").alias("forks"), *counts,
    ).orderBy(F.desc("stars"), F.desc("pushes"), F.desc("events"), "repo_id").limit(100).write.format("delta").save(f"{out}/repos")
    events.groupBy("actor_id").agg(
        F.max_by("actor_login", "created_at").alias("login"), *counts, of_kind("IssueCommentEvent").alias("comments")
    ).orderBy(F.desc("events"), "actor_id").limit(100).write.format("delta").save(f"{out}/users")


def merge_days(spark, out, table, key, name, days):
    path = f"{out}/{table}"
    schema = f"{key} BIGINT, {name} STRING, first_seen TIMESTAMP, last_seen TIMESTAMP"
    spark.createDataFrame([], schema).write.format("delta").save(path)
    events = spark.read.format("delta").load(f"{out}/silver")
    for day in days:
        new = events.where(F.col("date") == F.lit(day)).groupBy(key).agg(
            F.max_by(name, "created_at").alias(name), F.min("created_at").alias("first_seen"),
            F.max("created_at").alias("last_seen"),
        )
        newer = {name: f"s.{name}", "last_seen": "s.last_seen"}
        merge = DeltaTable.forPath(spark, path).alias("t").merge(new.alias("s"), f"t.{key} = s.{key}")
        merge.whenMatchedUpdate("s.last_seen > t.last_seen", newer).whenNotMatchedInsertAll().execute()


def main():
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    jars, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    spark = session(jars)
    seconds = []
    for repetition in range(2):
        started = time.perf_counter()
        run(spark, f"{out}/run{repetition}", files)
        seconds.append(time.perf_counter() - started)
    spark.stop()
    print(json.dumps({"cold_s": round(seconds[0], 2), "warm_s": round(seconds[1], 2)}))


if __name__ == "__main__":
    main()
