/* ---
description: The 100 repositories with the most stars given in the period that the lake holds, then pushes, then events.
kind: table
key: [repo_id]
columns:
  rank: {type: bigint, checks: [not_null, {range: [1, 100]}]}
  repo_id: {type: bigint, checks: [not_null]}
  name: {type: varchar, checks: [not_null]}
  stars: {type: bigint}
  forks: {type: bigint}
  pushes: {type: bigint}
  commits: {type: bigint}
  pull_requests: {type: bigint}
  issues: {type: bigint}
  comments: {type: bigint}
  events: {type: bigint, checks: [{range: [1, 1000000000]}]}
checks:
  - {unique: [repo_id]}
  - {unique: [rank]}
  - {name: at most a hundred, sql: "count(*) <= 100"}
tests:
  - name: stars come before pushes
    given:
      silver.events:
        - {id: "1", type: PushEvent, repo_id: 1, commits: 4}
        - {id: "2", type: PushEvent, repo_id: 1, commits: 1}
        - {id: "3", type: WatchEvent, repo_id: 2}
      gold.repos: [{id: 1, name: ada/engine}, {id: 2, name: bob/loom}]
    expect:
      - {rank: 1, repo_id: 2, name: bob/loom, stars: 1, pushes: 0, commits: 0, events: 1}
      - {rank: 2, repo_id: 1, name: ada/engine, stars: 0, pushes: 2, commits: 5, events: 2}
--- */
WITH activity AS (
    SELECT
        repo_id,
        count(*) FILTER (type = 'WatchEvent') AS stars,
        count(*) FILTER (type = 'ForkEvent') AS forks,
        count(*) FILTER (type = 'PushEvent') AS pushes,
        coalesce(sum(commits), 0)::BIGINT AS commits,
        count(*) FILTER (type = 'PullRequestEvent') AS pull_requests,
        count(*) FILTER (type = 'IssuesEvent') AS issues,
        count(*) FILTER (type = 'IssueCommentEvent') AS comments,
        count(*) AS events
    FROM silver.events
    GROUP BY repo_id
),

top AS (
    SELECT *
    FROM activity
    ORDER BY stars DESC, pushes DESC, events DESC, repo_id
    LIMIT 100
)

SELECT
    row_number() OVER (ORDER BY top.stars DESC, top.pushes DESC, top.events DESC, top.repo_id) AS rank,
    top.repo_id,
    repos.name,
    top.stars,
    top.forks,
    top.pushes,
    top.commits,
    top.pull_requests,
    top.issues,
    top.comments,
    top.events
FROM top
INNER JOIN gold.repos AS repos ON top.repo_id = repos.id
