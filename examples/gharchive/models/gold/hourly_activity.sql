/* ---
description: How much of what happened in each hour.
kind: incremental
key: [hour, type]
time: hour
columns:
  hour: {type: timestamptz, description: Start of the hour, checks: [not_null]}
  type: {type: varchar, checks: [not_null]}
  events: {type: bigint, checks: [{range: [1, 100000000]}]}
  actors: {type: bigint, description: Different users}
  repos: {type: bigint, description: Different repositories}
  commits: {type: bigint, description: "Commits that were pushed, 0 for other kinds"}
checks:
  - {unique: [hour, type]}
  - {name: nobody is counted twice, sql: "bool_and(actors <= events and repos <= events)"}
tests:
  - name: users count once an hour
    window: 2015-01-01T15..2015-01-01T17
    given:
      silver.events:
        - {id: "1", type: PushEvent, actor_id: 7, repo_id: 1, commits: 2, created_at: 2015-01-01T15:00:00Z}
        - {id: "2", type: PushEvent, actor_id: 7, repo_id: 2, commits: 3, created_at: 2015-01-01T15:59:59Z}
        - {id: "3", type: WatchEvent, actor_id: 7, repo_id: 2, created_at: 2015-01-01T16:00:00Z}
    expect:
      - {hour: 2015-01-01T15:00:00Z, type: PushEvent, events: 2, actors: 1, repos: 2, commits: 5}
      - {hour: 2015-01-01T16:00:00Z, type: WatchEvent, events: 1, actors: 1, repos: 1, commits: 0}
--- */
SELECT
    date_trunc('hour', created_at) AS hour,
    type,
    count(*) AS events,
    count(DISTINCT actor_id) AS actors,
    count(DISTINCT repo_id) AS repos,
    coalesce(sum(commits), 0)::BIGINT AS commits
FROM silver.events
WHERE created_at >= $window.start AND created_at < $window.end
GROUP BY ALL
