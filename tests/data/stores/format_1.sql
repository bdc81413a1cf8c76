-- A store of format 1 with one run, written by the version that had it.
PRAGMA application_id = 1229866831;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE events (
        run INTEGER NOT NULL REFERENCES runs (no),
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, seq)) WITHOUT ROWID;
INSERT INTO "events" VALUES(1,1,1795283930028940,'run_queued','{}');
INSERT INTO "events" VALUES(1,2,1795283930028940,'run_started','{}');
INSERT INTO "events" VALUES(1,3,1795283930028940,'task_started','{"task":0,"attempt":1}');
INSERT INTO "events" VALUES(1,4,1795283930030615,'task_ended','{"task":0,"attempt":1,"outcome":1,"message":"exit code 1 (/project/.ingot/runs/01a1ff42-cbac-7000-8458-5f4152b32865/a.1.log)"}');
INSERT INTO "events" VALUES(1,5,1795283930031859,'task_started','{"task":0,"attempt":2}');
INSERT INTO "events" VALUES(1,6,1795283930033099,'task_ended','{"task":0,"attempt":2,"outcome":0}');
INSERT INTO "events" VALUES(1,7,1795283930033099,'task_started','{"task":1,"attempt":1}');
INSERT INTO "events" VALUES(1,8,1795283930034323,'task_ended','{"task":1,"attempt":1,"outcome":0}');
INSERT INTO "events" VALUES(1,9,1795283930034323,'task_started','{"task":2,"attempt":1}');
INSERT INTO "events" VALUES(1,10,1795283930035455,'task_ended','{"task":2,"attempt":1,"outcome":1,"message":"exit code 1 (/project/.ingot/runs/01a1ff42-cbac-7000-8458-5f4152b32865/c.1.log)"}');
INSERT INTO "events" VALUES(1,11,1795283930047197,'task_started','{"task":2,"attempt":2}');
INSERT INTO "events" VALUES(1,12,1795283930048939,'task_ended','{"task":2,"attempt":2,"outcome":1,"message":"exit code 1 (/project/.ingot/runs/01a1ff42-cbac-7000-8458-5f4152b32865/c.2.log)"}');
INSERT INTO "events" VALUES(1,13,1795283930070447,'task_started','{"task":2,"attempt":3}');
INSERT INTO "events" VALUES(1,14,1795283930072129,'task_ended','{"task":2,"attempt":3,"outcome":1,"message":"exit code 1 (/project/.ingot/runs/01a1ff42-cbac-7000-8458-5f4152b32865/c.3.log)"}');
CREATE TABLE runs (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        pipeline TEXT NOT NULL,
        window_start INTEGER,
        window_end INTEGER,
        state TEXT NOT NULL,
        queued_at INTEGER NOT NULL,
        started_at INTEGER,
        ended_at INTEGER,
        fence INTEGER NOT NULL,
        spec TEXT NOT NULL);
INSERT INTO "runs" VALUES(1,'01a1ff42-cbac-7000-8458-5f4152b32865','hourly',1588291200000000,1588294800000000,'failed',1795283930028940,1795283930028940,1795283930072129,1,'{"pipeline":"hourly","active_runs":1,"tasks":[{"name":"a","definition":"a","work":"command sh -c test $INGOT_ATTEMPT = 2","after":[],"when":0,"tolerated":false,"pool":"","priority":0,"retries":1,"retry_delay_us":1000,"backoff":2.0},{"name":"b","definition":"b","work":"command true","after":[0],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000,"backoff":2.0},{"name":"c","definition":"c","work":"command false","after":[1],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000,"backoff":2.0},{"name":"d","definition":"d","work":"command true","after":[2],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000,"backoff":2.0}],"window_us":[1588291200000000,1588294800000000],"lake":"/project/lake","environment":"","params":"{}","full":false}');
CREATE INDEX runs_of_pipeline ON runs (pipeline, no);
CREATE INDEX unfinished_runs ON runs (no) WHERE ended_at IS NULL;
COMMIT;
