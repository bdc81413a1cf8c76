#pragma once
#include "publish/publish.hpp"
#include "task/model_task.hpp"

namespace ingot::task {

/// What is checked before a table's rows are published.
struct AuditedTable {
    project::TableName table;
    std::vector<project::Check> checks;
    const project::Model* model = nullptr;               ///< Null for a table of a source.
    const project::SourceTable* source_table = nullptr;  ///< Null for a model.
    ParameterValues parameters;
    std::vector<std::string> sample_columns;
    bool allow_empty = false;
    bool replaces_table = true;  ///< The rows are the whole table: comparable with those before.
};

/// An audit that runs the table's checks on the staged rows, adds the results to `report` and lets
/// nothing pass that blocks. `context` and `report` must outlive it.
publish::Audit make_audit(const AuditedTable& table, const TaskContext& context,
                          TableReport& report);

/// The checks of a table against its published version. Adds nothing to the lake.
Result<std::vector<quality::CheckResult>> check_published(const AuditedTable& table,
                                                          const delta::SnapshotPtr& snapshot,
                                                          const TaskContext& context);

/// `requires`: kInvalidArgument with the sentence of the first that does not hold.
Status check_requirements(const project::Model& model, const TaskContext& context);

}  // namespace ingot::task
