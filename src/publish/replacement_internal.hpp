#pragma once
#include <vector>

#include "delta/commit.hpp"
#include "engine/engine.hpp"
#include "publish/input_changes.hpp"
#include "publish/publish.hpp"
#include "publish/staged_files_internal.hpp"

namespace ingot::publish {

struct ReplacementInput {
    const PublishRequest& request;
    const PublishContext& context;
    delta::SnapshotPtr base;  ///< Null: the table is new.
    const engine::WriteResult& incoming;
    const std::vector<delta::TableColumn>& columns;
    const engine::WriteResult* rejected = nullptr;  ///< Rows for the request's quarantine.
    bool names_windows = false;                     ///< The commit says which windows it writes.
};

/// Which files go and which come, given the table as it is now.
struct Replacement {
    delta::SnapshotPtr base;
    delta::FileSelection removed;       ///< Of `base`.
    std::vector<delta::Add> added;      ///< Everything that the commit adds.
    std::vector<delta::Add> rewritten;  ///< Those of `added` that were written here, for this base.
    TimesByColumn removed_times;  ///< Of the rows that go, outside the windows of the request.
    delta::ReadSet reads;
    std::int64_t merged_rows = 0;
};

/// Plans by the request's write mode; rewrites the files that hold both rows that stay and rows
/// that go. What it writes is also put into `files`.
Result<Replacement> plan_replacement(const ReplacementInput& input, StagedFiles& files);

void append_file_actions(delta::CommitRequest& commit, const Replacement& replacement,
                         Clock& clock);

/// Rows that are staged for the quarantine, as a table; null when there are none.
Result<delta::SnapshotPtr> rejected_snapshot(const PublishRequest& request,
                                             const engine::WriteResult& rejected);

/// Where new files of the request's table are written.
engine::WriteTarget table_target(const PublishRequest& request,
                                 const std::vector<delta::TableColumn>& columns);

}  // namespace ingot::publish
