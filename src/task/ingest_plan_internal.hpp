#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ingest/input.hpp"
#include "publish/progress.hpp"
#include "task/model_task.hpp"

namespace ingot::task {

/// What a source has for one of its tables that the table lacks.
struct IngestWork {
    std::vector<ingest::Input> load;  ///< Found; to be loaded now.
    std::vector<publish::ProgressEntry>
        absent;  ///< Windows newly known to be missing, or that can have no input.
    std::vector<std::string> warnings;
    std::string reason;
    publish::Progress known;    ///< Of the table, before.
    std::int64_t expected = 0;  ///< Windows of this run.
    std::int64_t missing = 0;   ///< Those of them without input, known ones included.
    std::string missing_example;
    bool empty() const { return load.empty() && absent.empty(); }
};

/// Compares what the source offers with the table's progress. Errors: a source that cannot be
/// listed; kNotFound when there is nothing at all to load from.
Result<IngestWork> plan_ingest(const project::Source& source, const project::TableName& table,
                               ingest::InputFinder& finder, const TaskContext& context);

/// Takes in an input that turned out not to be there. Without windows that is an error (kNotFound).
Status note_absent(IngestWork& work, const project::Source& source, const ingest::Input& input,
                   Timestamp run_time);

/// kNotFound: all windows are missing, or more than `missing.allow`. Else a sentence for a warning,
/// or nothing.
Result<std::string> judge_absent(const IngestWork& work, const project::Source& source);

}  // namespace ingot::task
