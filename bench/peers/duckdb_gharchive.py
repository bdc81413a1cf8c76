#!/usr/bin/env python3
"""The GH Archive job as bare DuckDB statements to plain Parquet: no table format, no checks, no progress.

duckdb_gharchive.py narrow|same PROJECT OUT FILE.json.gz...

narrow: bronze, silver, hourly activity, top repositories and users, users and repositories day by day, with few columns.
same:   the SELECTs of the models in PROJECT as they stand, every table written with zstd, so that the rows and columns are
        those that Ingot writes.
Prints one JSON object: seconds by step, their sum, and row counts."""

import json
import os
import sys
import time

import duckdb

import model_sql

PERSON = "STRUCT(id BIGINT, login VARCHAR, gravatar_id VARCHAR, avatar_url VARCHAR, url VARCHAR)"
REPO = "STRUCT(id BIGINT, name VARCHAR, url VARCHAR)"
PAYLOAD = (
    '{"size":"BIGINT","distinct_size":"BIGINT","action":"VARCHAR","number":"BIGINT","pull_request":{"number":"BIGINT",'
    '"title":"VARCHAR","merged":"BOOLEAN"},"issue":{"number":"BIGINT","title":"VARCHAR"},"ref_type":"VARCHAR"}'
)


class Job:
    def __init__(self, out):
        self.out = out
        self.seconds = {}
        os.makedirs(out)
        self.connection = duckdb.connect()
        self.connection.execute("SET preserve_insertion_order=false")
        self.connection.execute("SET TimeZone='UTC'")

    def step(self, name, sql):
        started = time.perf_counter()
        self.connection.execute(sql)
        self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - started

    def copy(self, step, select, path, partition=()):
        by = f", PARTITION_BY ({', '.join(partition)})" if partition else ""
        self.step(step, f"COPY ({select}) TO '{self.out}/{path}' (FORMAT parquet, COMPRESSION zstd{by})")

    def count(self, relation):
        return self.connection.execute(f"SELECT count(*) FROM {relation}").fetchone()[0]

    def finish(self, rows):
        figures = {name: round(value, 3) for name, value in self.seconds.items()}
        print(json.dumps({"steps": figures, "total_s": round(sum(self.seconds.values()), 3), "rows": rows}))


def read_events(files, actor, repo, org):
    columns = {"id": "VARCHAR", "type": "VARCHAR", "actor": actor, "repo": repo}
    if org:
        columns["org"] = org
    columns |= {"payload": "JSON", "public": "BOOLEAN", "created_at": "TIMESTAMPTZ"}
    return f"read_json({files}, format='newline_delimited', maximum_object_size=33554432, columns={columns})"


def of_kind(kind):
    return f"count(*) FILTER (type = '{kind}')"


def narrow(job, files):
    events = read_events(files, "STRUCT(id BIGINT, login VARCHAR)", "STRUCT(id BIGINT, name VARCHAR)", None)
    job.copy(
        "bronze",
        f"""SELECT id, type, actor.id actor_id, actor.login actor_login, repo.id repo_id, repo.name repo_name, created_at,
            public, payload, created_at::date AS date, hour(created_at) AS hour FROM {events}""",
        "bronze",
        ["date", "hour"],
    )
    bronze = f"read_parquet('{job.out}/bronze/**/*.parquet', hive_partitioning=true)"
    job.copy(
        "silver",
        f"""SELECT id, type, actor_id, actor_login, repo_id, repo_name, created_at, public,
            CASE WHEN type = 'PushEvent' THEN p.size END commits,
            CASE WHEN type = 'PushEvent' THEN p.distinct_size END distinct_commits,
            CASE WHEN type = 'PullRequestEvent' THEN p.action END pr_action,
            CASE WHEN type = 'PullRequestEvent' THEN p.number END pr_number,
            CASE WHEN type = 'PullRequestEvent' THEN p.pull_request.title END pr_title,
            CASE WHEN type = 'PullRequestEvent' THEN p.pull_request.merged END pr_merged,
            CASE WHEN type = 'IssuesEvent' THEN p.action END issue_action,
            CASE WHEN type = 'IssuesEvent' THEN p.issue.number END issue_number,
            CASE WHEN type = 'IssuesEvent' THEN p.issue.title END issue_title,
            CASE WHEN type IN ('CreateEvent', 'DeleteEvent') THEN p.ref_type END ref_type, hour, date
            FROM (SELECT *, row_number() OVER (PARTITION BY id) AS copy, from_json(payload, '{PAYLOAD}') AS p FROM {bronze})
            WHERE copy = 1""",
        "silver",
        ["date"],
    )
    job.connection.execute(
        f"CREATE VIEW v AS SELECT * FROM read_parquet('{job.out}/silver/**/*.parquet', hive_partitioning=true)"
    )
    job.copy(
        "gold",
        "SELECT date, hour, type, count(*) events, count(DISTINCT actor_id) actors, sum(commits) commits FROM v GROUP BY ALL",
        "hourly.parquet",
    )
    counts = f"""count(*) events, {of_kind('PushEvent')} pushes, sum(commits) commits, {of_kind('PullRequestEvent')} prs,
        {of_kind('IssuesEvent')} issues"""
    job.copy(
        "gold",
        f"""SELECT repo_id, max_by(repo_name, created_at) repo_name, {of_kind('WatchEvent')} stars, {of_kind('ForkEvent')} forks,
            {counts} FROM v GROUP BY repo_id ORDER BY stars DESC, pushes DESC, events DESC, repo_id LIMIT 100""",
        "repos.parquet",
    )
    job.copy(
        "gold",
        f"""SELECT actor_id, max_by(actor_login, created_at) login, {counts}, {of_kind('IssueCommentEvent')} AS comments
            FROM v GROUP BY actor_id ORDER BY events DESC, actor_id LIMIT 100""",
        "users.parquet",
    )
    days = [str(row[0]) for row in job.connection.execute("SELECT DISTINCT date FROM v ORDER BY date").fetchall()]
    rows = {"bronze": job.count(bronze), "silver": job.count("v")}
    for table, key, name in (("dim_users", "actor_id", "actor_login"), ("dim_repos", "repo_id", "repo_name")):
        before = ""
        for day in days:
            select = f"""SELECT {key}, max_by({name}, created_at) {name}, min(created_at) first_seen, max(created_at) last_seen
                FROM v WHERE date = '{day}' GROUP BY {key}"""
            if before:
                select = f"""SELECT {key}, max_by({name}, last_seen) {name}, min(first_seen) first_seen, max(last_seen) last_seen
                    FROM (SELECT * FROM '{before}' UNION ALL {select}) GROUP BY {key}"""
            job.copy("dims", select, f"{table}_{day}.parquet")
            before = f"{job.out}/{table}_{day}.parquet"
        rows[table] = job.count(f"'{before}'")
    return rows


def same(job, project, files):
    for layer in ("bronze", "silver", "gold"):
        job.connection.execute(f"CREATE SCHEMA {layer}")
    select = f"SELECT *, created_at::date AS event_date FROM {read_events(files, PERSON, REPO, PERSON)}"
    write(job, "bronze.events", select, ["event_date"])
    rows = {"bronze.events": job.count("bronze.events")}
    everything = model_sql.window_values("2000-01-01", "2100-01-01")
    for model in model_sql.load_models(project):
        if model.kind == "view":
            job.step("views", f"CREATE VIEW {model.name} AS {model.bound_sql(everything)}")
        else:
            write(job, model.name, model.bound_sql(everything), model.partition)
            rows[model.name] = job.count(model.name)
    return rows


def write(job, name, select, partition):
    path = f"{job.out}/{name}" if partition else f"{job.out}/{name}.parquet"
    job.copy(name, select, os.path.basename(path), partition)
    files = f"{path}/**/*.parquet" if partition else path
    types = "".join(f", hive_types={{{name}: DATE}}" for name in partition)
    job.connection.execute(
        f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}', hive_partitioning={bool(partition)}{types})"
    )


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in ("narrow", "same"):
        raise SystemExit(__doc__)
    mode, project, out, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    job = Job(out)
    job.finish(narrow(job, files) if mode == "narrow" else same(job, project, files))


if __name__ == "__main__":
    main()
