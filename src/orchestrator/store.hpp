#pragma once
// Where runs are kept: their definitions and events, and who may write them. Losing it loses the
// history of runs and what interrupted ones had done; tables know themselves what is done.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/run_status.hpp"

namespace ingot::orchestrator {

/// The right to write a run's events. Whoever takes a run over gets a greater one, and those before
/// are refused.
using Fence = StrongType<struct FenceTag, std::int64_t>;

/// A run as lists show it.
struct RunHead {
    RunId id;
    std::string pipeline;
    std::optional<Interval> window = {};
    RunOrigin origin = {};
    RunState state = RunState::kQueued;
    Timestamp queued_at;
    std::optional<Timestamp> started_at = {};
    std::optional<Timestamp> ended_at = {};
    std::string note = {};  ///< What somebody said about it.
    friend bool operator==(const RunHead&, const RunHead&) = default;
};
RunHead head_of(const RunStatus& run);

struct StoredRun {
    RunHead head;
    std::shared_ptr<const RunSpec> spec;
    std::vector<Event> events;  ///< In their order.
};

struct RunFilter {
    std::string pipeline = {};  ///< Empty: all.
    std::string id_prefix = {};
    std::string backfill = {};
    std::optional<Interval> window = {};  ///< Only runs of exactly this one.
    std::optional<RunState> state = {};
    bool unfinished = false;           ///< Only those that have not ended.
    std::optional<RunId> before = {};  ///< Only older ones: the last of the page before.
    std::size_t at_most = 50;
};

/// What is kept beside runs and changes together with them: where a schedule is, a backfill. Its
/// owner alone knows what the body means.
struct Record {
    std::string kind;
    std::string name;
    std::optional<std::string> body;  ///< Nothing: it is removed.
    friend bool operator==(const Record&, const Record&) = default;
};

/// What one step changed.
struct Batch {
    struct Written {
        RunHead head;  ///< As it is after the events.
        Fence fence;   ///< Of the writer; a new run is written with kFirstFence.
    };
    std::vector<Written> runs;  ///< Every run that `events` are about, once.
    std::vector<Event> events;  ///< In their order.
    std::vector<Record> records = {};
    std::optional<Fence> server = {};  ///< Of the server that writes; none: it is no server.
};
inline constexpr Fence kFirstFence{1};

/// What every store keeps to; store_test.cpp says it as tests. One thread at a time; several
/// processes at once.
class Store {
public:
    virtual ~Store() = default;

    /// All or nothing, and on the disk when it returns. kCommitConflict: a run was taken over, or
    /// the place of the server; kAlreadyExists: a queued run is there already.
    virtual Status append(const Batch& batch) = 0;
    /// From now on only the returned fences may write the runs: of each one, in their order. All or
    /// nothing. kNotFound: no such run.
    virtual Result<std::vector<Fence>> take_over(const std::vector<RunId>& runs) = 0;
    Result<Fence> take_over(const RunId& run);
    /// From now on only the returned fence may write as the server.
    virtual Result<Fence> take_over_server() = 0;
    /// Of one kind, by name.
    virtual Result<std::map<std::string, std::string>> records(std::string_view kind) = 0;
    /// A copy as of now in a new file, while others write. kAlreadyExists: the file is there.
    virtual Status back_up(const std::string& path) = 0;
    /// Newest first.
    virtual Result<std::vector<RunHead>> list(const RunFilter& filter) = 0;
    /// kNotFound: no such run. kCorruptData: written by a newer version, or damaged.
    virtual Result<StoredRun> load(const RunId& run) = 0;
};

}  // namespace ingot::orchestrator
