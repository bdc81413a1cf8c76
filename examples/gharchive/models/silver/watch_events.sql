/* ---
description: Stars given to repositories.
kind: view
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: WatchEvent, action: started}, {id: "2", type: PushEvent}]}
    expect: [{id: "1", action: started}]
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
    action
FROM silver.events
WHERE type = 'WatchEvent'
