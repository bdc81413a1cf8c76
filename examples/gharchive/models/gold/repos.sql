/* ---
description: Every repository in which something happened, under the name that it had last.
kind: merge
key: [id]
order_by: [last_seen_at, last_event_id]
time: last_seen_at
columns:
  id: {type: bigint, checks: [not_null]}
  name: {type: varchar, description: owner/name, checks: [not_null, {regex: "^[^/]*/.*$", on_fail: warn}]}
  url: {type: varchar}
  last_seen_at: {type: timestamptz, checks: [not_null]}
  last_event_id: {type: bigint, description: Breaks ties between events of one second}
checks:
  - {unique: [id]}
tests:
  - name: a repository that moved has its new name
    window: 2015-01-01T15..2015-01-01T16
    given:
      silver.events:
        - {id: "12", repo_id: 9, repo_name: engines/engine, created_at: 2015-01-01T15:00:09Z}
        - {id: "11", repo_id: 9, repo_name: ada/engine, created_at: 2015-01-01T15:00:09Z}
    expect: [{id: 9, name: engines/engine, last_event_id: 12}]
--- */
SELECT
    id,
    latest.name AS name,
    latest.url AS url,
    latest.seen_at AS last_seen_at,
    latest.event_id AS last_event_id
FROM (
    SELECT
        repo_id AS id,
        max({seen_at: created_at, event_id: id::BIGINT, name: repo_name, url: repo_url}) AS latest
    FROM silver.events
    WHERE created_at >= $window.start AND created_at < $window.end
    GROUP BY repo_id
)
