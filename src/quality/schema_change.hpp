#pragma once
// Contracts and schema change: decided before anything is staged.
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"
#include "project/model.hpp"

namespace ingot::quality {

struct SchemaRequest {
    std::string table;                              ///< For messages.
    std::span<const project::ColumnSpec> contract;  ///< Declared columns.
    const Schema* previous = nullptr;  ///< Of the published table; null: there is none.
    std::span<const std::string> partition_columns;
    const Schema* produced = nullptr;  ///< What the SELECT returns. Required.
    project::OnSchemaChange policy = project::OnSchemaChange::kFail;
};

struct SchemaDecision {
    enum class Action { kCreate, kNoChange, kAddColumns, kWiden, kRebuild };
    Action action = Action::kNoChange;
    Schema schema;  ///< What to write: previous columns first, in their order, then new ones.
    std::vector<std::string>
        notes;  ///< One sentence per column that changed or is no longer produced.
};

/// Pure. kInvalidArgument names each column that breaks the contract or may not change so, with
/// both types and what to do: one line each. A value of the SELECT may be stored in a wider type;
/// whole numbers may be stored in a narrower one (the write fails on the first value that does not
/// fit); anything else that loses something is refused.
Result<SchemaDecision> decide_schema(const SchemaRequest& request);

}  // namespace ingot::quality
