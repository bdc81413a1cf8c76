#pragma once
#include <vector>

#include "ingest/input.hpp"
#include "publish/progress.hpp"
#include "task/model_task.hpp"

namespace ingot::task {

struct TableOfSource {
    const project::Source& source;
    const project::SourceTable& table;
};

/// Inputs that are loaded by one commit.
struct IngestPass {
    std::vector<ingest::Input> inputs;           ///< Fetched and found.
    std::vector<publish::ProgressEntry> absent;  ///< Windows without input to record with them.
    bool anew = false;                           ///< Drop the rows that are there.
};

/// Reads the inputs and publishes their rows. On an error nothing has changed. An input that brings
/// nothing but rejected records is an error, whatever the others bring.
Status load_pass(const TableOfSource& of, const IngestPass& pass, const TaskContext& context,
                 TableReport& report);

/// Windows without input, when there is nothing to load. Without a table there is no place to
/// record them.
Status record_absent(const TableOfSource& of, const std::vector<publish::ProgressEntry>& absent,
                     const TaskContext& context);

}  // namespace ingot::task
