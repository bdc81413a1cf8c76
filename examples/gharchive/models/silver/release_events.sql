/* ---
description: Releases that were published.
kind: view
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: ReleaseEvent, release_tag: v1}, {id: "2", type: CreateEvent}]}
    expect: [{id: "1", release_tag: v1}]
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
    action,
    release_tag
FROM silver.events
WHERE type = 'ReleaseEvent'
