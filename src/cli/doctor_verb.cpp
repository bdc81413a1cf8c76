#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "orchestrator/scheduler.hpp"
#include "orchestrator/sqlite_store.hpp"
#include "service/rebuild.hpp"

#include "base/uuid.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

enum class Health : std::uint8_t { kOk, kWarning, kBad };

struct Finding {
    std::string what;
    Health health = Health::kOk;
    std::string text;
    std::string advice;  ///< What to do; empty when all is well.
};

const char* health_name(Health health) {
    return health == Health::kOk ? "ok" : health == Health::kWarning ? "warning" : "FAILED";
}

constexpr std::uint64_t kLittleMemory = 1ULL << 30;
constexpr Duration kClockSkewMax = std::chrono::minutes(2);

std::uint64_t meminfo(const std::string& key) {
    std::ifstream file("/proc/meminfo");
    std::string name;
    std::uint64_t kib = 0;
    std::string rest;
    while (file >> name >> kib && std::getline(file, rest)) {
        if (name == key + ":") return kib * 1024;
    }
    return 0;
}

/// The limit of the control group; nothing: none.
std::optional<std::uint64_t> group_limit() {
    for (const char* path :
         {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        std::ifstream file(path);
        std::uint64_t limit = 0;
        // Version 1 says "none" with a number near the greatest.
        if (file >> limit && limit < (1ULL << 60)) return limit;
    }
    return std::nullopt;
}

Finding check_memory() {
    const std::uint64_t total = meminfo("MemTotal");
    const std::uint64_t available = meminfo("MemAvailable");
    const std::optional<std::uint64_t> limit = group_limit();
    const std::uint64_t usable = std::min(total, limit.value_or(total));
    Finding finding{
        "memory", Health::kOk,
        fmt::format("{} of {} available{}; {} cores", bytes_text(available), bytes_text(total),
                    limit ? ", limited to " + bytes_text(*limit) : std::string(),
                    std::thread::hardware_concurrency()),
        ""};
    if (usable < kLittleMemory) {
        finding.health = Health::kWarning;
        finding.advice = "set `engine: {memory: ...}` in project.yml to what this machine can give";
    }
    return finding;
}

Finding failed(const char* what, const Error& error, const char* advice) {
    return {what, Health::kBad, error.to_string(), advice};
}

Finding check_engine(Invocation& invocation) {
    const Result<engine::Engine*> engine = invocation.engine();
    if (!engine) {
        return failed("engine", engine.error(),
                      "keep libduckdb.so of this release beside the program");
    }
    return {"engine", Health::kOk, (*engine)->version(), ""};
}

Finding check_project(Invocation& invocation) {
    if (!invocation.has_project()) {
        return {"project", Health::kWarning,
                "there is no project.yml in " + invocation.options().directory,
                "name a project with -C DIR, or begin one with `ingot init DIR`"};
    }
    const Result<project::ProjectPtr> project = invocation.project();
    if (!project) return failed("project", project.error(), "correct the lines that are named");
    return {"project", Health::kOk,
            fmt::format("{}: {} sources, {} models", (*project)->name, (*project)->sources.size(),
                        (*project)->models.size()),
            ""};
}

/// Writes, reads and removes one small object; its time shows how far the clocks are apart.
void check_lake(Invocation& invocation, std::vector<Finding>& findings) {
    const Result<task::Lake> lake = invocation.lake();
    if (!lake) {
        findings.push_back(failed("lake", lake.error(), "check `lake` of project.yml, or --lake"));
        return;
    }
    const auto& store = lake->store();
    const std::string object = "_ingot/doctor/" + uuid_v4();
    const Timestamp now = system_clock().now();
    const Status written = store->put(object, "doctor");
    const Result<storage::ObjectInfo> info = store->head(object);
    const Status removed = store->remove(object);
    if (!written) {
        findings.push_back(failed("lake", written.error(),
                                  "make the lake writable for this user, or name another one "
                                  "with --lake; reading works without"));
        return;
    }
    if (!info || !removed) {
        findings.push_back(failed("lake", info ? removed.error() : info.error(),
                                  "what is written there must be readable and removable"));
        return;
    }
    findings.push_back({"lake", Health::kOk, lake->uri() + " is readable and writable", ""});
    const Duration apart = info->modified > now ? info->modified - now : now - info->modified;
    findings.push_back(
        apart > kClockSkewMax
            ? Finding{"lake clock", Health::kWarning,
                      "the lake's clock differs by " + format_duration(apart),
                      "set both clocks by NTP: fsck and freshness checks compare them"}
            : Finding{"lake clock", Health::kOk, "agrees with this machine's", ""});
}

Finding check_clock() {
    // 2024: no machine that runs this program lives before.
    constexpr std::int64_t kEarliestMicros = 1'704'067'200'000'000;
    const Timestamp now = system_clock().now();
    if (now.micros() < kEarliestMicros) {
        return {"clock", Health::kBad, now.to_string() + " is in the past",
                "set the clock: windows are closed by it"};
    }
    if (!is_known_zone("Europe/Paris")) {
        return {"clock", Health::kWarning, "no time zones besides UTC are known",
                "install the package tzdata"};
    }
    return {"clock", Health::kOk, now.to_string(), ""};
}

Result<int> doctor(Invocation& invocation) {
    std::vector<Finding> findings{{"ingot", Health::kOk, INGOT_VERSION, ""},
                                  check_engine(invocation),
                                  check_memory(),
                                  check_clock(),
                                  check_project(invocation)};
    const bool has_lake = !invocation.options().lake.empty() ||
                          (invocation.has_project() && findings.back().health == Health::kOk);
    if (has_lake) check_lake(invocation, findings);
    const bool bad = std::any_of(findings.begin(), findings.end(),
                                 [](const Finding& each) { return each.health == Health::kBad; });
    if (invocation.json()) {
        nlohmann::ordered_json json = nlohmann::ordered_json::array();
        for (const Finding& each : findings) {
            json.push_back({{"what", each.what},
                            {"health", health_name(each.health)},
                            {"text", each.text},
                            {"advice", each.advice}});
        }
        std::printf("%s\n", json.dump(2).c_str());
    } else {
        for (const Finding& each : findings) {
            std::printf("%-8s %-11s %s\n", health_name(each.health), each.what.c_str(),
                        each.text.c_str());
            if (!each.advice.empty()) std::printf("%21s-> %s\n", "", each.advice.c_str());
        }
    }
    return bad ? kExitFailed : kExitOk;
}

// ---- The store of runs

/// A copy that is whole, while whoever works on it works.
Result<int> back_up(Invocation& invocation, const std::string& file) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(const auto store,
                     orchestrator::open_sqlite_store({orchestrator::store_file(*project)}));
    INGOT_TRY(store->back_up(file));
    if (!invocation.quiet()) std::fprintf(stderr, "ok: the store is copied to %s\n", file.c_str());
    return kExitOk;
}

/// Where schedules are, worked out from the tables, for those that the store knows nothing of.
Result<int> rebuild(Invocation& invocation) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    const std::string path = orchestrator::store_file(*project);
    const orchestrator::RunFolder folder(path);
    INGOT_TRY_ASSIGN(const FileLock::Attempt lock, folder.lock_server("ingot doctor --rebuild"));
    if (const auto* held = std::get_if<FileLock::HeldBy>(&lock)) {
        return make_error(ErrorCode::kAlreadyExists,
                          "the store is in the hands of {}: end it first", held->holder);
    }
    INGOT_TRY_ASSIGN(const auto store, orchestrator::open_sqlite_store({path}));
    INGOT_TRY_ASSIGN(const auto known, store->records(orchestrator::kTriggerRecord));
    INGOT_TRY_ASSIGN(const service::DefinitionsPtr definitions,
                     service::make_definitions(project, *engine, system_clock()));
    INGOT_TRY_ASSIGN(const std::vector<service::RebuiltTrigger> rebuilt,
                     service::rebuild_triggers(*definitions, system_clock().now()));
    orchestrator::Batch batch;
    TextTable table({"pipeline", "what counts from now on"});
    for (const service::RebuiltTrigger& each : rebuilt) {
        const bool is_known = known.contains(each.pipeline);
        table.add({each.pipeline, is_known ? "what the store has of it" : each.reason});
        if (is_known) continue;
        batch.records.push_back({std::string(orchestrator::kTriggerRecord), each.pipeline,
                                 orchestrator::trigger_state_to_json(each.state)});
    }
    INGOT_TRY(store->append(batch));
    if (!invocation.quiet()) std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    return kExitOk;
}

}  // namespace

void add_doctor(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("doctor", "Check this machine, the project and the lake");
    auto file = std::make_shared<std::string>();
    auto rebuilds = std::make_shared<bool>(false);
    CLI::Option* const copy =
        verb->add_option("--backup", *file, "Copy the store of runs, while it is in use")
            ->type_name("FILE");
    verb->add_flag("--rebuild", *rebuilds,
                   "After the store was lost: work out from the tables where schedules are, so "
                   "that nothing is done again")
        ->excludes(copy);
    verb->callback([&chosen, file, rebuilds] {
        chosen([file, rebuilds](Invocation& invocation) {
            if (!file->empty()) return back_up(invocation, *file);
            return *rebuilds ? rebuild(invocation) : doctor(invocation);
        });
    });
}

}  // namespace ingot::cli
