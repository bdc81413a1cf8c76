/* ---
description: Comments on issues, pull requests and commits.
kind: view
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: CommitCommentEvent, comment_id: 8}, {id: "2", type: IssuesEvent}]}
    expect: [{id: "1", comment_id: 8}]
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
    type,
    action,
    comment_id,
    number,
    title
FROM silver.events
WHERE type IN ('IssueCommentEvent', 'PullRequestReviewCommentEvent', 'CommitCommentEvent')
