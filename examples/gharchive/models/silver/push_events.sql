/* ---
description: Pushes, with the number of commits of each.
kind: view
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
