/* ---
description: Repositories, branches and tags that were created.
kind: view
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
