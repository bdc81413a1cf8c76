/* ---
description: People added to repositories.
kind: view
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: MemberEvent, member_login: bob}, {id: "2", type: PushEvent}]}
    expect: [{id: "1", member_login: bob}]
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
    member_id,
    member_login
FROM silver.events
WHERE type = 'MemberEvent'
