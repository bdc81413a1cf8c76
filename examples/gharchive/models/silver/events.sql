/* ---
description: >
  Every event once, flat and typed. The payload is parsed here, once; the views of this folder
  (push_events, issue_events, ...) only choose the columns that one kind of event has.
kind: incremental
key: [id]
time: created_at
partition: [event_date]
reject:
  - {reason: NO_PULL_REQUEST, when: "type = 'PullRequestEvent' and pull_request_id is null"}
  - {reason: NO_PUSH_ID, when: "type = 'PushEvent' and push_id is null"}
duplicates: {keep: "created_at desc", others: reject, reason: DUPLICATE_ID}
columns:
  id: {type: varchar, description: "Identifier of the event, decimal digits", checks: [not_null, {regex: "^[0-9]+$"}]}
  type:
    type: varchar
    description: Kind of the event
    checks:
      - not_null
      - on_fail: warn
        accepted: [PushEvent, CreateEvent, DeleteEvent, WatchEvent, ForkEvent, IssuesEvent, IssueCommentEvent, PullRequestEvent,
                   PullRequestReviewEvent, PullRequestReviewCommentEvent, CommitCommentEvent, GollumEvent, MemberEvent, PublicEvent,
                   ReleaseEvent, SponsorshipEvent]
  created_at: {type: timestamptz, checks: [not_null]}
  event_date: {type: date, description: "UTC day of created_at", checks: [not_null]}
  public: {type: boolean}
  actor_id: {type: bigint, checks: [not_null]}
  actor_login: {type: varchar, checks: [not_null]}
  actor_gravatar_id: {type: varchar}
  actor_avatar_url: {type: varchar}
  actor_url: {type: varchar}
  repo_id: {type: bigint, checks: [not_null]}
  repo_name: {type: varchar, checks: [not_null]}
  repo_url: {type: varchar}
  org_id: {type: bigint, description: "Null for personal repositories"}
  org_login: {type: varchar}
  org_gravatar_id: {type: varchar}
  org_avatar_url: {type: varchar}
  org_url: {type: varchar}
  action: {type: varchar, description: "What happened: opened, closed, created, started, published, added, ..."}
  number: {type: bigint, description: Number of the issue or pull request inside its repository}
  title: {type: varchar, description: Title of the issue or pull request}
  push_id: {type: bigint}
  commits: {type: bigint, description: "Commits of a push, of which the payload lists at most 20", checks: [{range: [0, 1000000]}]}
  distinct_commits: {type: bigint}
  ref: {type: varchar, description: "Branch or tag of a push, creation or deletion"}
  ref_type: {type: varchar, description: "branch, tag or repository"}
  head_sha: {type: varchar}
  pull_request_id: {type: bigint}
  merged: {type: boolean}
  additions: {type: bigint}
  deletions: {type: bigint}
  changed_files: {type: bigint}
  comment_id: {type: bigint}
  forkee_id: {type: bigint}
  forkee_name: {type: varchar}
  release_tag: {type: varchar}
  member_id: {type: bigint}
  member_login: {type: varchar}
checks:
  - {unique: [id]}
tests:
  - name: a push carries its commits and no issue
    window: 2015-01-01T15..2015-01-01T16
    given:
      bronze.events:
        - id: "1"
          type: PushEvent
          created_at: 2015-01-01T15:00:08Z
          event_date: 2015-01-01
          public: true
          actor: {id: 7, login: ada, gravatar_id: "", avatar_url: "https://avatars.example/7", url: "https://api.example/users/ada"}
          repo: {id: 9, name: ada/engine, url: "https://api.example/repos/ada/engine"}
          payload: '{"push_id": 5, "size": 2, "distinct_size": 1, "ref": "refs/heads/main", "head": "bb", "before": "aa", "commits": []}'
    expect:
      - {id: "1", actor_id: 7, actor_login: ada, repo_name: ada/engine, org_id: null, push_id: 5, commits: 2, distinct_commits: 1,
         ref: refs/heads/main, head_sha: bb, number: null}
  - name: the number of an issue comment is that of its issue
    window: 2015-01-01T15..2015-01-01T16
    given:
      bronze.events:
        - id: "2"
          type: IssueCommentEvent
          created_at: 2015-01-01T15:00:09Z
          event_date: 2015-01-01
          actor: {id: 7, login: ada}
          repo: {id: 9, name: ada/engine}
          org: {id: 3, login: engines}
          payload: '{"action": "created", "issue": {"number": 12, "title": "Smoke"}, "comment": {"id": 77}}'
    expect: [{id: "2", org_id: 3, action: created, number: 12, title: Smoke, comment_id: 77, commits: null}]
--- */
SELECT
    id,
    type,
    created_at,
    event_date,
    public,
    actor.id AS actor_id,
    actor.login AS actor_login,
    actor.gravatar_id AS actor_gravatar_id,
    actor.avatar_url AS actor_avatar_url,
    actor.url AS actor_url,
    repo.id AS repo_id,
    repo.name AS repo_name,
    repo.url AS repo_url,
    org.id AS org_id,
    org.login AS org_login,
    org.gravatar_id AS org_gravatar_id,
    org.avatar_url AS org_avatar_url,
    org.url AS org_url,
    detail.action AS action,
    coalesce(detail.number, detail.issue.number, detail.pull_request.number) AS number,
    coalesce(detail.issue.title, detail.pull_request.title) AS title,
    detail.push_id AS push_id,
    detail.size AS commits,
    detail.distinct_size AS distinct_commits,
    detail.ref AS ref,
    detail.ref_type AS ref_type,
    detail.head AS head_sha,
    detail.pull_request.id AS pull_request_id,
    detail.pull_request.merged AS merged,
    detail.pull_request.additions AS additions,
    detail.pull_request.deletions AS deletions,
    detail.pull_request.changed_files AS changed_files,
    detail.comment.id AS comment_id,
    detail.forkee.id AS forkee_id,
    detail.forkee.full_name AS forkee_name,
    detail.release.tag_name AS release_tag,
    detail.member.id AS member_id,
    detail.member.login AS member_login
FROM (
    SELECT
        *,
        from_json(payload, '{
            "action": "VARCHAR", "number": "BIGINT",
            "push_id": "BIGINT", "size": "BIGINT", "distinct_size": "BIGINT",
            "ref": "VARCHAR", "ref_type": "VARCHAR", "head": "VARCHAR",
            "issue": {"number": "BIGINT", "title": "VARCHAR"},
            "pull_request": {"id": "BIGINT", "number": "BIGINT", "title": "VARCHAR", "merged": "BOOLEAN",
                             "additions": "BIGINT", "deletions": "BIGINT", "changed_files": "BIGINT"},
            "comment": {"id": "BIGINT"},
            "forkee": {"id": "BIGINT", "full_name": "VARCHAR"},
            "release": {"tag_name": "VARCHAR"},
            "member": {"id": "BIGINT", "login": "VARCHAR"}}') AS detail
    FROM bronze.events
    WHERE created_at >= $window.start AND created_at < $window.end
)
