#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include "datagen/datagen.hpp"
#include "datagen/gharchive_payload_internal.hpp"
#include "datagen/output_file_internal.hpp"

namespace ingot::datagen {

namespace {

constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
constexpr std::uint32_t kEventsPerHour = 2'000;
constexpr std::uint32_t kScaleMax = 40'000;
constexpr std::int64_t kFirstHour = 359'400;  ///< 2011-01-01, before GH Archive's first file.
constexpr std::uint64_t kIdsPerHour = 100'000;

/// How often a kind occurs (measured shares, in 1/10,000), how often it happens to a repository of
/// an organization, and, if not, how often to one of the actor's own (in 1/1000).
struct KindShare {
    EventKind kind;
    std::string_view name;
    std::uint32_t share;
    std::uint32_t organization;
    std::uint32_t own;
};
constexpr std::array<KindShare, 14> kKinds = {{
    {EventKind::kPush, "PushEvent", 5766, 270, 960},
    {EventKind::kCreate, "CreateEvent", 1123, 119, 1000},
    {EventKind::kWatch, "WatchEvent", 985, 348, 10},
    {EventKind::kIssueComment, "IssueCommentEvent", 627, 593, 400},
    {EventKind::kIssues, "IssuesEvent", 376, 400, 600},
    {EventKind::kPullRequest, "PullRequestEvent", 369, 509, 500},
    {EventKind::kFork, "ForkEvent", 308, 417, 20},
    {EventKind::kDelete, "DeleteEvent", 158, 250, 1000},
    {EventKind::kGollum, "GollumEvent", 86, 281, 900},
    {EventKind::kReviewComment, "PullRequestReviewCommentEvent", 84, 855, 300},
    {EventKind::kRelease, "ReleaseEvent", 51, 455, 1000},
    {EventKind::kCommitComment, "CommitCommentEvent", 42, 414, 500},
    {EventKind::kMember, "MemberEvent", 18, 67, 1000},
    {EventKind::kPublic, "PublicEvent", 7, 247, 1000},
}};

const KindShare& pick_kind(Random& random) {
    std::uint32_t at = random.below(10'000);
    for (const KindShare& kind : kKinds) {
        if (at < kind.share) return kind;
        at -= kind.share;
    }
    return kKinds.front();
}

struct Repo {
    Repository repository;
    bool of_organization;
};

Repo pick_repository(const World& world, const KindShare& kind, std::uint32_t actor,
                     std::int64_t hour, Random& random) {
    if (random.chance(kind.organization)) {
        const std::uint32_t index = random.skewed(world.organizations());
        return {world.repository(world.organization(index, hour), index, random.skewed(16), hour),
                true};
    }
    const std::uint32_t owner = random.chance(kind.own) ? actor : random.skewed(world.people());
    return {world.repository(world.person(owner, hour), owner, random.skewed(4), hour), false};
}

void append_actor(std::string& out, const Account& who, std::string_view folder) {
    append(out, R"({"id":)", who.id, R"(,"login":")", who.login, R"(","gravatar_id":)",
           who.null_gravatar ? "null" : "\"\"", R"(,"url":"https://api.github.com/)", folder,
           who.login, R"(","avatar_url":"https://avatars.githubusercontent.com/u/)", who.id,
           R"(?"})");
}

void append_event(std::string& out, const World& world, std::uint64_t id, std::int64_t second,
                  std::int64_t hour, Random& random) {
    const KindShare& kind = pick_kind(random);
    const std::uint32_t actor_index = random.skewed(world.people());
    const Account actor = world.person(actor_index, hour);
    const Repo repo = pick_repository(world, kind, actor_index, hour, random);
    append(out, R"({"id":")", id, R"(","type":")", kind.name, R"(","actor":)");
    append_actor(out, actor, "users/");
    append(out, R"(,"repo":{"id":)", repo.repository.id, R"(,"name":")", repo.repository.full_name,
           R"(","url":"https://api.github.com/repos/)", repo.repository.full_name,
           R"("},"payload":)");
    append_payload(out, kind.kind, {world, actor, repo.repository, second, hour}, random);
    append(out, R"(,"public":true,"created_at":")");
    append_instant(out, second);
    out.push_back('"');
    if (repo.of_organization) {
        append(out, R"(,"org":)");
        append_actor(out, repo.repository.owner, "orgs/");
    }
    append(out, "}\n");
}

void append_bad_record(std::string& out, Random& random) {
    switch (random.below(4)) {
        case 0:
            append(out, R"({"id":"1","type":"PushEvent","actor":{"id":5,"lo)", "\n");
            return;
        case 1:
            append(out, "<html><body>502 Bad Gateway</body></html>\n");
            return;
        case 2:
            append(out, R"({"type":"PushEvent","public":true,"created_at":"2015-01-01T00:00:00Z"})",
                   "\n");
            return;
        default:
            append(out, R"({"created_at":"2012-04-11T15:01:38-07:00","actor":"ada",)",
                   R"("repository":{"name":"engine"},"type":"WatchEvent"})", "\n");
    }
}

Status check(const GharchiveRequest& request) {
    if (request.start.micros() % kMicrosPerHour != 0) {
        return make_error(ErrorCode::kInvalidArgument, "the start {} is not a whole hour",
                          request.start.to_string());
    }
    if (request.start.micros() / kMicrosPerHour < kFirstHour) {
        return make_error(ErrorCode::kInvalidArgument, "the start {} is before 2011-01-01",
                          request.start.to_string());
    }
    if (request.hours < 1)
        return make_error(ErrorCode::kInvalidArgument, "at least one hour, not {}", request.hours);
    if (request.scale_permille < 1 || request.scale_permille > kScaleMax) {
        return make_error(ErrorCode::kInvalidArgument, "the scale is 0.001 to 40, not {}.{:03}",
                          request.scale_permille / 1000, request.scale_permille % 1000);
    }
    if (request.out.empty()) return make_error(ErrorCode::kInvalidArgument, "no output folder");
    return {};
}

/// `2015-01-01-5.json.gz`: the hour has no leading zero.
std::string file_name(std::int64_t hour) {
    std::string name;
    append_day(name, hour * 3600);
    append(name, "-", hour % 24, ".json.gz");
    return name;
}

Result<GeneratedFile> write_hour(const GharchiveRequest& request, std::int64_t hour) {
    const GharchiveHour content =
        gharchive_hour(request, Timestamp::from_micros(hour * kMicrosPerHour));
    INGOT_TRY_ASSIGN(const std::string packed, gzip(content.lines));
    GeneratedFile file;
    file.path = request.out + "/" + file_name(hour);
    file.records = content.records;
    file.raw_bytes = content.lines.size();
    INGOT_TRY_ASSIGN(file.file_bytes, write_file(file.path, packed));
    return file;
}

}  // namespace

GharchiveHour gharchive_hour(const GharchiveRequest& request, Timestamp at) {
    const std::int64_t hour = at.micros() / kMicrosPerHour;
    const World world(request.seed, request.scale_permille);
    Random random(mix(request.seed, static_cast<std::uint64_t>(hour)));
    const auto usual =
        static_cast<std::uint32_t>(std::uint64_t{kEventsPerHour} * request.scale_permille / 1000);
    const std::uint32_t events =
        std::max<std::uint32_t>(1, usual - usual / 5 + random.below(2 * (usual / 5) + 1));
    const auto id_step = static_cast<std::uint32_t>(kIdsPerHour / events);

    GharchiveHour result;
    result.lines.reserve(std::size_t{events} * 2'400);
    std::uint64_t id = static_cast<std::uint64_t>(hour - kFirstHour) * kIdsPerHour;
    const std::uint32_t bad_every =
        request.bad_records == 0 ? 0 : std::max(1U, events / request.bad_records);
    for (std::uint32_t index = 0; index < events; ++index) {
        id += id_step > 1 ? 1 + random.below(id_step - 1) : 1;
        std::int64_t second = std::int64_t{index} * 3600 / events;
        // The feed is not quite in order: now and then an event carries an earlier time.
        if (random.below(600) == 0)
            second = std::max<std::int64_t>(0, second - 1 - random.below(3));
        append_event(result.lines, world, id, hour * 3600 + second, hour, random);
        ++result.records;
        if (bad_every != 0 && index % bad_every == bad_every / 2 &&
            index / bad_every < request.bad_records) {
            append_bad_record(result.lines, random);
            ++result.records;
        }
    }
    return result;
}

Result<DatagenReport> generate_gharchive(const GharchiveRequest& request) {
    INGOT_TRY(check(request));
    INGOT_TRY(make_folder(request.out));
    const std::int64_t first = request.start.micros() / kMicrosPerHour;
    const auto hours = static_cast<std::size_t>(request.hours);

    // Each slot is written by one thread; the threads are joined before anybody reads.
    std::vector<std::optional<Result<GeneratedFile>>> files(hours);
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    const auto work = [&] {
        for (std::size_t index = next++; index < hours && !failed; index = next++) {
            files[index] = write_hour(request, first + static_cast<std::int64_t>(index));
            if (!*files[index]) failed = true;
        }
    };
    const unsigned wanted =
        request.threads != 0 ? request.threads : std::max(1U, std::thread::hardware_concurrency());
    {
        std::vector<std::jthread> threads;
        for (std::size_t extra = 1; extra < std::min<std::size_t>(wanted, hours); ++extra)
            threads.emplace_back(work);
        work();
    }

    DatagenReport report;
    for (auto& file : files) {
        if (!file) continue;
        INGOT_TRY_ASSIGN(report.files.emplace_back(), *std::move(file));
    }
    return report;
}

}  // namespace ingot::datagen
