/* ---
description: Pushes, with the number of commits of each.
kind: view
columns:
  id: {type: varchar}
  created_at: {type: timestamptz}
  event_date: {type: date}
  actor_id: {type: bigint}
  actor_login: {type: varchar}
  repo_id: {type: bigint}
  repo_name: {type: varchar}
  org_id: {type: bigint}
  org_login: {type: varchar}
  push_id: {type: bigint}
  commits: {type: bigint}
  distinct_commits: {type: bigint}
  ref: {type: varchar}
  head_sha: {type: varchar}
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: PushEvent, push_id: 5, commits: 2}, {id: "2", type: WatchEvent}]}
    expect: [{id: "1", push_id: 5, commits: 2}]
--- */
SELECT
    id,
    created_at,
    event_date,
    actor_id,
    actor_login,
    repo_id,
    repo_name,
    org_id,
    org_login,
    push_id,
    commits,
    distinct_commits,
    ref,
    head_sha,
FROM silver.events
WHERE type = 'PushEvent'
