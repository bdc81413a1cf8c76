/* ---
description: One row per event with the keys of users, repos and organizations.
kind: incremental
key: [id]
time: created_at
partition: [event_date]
columns:
  actor_id: {type: bigint, checks: [not_null]}
  org_id: {type: bigint, description: "Null for personal repositories"}
  id: {type: varchar, checks: [not_null]}
  created_at: {type: timestamptz, checks: [not_null]}
  type: {type: varchar, checks: [not_null]}
  public: {type: boolean}
  repo_id: {type: bigint, checks: [not_null]}
  repo_name: {type: varchar, description: Name at the time of the event}
  repo_url: {type: varchar}
  event_date: {type: date}
checks:
  - {unique: [id]}
tests:
  - name: an event without an organization is kept
    window: 2015-01-01T15..2015-01-01T16
    given: {silver.events: [{id: "11", actor_id: 7, repo_id: 9, type: PushEvent, created_at: 2015-01-01T15:00:08Z}]}
    expect: [{id: "11", actor_id: 7, org_id: null, repo_id: 9, type: PushEvent}]
--- */
SELECT
    actor_id,
    org_id,
    id,
    created_at,
    type,
    public,
    repo_id,
    repo_name,
    repo_url,
    event_date
FROM silver.events
WHERE created_at >= $window.start AND created_at < $window.end
