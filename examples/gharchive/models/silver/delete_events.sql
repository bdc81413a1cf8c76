/* ---
description: Branches and tags that were deleted.
kind: view
tests:
  - name: only events of this kind
    given: {silver.events: [{id: "1", type: DeleteEvent, ref_type: tag, ref: v1}, {id: "2", type: CreateEvent}]}
    expect: [{id: "1", ref_type: tag, ref: v1}]
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
WHERE type = 'DeleteEvent'
