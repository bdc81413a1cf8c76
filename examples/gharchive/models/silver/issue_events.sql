/* ---
description: Issues opened, closed and reopened.
kind: view
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: IssuesEvent, number: 4, action: opened}, {id: "2", type: PullRequestEvent}]}
    expect: [{id: "1", number: 4, action: opened}]
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
    number,
    title
FROM silver.events
WHERE type = 'IssuesEvent'
