/* ---
description: Everybody who did something, under the name that they had last.
kind: merge
key: [id]
order_by: [last_seen_at, last_event_id]
time: last_seen_at
columns:
  id: {type: bigint, checks: [not_null]}
  login: {type: varchar, checks: [not_null]}
  gravatar_id: {type: varchar}
  avatar_url: {type: varchar}
  url: {type: varchar}
  last_seen_at: {type: timestamptz, description: Time of the last event, checks: [not_null]}
  last_event_id: {type: bigint, description: Breaks ties between events of one second}
checks:
  - {unique: [id]}
tests:
  - name: the latest name wins, whatever the order of the events
    window: 2015-01-01T15..2015-01-01T16
    given:
      silver.events:
        - {id: "12", actor_id: 7, actor_login: ada-new, created_at: 2015-01-01T15:00:09Z}
        - {id: "11", actor_id: 7, actor_login: ada-old, created_at: 2015-01-01T15:00:08Z}
        - {id: "13", actor_id: 8, actor_login: bob, actor_gravatar_id: "", created_at: 2015-01-01T15:00:08Z}
    expect:
      - {id: 7, login: ada-new, gravatar_id: null, last_event_id: 12}
      - {id: 8, login: bob, gravatar_id: "", last_event_id: 13}
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
        actor_id AS id,
        -- The fields of a struct compare in turn: time first, then the event's number.
        max({
            seen_at: created_at, event_id: id::BIGINT, login: actor_login, gravatar_id: actor_gravatar_id,
            avatar_url: actor_avatar_url, url: actor_url
        }) AS latest
    FROM silver.events
    WHERE created_at >= $window.start AND created_at < $window.end
    GROUP BY actor_id
)
