/* ---
description: Pull requests opened, closed (merged or not) and reopened, with their size.
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
  action: {type: varchar}
  number: {type: bigint}
  title: {type: varchar}
  pull_request_id: {type: bigint}
  merged: {type: boolean}
  additions: {type: bigint}
  deletions: {type: bigint}
  changed_files: {type: bigint}
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
