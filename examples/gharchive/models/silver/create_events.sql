/* ---
description: Repositories, branches and tags that were created.
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
  ref_type: {type: varchar}
  ref: {type: varchar}
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: CreateEvent, ref_type: branch, ref: next}, {id: "2", type: DeleteEvent}]}
    expect: [{id: "1", ref_type: branch, ref: next}]
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
    ref_type,
    ref
FROM silver.events
WHERE type = 'CreateEvent'
