/* ---
description: Organizations that own repositories with activity. One without a gravatar is kept.
kind: merge
key: [id]
order_by: [last_seen_at, last_event_id]
time: last_seen_at
allow_empty: true
columns:
  id: {type: bigint, checks: [not_null]}
  login: {type: varchar, checks: [not_null]}
  gravatar_id: {type: varchar}
  avatar_url: {type: varchar}
  url: {type: varchar}
  last_seen_at: {type: timestamptz, checks: [not_null]}
  last_event_id: {type: bigint, description: Breaks ties between events of one second}
checks:
  - {unique: [id]}
tests:
  - name: no organization, no row; no gravatar, still a row
    window: 2015-01-01T15..2015-01-01T16
    given:
      silver.events:
        - {id: "11", org_id: null, created_at: 2015-01-01T15:00:08Z}
        - {id: "12", org_id: 3, org_login: engines, org_gravatar_id: null, created_at: 2015-01-01T15:00:09Z}
    expect: [{id: 3, login: engines, gravatar_id: null}]
--- */
SELECT
    id,
    latest.login AS login,
    latest.gravatar_id AS gravatar_id,
    latest.avatar_url AS avatar_url,
    latest.url AS url,
    latest.seen_at AS last_seen_at,
    latest.event_id AS last_event_id
FROM (
    SELECT
        org_id AS id,
        max({
            seen_at: created_at, event_id: id::BIGINT, login: org_login, gravatar_id: org_gravatar_id,
            avatar_url: org_avatar_url, url: org_url
        }) AS latest
    FROM silver.events
    WHERE created_at >= $window.start AND created_at < $window.end AND org_id IS NOT NULL
    GROUP BY org_id
)
