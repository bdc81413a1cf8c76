/* ---
description: Forks, with the repository that came out of each.
kind: view
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
