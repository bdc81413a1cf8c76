#include "datagen/gharchive_payload_internal.hpp"

// The objects below have the keys of GitHub's own, in their order: readers that depend on either
// are tested by it.
namespace ingot::datagen {

namespace {

constexpr std::string_view kApi = "https://api.github.com/";
constexpr std::string_view kWeb = "https://github.com/";

constexpr std::array<Quantile, 8> kMessageLength = {
    {{0, 4}, {100, 8}, {250, 15}, {500, 24}, {750, 44}, {900, 80}, {990, 374}, {1000, 8000}}};
constexpr std::array<Quantile, 8> kCommentLength = {
    {{0, 2}, {100, 19}, {250, 49}, {500, 120}, {750, 286}, {900, 651}, {990, 2694}, {1000, 50000}}};
constexpr std::array<Quantile, 7> kIssueLength = {
    {{0, 0}, {250, 55}, {500, 162}, {750, 417}, {900, 915}, {990, 4733}, {1000, 60000}}};
constexpr std::array<Quantile, 6> kCommits = {
    {{0, 0}, {126, 1}, {780, 1}, {900, 2}, {965, 5}, {1000, 300}}};
constexpr std::array<std::string_view, 8> kBranches = {
    "master", "master", "master", "master", "develop", "gh-pages", "feature/login", "fix-ünïcode"};
constexpr std::array<std::string_view, 8> kLanguages = {
    R"("JavaScript")", R"("Python")", R"("Java")", R"("Ruby")",
    R"("C++")",        R"("Go")",     R"("C#")",   "null"};

/// Writes one payload. Holds references only; lives for one event.
class Payload {
public:
    Payload(std::string& out, const EventFacts& facts, Random& random)
        : out_(out), facts_(facts), random_(random), repo_(facts.repository) {}

    void push() {
        const std::uint32_t commits = random_.quantile(kCommits);
        const std::uint32_t distinct = commits == 0 ? 0 : commits - random_.skewed(commits);
        put(R"({"push_id":)", 400'000'000 + random_.below(600'000'000), R"(,"size":)", commits,
            R"(,"distinct_size":)", distinct, R"(,"ref":"refs/heads/)", random_.pick(kBranches),
            R"(","head":")");
        sha();
        put(R"(","before":")");
        sha();
        put(R"(","commits":[)");
        // The feed lists at most 20 commits of a push, whatever its size says.
        for (std::uint32_t index = 0; index < commits && index < 20; ++index) commit(index);
        put("]}");
    }

    void create() {
        const std::uint32_t draw = random_.below(1000);
        const std::string_view type = draw < 532 ? "branch" : draw < 907 ? "repository" : "tag";
        put(R"({"ref":)");
        if (type == "repository") {
            put("null");
        } else if (type == "tag") {
            put("\"v", random_.below(9), ".", random_.below(20), "\"");
        } else {
            put("\"", random_.pick(kBranches), "-", random_.below(500), "\"");
        }
        put(R"(,"ref_type":")", type, R"(","master_branch":"master","description":)");
        description();
        put(R"(,"pusher_type":"user"})");
    }

    void removal() {
        put(R"({"ref":")", random_.pick(kBranches), "-", random_.below(500), R"(","ref_type":")",
            random_.chance(118) ? "tag" : "branch", R"(","pusher_type":"user"})");
    }

    void watch() { put(R"({"action":"started"})"); }
    void publication() { put("{}"); }

    void fork() {
        put(R"({"forkee":)");
        const Repository fork =
            facts_.world.repository(facts_.actor, actor_index(), random_.below(4), facts_.hour);
        repository(fork, true, true);
        put("}");
    }

    void issues() {
        const std::uint32_t draw = random_.below(1000);
        const std::string_view action = draw < 624 ? "opened" : draw < 982 ? "closed" : "reopened";
        put(R"({"action":")", action, R"(","issue":)");
        issue(issue_number(), action == "closed", facts_.actor, true);
        put("}");
    }

    void issue_comment() {
        const std::uint32_t number = issue_number();
        put(R"({"action":"created","issue":)");
        issue(number, random_.chance(250), somebody(), false);
        const std::uint32_t id = comment_id();
        put(R"(,"comment":{"url":")", kApi, "repos/", repo_.full_name, "/issues/comments/", id,
            R"(","html_url":")", kWeb, repo_.full_name, "/issues/", number, "#issuecomment-", id,
            R"(","issue_url":")", kApi, "repos/", repo_.full_name, "/issues/", number, R"(","id":)",
            id, R"(,"user":)");
        account(facts_.actor);
        put(R"(,"created_at":)");
        instant(facts_.second);
        put(R"(,"updated_at":)");
        instant(facts_.second);
        put(R"(,"body":")");
        append_prose(out_, random_, random_.quantile(kCommentLength));
        put(R"("}})");
    }

    void pull_request_event() {
        const std::uint32_t draw = random_.below(1000);
        const bool closed = draw < 455;
        const std::uint32_t number = issue_number();
        put(R"({"action":")",
            closed       ? "closed"
            : draw < 992 ? "opened"
                         : "reopened",
            R"(","number":)", number, R"(,"pull_request":)");
        pull_request(number, closed, true);
        put("}");
    }

    void review_comment() {
        const std::uint32_t number = issue_number();
        const std::uint32_t id = comment_id();
        put(R"({"action":"created","comment":{"url":")", kApi, "repos/", repo_.full_name,
            "/pulls/comments/", id, R"(","id":)", id, R"(,"diff_hunk":"@@ -7,3 +7,6 @@\n )");
        append_prose(out_, random_, 100 + random_.below(1200));
        put(R"(","path":"src/)", word(random_.next()), R"(.cpp","position":)", random_.below(90),
            R"(,"original_position":)", random_.below(90), R"(,"commit_id":")");
        sha();
        put(R"(","original_commit_id":")");
        sha();
        put(R"(","user":)");
        account(facts_.actor);
        put(R"(,"body":")");
        append_prose(out_, random_, random_.quantile(kCommentLength) / 2);
        put(R"(","created_at":)");
        instant(facts_.second);
        put(R"(,"updated_at":)");
        instant(facts_.second);
        put(R"(,"html_url":")", kWeb, repo_.full_name, "/pull/", number, "#discussion_r", id,
            R"(","pull_request_url":")", kApi, "repos/", repo_.full_name, "/pulls/", number,
            R"("},"pull_request":)");
        pull_request(number, false, false);
        put("}");
    }

    void commit_comment() {
        const std::uint32_t id = comment_id();
        put(R"({"comment":{"url":")", kApi, "repos/", repo_.full_name, "/comments/", id,
            R"(","html_url":")", kWeb, repo_.full_name, "/commit/", id, R"(","id":)", id,
            R"(,"user":)");
        account(facts_.actor);
        const bool on_line = random_.chance(500);
        put(on_line ? R"(,"position":3,"line":14,"path":"README.md","commit_id":")"
                    : R"(,"position":null,"line":null,"path":"","commit_id":")");
        sha();
        put(R"(","created_at":)");
        instant(facts_.second);
        put(R"(,"updated_at":)");
        instant(facts_.second);
        put(R"(,"body":")");
        append_prose(out_, random_, random_.quantile(kCommentLength));
        put(R"("}})");
    }

    void gollum() {
        const std::string_view page = word(random_.next());
        put(R"({"pages":[{"page_name":")", page, R"(","title":")", page,
            R"(","summary":null,"action":")", random_.chance(300) ? "created" : "edited",
            R"(","sha":")");
        sha();
        put(R"(","html_url":")", kWeb, repo_.full_name, "/wiki/", page, R"("}]})");
    }

    void release() {
        const std::uint32_t id = comment_id();
        const std::uint32_t minor = random_.below(30);
        put(R"({"action":"published","release":{"url":")", kApi, "repos/", repo_.full_name,
            "/releases/", id, R"(","assets_url":")", kApi, "repos/", repo_.full_name, "/releases/",
            id, R"(/assets","upload_url":")", "https://uploads.github.com/repos/", repo_.full_name,
            "/releases/", id, R"(/assets{?name}","html_url":")", kWeb, repo_.full_name,
            "/releases/tag/v1.", minor, R"(","id":)", id, R"(,"tag_name":"v1.)", minor,
            R"(","target_commitish":"master","name":)");
        if (random_.chance(20)) {
            put("null");
        } else {
            put("\"v1.", minor, "\"");
        }
        put(R"(,"draft":false,"author":)");
        account(facts_.actor);
        put(R"(,"prerelease":)", random_.chance(100) ? "true" : "false", R"(,"created_at":)");
        instant(facts_.second - 600);
        put(R"(,"published_at":)");
        instant(facts_.second);
        put(R"(,"assets":[],"tarball_url":")", kApi, "repos/", repo_.full_name, "/tarball/v1.",
            minor, R"(","zipball_url":")", kApi, "repos/", repo_.full_name, "/zipball/v1.", minor,
            R"(","body":")");
        append_prose(out_, random_, random_.quantile(kIssueLength));
        put(R"("}})");
    }

    void member() {
        put(R"({"member":)");
        account(somebody());
        put(R"(,"action":"added"})");
    }

private:
    template <class... Parts>
    void put(const Parts&... parts) {
        append(out_, parts...);
    }
    void sha() { append_sha(out_, random_); }
    void instant(std::int64_t second) {
        put("\"");
        append_instant(out_, second);
        put("\"");
    }

    std::uint32_t actor_index() const {
        return static_cast<std::uint32_t>((facts_.actor.id - 100'000) / 7);
    }
    Account somebody() {
        return facts_.world.person(random_.skewed(facts_.world.people()), facts_.hour);
    }
    std::uint32_t issue_number() { return 1 + random_.skewed(12'000); }
    std::uint32_t comment_id() { return 1'000'000 + random_.below(160'000'000); }

    void description() {
        if (random_.chance(50)) {
            put("null");
            return;
        }
        put("\"");
        append_prose(out_, random_, random_.below(80));
        put("\"");
    }

    void commit(std::uint32_t index) {
        put(index == 0 ? R"({"sha":")" : R"(,{"sha":")");
        std::string sha;
        append_sha(sha, random_);
        put(sha, R"(","author":{"email":")");
        append_sha(out_, random_);
        put("@", word(random_.next()), R"(.example","name":")", word(random_.next()), " ",
            word(random_.next()), R"("},"message":")");
        append_prose(out_, random_, random_.quantile(kMessageLength));
        put(R"(","distinct":)", random_.chance(930) ? "true" : "false", R"(,"url":")", kApi,
            "repos/", repo_.full_name, "/commits/", sha, R"("})");
    }

    void account(const Account& who) {
        const std::string_view login = who.login;
        const auto address = [&](std::string_view key, std::string_view tail) {
            put(",\"", key, "\":\"", kApi, "users/", login, tail, "\"");
        };
        put(R"({"login":")", login, R"(","id":)", who.id,
            R"(,"avatar_url":"https://avatars.githubusercontent.com/u/)", who.id,
            R"(?v=3","gravatar_id":"")");
        address("url", "");
        put(R"(,"html_url":")", kWeb, login, "\"");
        address("followers_url", "/followers");
        address("following_url", "/following{/other_user}");
        address("gists_url", "/gists{/gist_id}");
        address("starred_url", "/starred{/owner}{/repo}");
        address("subscriptions_url", "/subscriptions");
        address("organizations_url", "/orgs");
        address("repos_url", "/repos");
        address("events_url", "/events{/privacy}");
        address("received_events_url", "/received_events");
        put(R"(,"type":")", who.is_organization ? "Organization" : "User",
            R"(","site_admin":false})");
    }

    void repository(const Repository& repo, bool is_fork, bool with_public) {
        put(R"({"id":)", repo.id, R"(,"name":")", repo.name, R"(","full_name":")", repo.full_name,
            R"(","owner":)");
        account(repo.owner);
        put(R"(,"private":false,"html_url":")", kWeb, repo.full_name, R"(","description":)");
        description();
        put(R"(,"fork":)", is_fork ? "true" : "false", R"(,"url":")", kApi, "repos/",
            repo.full_name, "\"");
        constexpr std::array<std::pair<std::string_view, std::string_view>, 35> kAddresses = {
            {{"forks_url", "/forks"},
             {"keys_url", "/keys{/key_id}"},
             {"collaborators_url", "/collaborators{/collaborator}"},
             {"teams_url", "/teams"},
             {"hooks_url", "/hooks"},
             {"issue_events_url", "/issues/events{/number}"},
             {"events_url", "/events"},
             {"assignees_url", "/assignees{/user}"},
             {"branches_url", "/branches{/branch}"},
             {"tags_url", "/tags"},
             {"blobs_url", "/git/blobs{/sha}"},
             {"git_tags_url", "/git/tags{/sha}"},
             {"git_refs_url", "/git/refs{/sha}"},
             {"trees_url", "/git/trees{/sha}"},
             {"statuses_url", "/statuses/{sha}"},
             {"languages_url", "/languages"},
             {"stargazers_url", "/stargazers"},
             {"contributors_url", "/contributors"},
             {"subscribers_url", "/subscribers"},
             {"subscription_url", "/subscription"},
             {"commits_url", "/commits{/sha}"},
             {"git_commits_url", "/git/commits{/sha}"},
             {"comments_url", "/comments{/number}"},
             {"issue_comment_url", "/issues/comments/{number}"},
             {"contents_url", "/contents/{+path}"},
             {"compare_url", "/compare/{base}...{head}"},
             {"merges_url", "/merges"},
             {"archive_url", "/{archive_format}{/ref}"},
             {"downloads_url", "/downloads"},
             {"issues_url", "/issues{/number}"},
             {"pulls_url", "/pulls{/number}"},
             {"milestones_url", "/milestones{/number}"},
             {"notifications_url", "/notifications{?since,all,participating}"},
             {"labels_url", "/labels{/name}"},
             {"releases_url", "/releases{/id}"}}};
        for (const auto& [key, tail] : kAddresses) {
            put(",\"", key, "\":\"", kApi, "repos/", repo.full_name, tail, "\"");
        }
        const std::int64_t age = static_cast<std::int64_t>(repo.hash % 70'000'000);
        put(R"(,"created_at":)");
        instant(facts_.second - age);
        put(R"(,"updated_at":)");
        instant(facts_.second - age / 100);
        put(R"(,"pushed_at":)");
        instant(facts_.second - age / 200);
        const std::uint64_t stars = repo.hash % 13 == 0 ? repo.hash % 20'011 : repo.hash % 3;
        const std::uint64_t forks = stars / 7;
        put(R"(,"git_url":"git://github.com/)", repo.full_name,
            R"(.git","ssh_url":"git@github.com:)", repo.full_name, R"(.git","clone_url":")", kWeb,
            repo.full_name, R"(.git","svn_url":")", kWeb, repo.full_name,
            R"(","homepage":null,"size":)", repo.hash % 90'001, R"(,"stargazers_count":)", stars,
            R"(,"watchers_count":)", stars, R"(,"language":)",
            kLanguages[repo.hash % kLanguages.size()],
            R"(,"has_issues":true,"has_downloads":true,"has_wiki":true,"has_pages":false)",
            R"(,"forks_count":)", forks, R"(,"mirror_url":null,"open_issues_count":)", forks / 3,
            R"(,"forks":)", forks, R"(,"open_issues":)", forks / 3, R"(,"watchers":)", stars,
            R"(,"default_branch":"master")", with_public ? R"(,"public":true})" : "}");
    }

    void issue(std::uint32_t number, bool closed, const Account& author, bool may_be_huge) {
        const auto address = [&](std::string_view key, std::string_view tail) {
            put("\"", key, "\":\"", kApi, "repos/", repo_.full_name, "/issues/", number, tail,
                "\",");
        };
        put("{");
        address("url", "");
        address("labels_url", "/labels{/name}");
        address("comments_url", "/comments");
        address("events_url", "/events");
        put(R"("html_url":")", kWeb, repo_.full_name, "/issues/", number, R"(","id":)",
            40'000'000 + repo_.hash % 80'000'000 + number, R"(,"number":)", number,
            R"(,"title":")");
        append_prose(out_, random_, 8 + random_.below(70));
        put(R"(","user":)");
        account(author);
        put(R"(,"labels":[)");
        const std::uint32_t labels = random_.chance(300) ? 1 + random_.below(3) : 0;
        for (std::uint32_t label = 0; label < labels; ++label) {
            const std::string_view name = word(random_.next());
            put(label == 0 ? "" : ",", R"({"url":")", kApi, "repos/", repo_.full_name, "/labels/",
                name, R"(","name":")", name, R"(","color":"fc2929"})");
        }
        put(R"(],"state":")", closed ? "closed" : "open", R"(","locked":false,"assignee":)");
        if (random_.chance(200)) {
            account(somebody());
        } else {
            put("null");
        }
        put(R"(,"milestone":null,"comments":)", random_.skewed(60), R"(,"created_at":)");
        instant(facts_.second - 60 - random_.skewed(9'000'000));
        put(R"(,"updated_at":)");
        instant(facts_.second);
        put(R"(,"closed_at":)");
        if (closed) {
            instant(facts_.second);
        } else {
            put("null");
        }
        if (random_.chance(120)) {
            const std::string base = repo_.full_name;
            put(R"(,"pull_request":{"url":")", kApi, "repos/", base, "/pulls/", number,
                R"(","html_url":")", kWeb, base, "/pull/", number, R"(","diff_url":")", kWeb, base,
                "/pull/", number, R"(.diff","patch_url":")", kWeb, base, "/pull/", number,
                R"(.patch"})");
        }
        put(R"(,"body":)");
        if (random_.chance(10)) {
            put("null}");
            return;
        }
        put("\"");
        const bool huge = may_be_huge && random_.below(900) == 0;
        append_prose(out_, random_,
                     huge ? 60'000 + random_.below(140'000) : random_.quantile(kIssueLength));
        put("\"}");
    }

    void pull_request(std::uint32_t number, bool closed, bool with_counts) {
        const Account author = random_.chance(500) ? facts_.actor : somebody();
        const bool merged = closed && random_.chance(780);
        put(R"({"url":")", kApi, "repos/", repo_.full_name, "/pulls/", number, R"(","id":)",
            20'000'000 + repo_.hash % 35'000'000 + number, ",");
        for (const auto& [key, tail] :
             {std::pair<std::string_view, std::string_view>{"html_url", ""},
              {"diff_url", ".diff"},
              {"patch_url", ".patch"}}) {
            put("\"", key, "\":\"", kWeb, repo_.full_name, "/pull/", number, tail, "\",");
        }
        put(R"("issue_url":")", kApi, "repos/", repo_.full_name, "/issues/", number,
            R"(","number":)", number, R"(,"state":")", closed ? "closed" : "open",
            R"(","locked":false,"title":")");
        append_prose(out_, random_, 8 + random_.below(60));
        put(R"(","user":)");
        account(author);
        put(R"(,"body":)");
        if (random_.chance(60)) {
            put("null");
        } else {
            put("\"");
            append_prose(out_, random_, random_.quantile(kIssueLength));
            put("\"");
        }
        put(R"(,"created_at":)");
        instant(facts_.second - (closed ? 60 + random_.skewed(4'000'000) : 0));
        put(R"(,"updated_at":)");
        instant(facts_.second);
        for (const auto& [key, is_set] :
             {std::pair<std::string_view, bool>{"closed_at", closed}, {"merged_at", merged}}) {
            put(",\"", key, "\":");
            if (is_set) {
                instant(facts_.second);
            } else {
                put("null");
            }
        }
        put(R"(,"merge_commit_sha":")");
        sha();
        std::string head_sha;
        append_sha(head_sha, random_);
        put(R"(","assignee":null,"milestone":null)");
        for (const auto& [key, tail] :
             {std::pair<std::string_view, std::string_view>{"commits_url", "/commits"},
              {"review_comments_url", "/comments"}}) {
            put(",\"", key, "\":\"", kApi, "repos/", repo_.full_name, "/pulls/", number, tail,
                "\"");
        }
        put(R"(,"review_comment_url":")", kApi, "repos/", repo_.full_name,
            R"(/pulls/comments/{number}","comments_url":")", kApi, "repos/", repo_.full_name,
            "/issues/", number, R"(/comments","statuses_url":")", kApi, "repos/", repo_.full_name,
            "/statuses/", head_sha, R"(","head":)");
        // A fork that was deleted since leaves null behind.
        branch(author, head_sha, random_.chance(30));
        put(R"(,"base":)");
        std::string base_sha;
        append_sha(base_sha, random_);
        base(base_sha);
        put(R"(,"_links":{"self":{"href":")", kApi, "repos/", repo_.full_name, "/pulls/", number,
            R"("},"html":{"href":")", kWeb, repo_.full_name, "/pull/", number,
            R"("},"commits":{"href":")", kApi, "repos/", repo_.full_name, "/pulls/", number,
            R"(/commits"}})");
        if (with_counts) {
            put(R"(,"merged":)", merged ? "true" : "false",
                R"(,"mergeable":null,"mergeable_state":"unknown","merged_by":)");
            if (merged) {
                account(facts_.actor);
            } else {
                put("null");
            }
            put(R"(,"comments":)", random_.skewed(40), R"(,"review_comments":)", random_.skewed(30),
                R"(,"commits":)", 1 + random_.skewed(60), R"(,"additions":)",
                random_.skewed(20'000), R"(,"deletions":)", random_.skewed(9'000),
                R"(,"changed_files":)", 1 + random_.skewed(300));
        }
        put("}");
    }

    void branch(const Account& author, std::string_view sha_text, bool deleted) {
        const std::uint32_t number = random_.below(500);
        put(R"({"label":")", author.login, ":patch-", number, R"(","ref":"patch-)", number,
            R"(","sha":")", sha_text, R"(","user":)");
        account(author);
        put(R"(,"repo":)");
        if (deleted) {
            put("null}");
            return;
        }
        Repository fork = facts_.world.repository(
            author, static_cast<std::uint32_t>((author.id - 100'000) / 7), 3, facts_.hour);
        fork.name = repo_.name;
        fork.full_name = author.login + "/" + repo_.name;
        repository(fork, true, false);
        put("}");
    }

    void base(std::string_view sha_text) {
        put(R"({"label":")", repo_.owner.login, R"(:master","ref":"master","sha":")", sha_text,
            R"(","user":)");
        account(repo_.owner);
        put(R"(,"repo":)");
        repository(repo_, false, false);
        put("}");
    }

    std::string& out_;
    const EventFacts& facts_;
    Random& random_;
    const Repository& repo_;
};

}  // namespace

void append_payload(std::string& out, EventKind kind, const EventFacts& facts, Random& random) {
    Payload payload(out, facts, random);
    switch (kind) {
        case EventKind::kPush:
            return payload.push();
        case EventKind::kCreate:
            return payload.create();
        case EventKind::kWatch:
            return payload.watch();
        case EventKind::kIssueComment:
            return payload.issue_comment();
        case EventKind::kIssues:
            return payload.issues();
        case EventKind::kPullRequest:
            return payload.pull_request_event();
        case EventKind::kFork:
            return payload.fork();
        case EventKind::kDelete:
            return payload.removal();
        case EventKind::kGollum:
            return payload.gollum();
        case EventKind::kReviewComment:
            return payload.review_comment();
        case EventKind::kRelease:
            return payload.release();
        case EventKind::kCommitComment:
            return payload.commit_comment();
        case EventKind::kMember:
            return payload.member();
        case EventKind::kPublic:
            return payload.publication();
    }
}

}  // namespace ingot::datagen
