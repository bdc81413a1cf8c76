/* ---
description: Forks, with the repository that came out of each.
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
  forkee_id: {type: bigint}
  forkee_name: {type: varchar}
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: ForkEvent, forkee_name: bob/engine}, {id: "2", type: PushEvent}]}
    expect: [{id: "1", forkee_name: bob/engine}]
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
    forkee_id,
    forkee_name
FROM silver.events
WHERE type = 'ForkEvent'
