/* ---
description: Pull requests opened, closed (merged or not) and reopened, with their size.
kind: view
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: PullRequestEvent, number: 4, merged: true}, {id: "2", type: IssuesEvent}]}
    expect: [{id: "1", number: 4, merged: true}]
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
    title,
    pull_request_id,
    merged,
    additions,
    deletions,
    changed_files
FROM silver.events
WHERE type = 'PullRequestEvent'
