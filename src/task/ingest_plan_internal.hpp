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
    std::int64_t missing = 0;  ///< Windows of this run without input, known ones included.
    bool empty() const { return load.empty() && absent.empty(); }
};

/// Compares what the source offers with the table's progress. Errors: all windows missing, or more
/// than `missing.allow`; a source that cannot be listed; kNotFound when there is nothing at all to
/// load from.
Result<IngestWork> plan_ingest(const project::Source& source, const project::TableName& table,
                               ingest::InputFinder& finder, const TaskContext& context);

}  // namespace ingot::task
