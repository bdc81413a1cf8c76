-- A store of format 2 with one run, written before tasks had items that others give.
PRAGMA application_id = 1229866831;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
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
        spec TEXT NOT NULL, cause TEXT NOT NULL DEFAULT 'manual', cause_by TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT '', backfill TEXT NOT NULL DEFAULT '');
INSERT INTO runs VALUES(1,'01a20004-0f44-7000-bca2-f7f42d9ebd49','p',NULL,NULL,'failed',1795296595780549,1795296595780549,1795296596836009,1,'{"pipeline":"p","active_runs":1,"tasks":[{"name":"load","definition":"load","work":"command sh -c echo \"{{\\\"rows\\\": 7, \\\"of\\\": [\\\"a\\\", \\\"b\\\"]}}\" > \"$INGOT_OUTPUT\"","after":[],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000000,"backoff":2.0},{"name":"size","definition":"size","work":"branch command sh -c echo \"{{\\\"next\\\": [\\\"work\\\"]}}\" > \"$INGOT_OUTPUT\"","after":[0],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000000,"backoff":2.0},{"name":"work","definition":"work","work":"command sh -c exit 1 sh {tasks.load.rows}","after":[1],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":0,"backoff":2.0,"values_from":[0]},{"name":"next","definition":"next","work":"command true","after":[2],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000000,"backoff":2.0},{"name":"wait","definition":"wait","work":"sensor command sh -c test -e there && exit 0; touch there; exit 1","after":[],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000000,"backoff":2.0,"timeout_us":60000000,"sensor":{"every_us":1000000,"skip_when_over":false}},{"name":"tell[eu]","definition":"tell","work":"command echo {item}","item":0,"after":[],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000000,"backoff":2.0},{"name":"tell[us]","definition":"tell","work":"command echo {item}","item":1,"after":[],"when":0,"tolerated":false,"pool":"","priority":0,"retries":2,"retry_delay_us":10000000,"backoff":2.0}],"lake":"/project/lake","environment":"","params":"{}","full":false}','manual','ingot run --pipeline','files-c3d5e22aab7b122c','');
CREATE TABLE events (
        run INTEGER NOT NULL REFERENCES runs (no),
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, seq)) WITHOUT ROWID;
INSERT INTO events VALUES(1,1,1795296595780549,'run_queued','{"cause":"manual","by":"ingot run --pipeline","code":"files-c3d5e22aab7b122c"}');
INSERT INTO events VALUES(1,2,1795296595780549,'run_started','{}');
INSERT INTO events VALUES(1,3,1795296595780549,'task_started','{"task":0,"attempt":1}');
INSERT INTO events VALUES(1,4,1795296595780549,'task_started','{"task":4,"attempt":1}');
INSERT INTO events VALUES(1,5,1795296595801011,'task_ended','{"task":0,"attempt":1,"outcome":0,"values":{"rows":7,"of":["a","b"]}}');
INSERT INTO events VALUES(1,6,1795296595801011,'task_started','{"task":1,"attempt":1}');
INSERT INTO events VALUES(1,7,1795296595811833,'task_deferred','{"task":4,"attempt":1,"until_us":1795296596811831,"reason":"the command says: exit code 1"}');
INSERT INTO events VALUES(1,8,1795296595811833,'task_started','{"task":5,"attempt":1}');
INSERT INTO events VALUES(1,9,1795296595823747,'task_ended','{"task":1,"attempt":1,"outcome":0,"chosen":["work"],"values":{"next":["work"]}}');
INSERT INTO events VALUES(1,10,1795296595823747,'task_started','{"task":2,"attempt":1}');
INSERT INTO events VALUES(1,11,1795296595839789,'task_ended','{"task":5,"attempt":1,"outcome":0}');
INSERT INTO events VALUES(1,12,1795296595839789,'task_started','{"task":6,"attempt":1}');
INSERT INTO events VALUES(1,13,1795296595855793,'task_ended','{"task":2,"attempt":1,"outcome":1,"message":"exit code 1 (/project/.ingot/runs/01a20004-0f44-7000-bca2-f7f42d9ebd49/work.1.log)"}');
INSERT INTO events VALUES(1,14,1795296595855793,'task_started','{"task":2,"attempt":2}');
INSERT INTO events VALUES(1,15,1795296595865039,'task_ended','{"task":6,"attempt":1,"outcome":0}');
INSERT INTO events VALUES(1,16,1795296595887679,'task_ended','{"task":2,"attempt":2,"outcome":1,"message":"exit code 1 (/project/.ingot/runs/01a20004-0f44-7000-bca2-f7f42d9ebd49/work.2.log)"}');
INSERT INTO events VALUES(1,17,1795296595887679,'task_started','{"task":2,"attempt":3}');
INSERT INTO events VALUES(1,18,1795296595923685,'task_ended','{"task":2,"attempt":3,"outcome":1,"message":"exit code 1 (/project/.ingot/runs/01a20004-0f44-7000-bca2-f7f42d9ebd49/work.3.log)"}');
INSERT INTO events VALUES(1,19,1795296596815678,'task_started','{"task":4,"attempt":1}');
INSERT INTO events VALUES(1,20,1795296596836009,'task_ended','{"task":4,"attempt":1,"outcome":0}');
CREATE TABLE records (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE server (fence INTEGER NOT NULL);
INSERT INTO server VALUES(0);
CREATE INDEX runs_of_pipeline ON runs (pipeline, no);
CREATE INDEX unfinished_runs ON runs (no) WHERE ended_at IS NULL;
CREATE INDEX runs_of_window ON runs (pipeline, window_start, window_end, no);
CREATE INDEX runs_of_backfill ON runs (backfill, no) WHERE backfill != '';
CREATE INDEX runs_in_state ON runs (state, no);
COMMIT;
