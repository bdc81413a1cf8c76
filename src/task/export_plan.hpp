#pragma once
// What an export to a table of PostgreSQL has to do: decided from what is there, before anything is
// written.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "postgres/copy_encoder.hpp"

#include "base/data_type.hpp"
#include "project/pipeline.hpp"

namespace ingot::task {

/// The pinned table of the lake.
struct ExportSource {
    std::string id;  ///< Of the Delta table, which a table that took its place does not have.
    std::int64_t version = 0;
    std::int64_t newest = 0;  ///< In the log now: others go on while it is pinned.
    Schema schema;
};

/// A column that is there, as the database describes it.
struct TargetColumn {
    std::string name;
    std::string type;
    bool required = false;   ///< NOT NULL, and nothing fills it by itself.
    bool generated = false;  ///< Nothing may be written into it.
};
struct TargetTable {
    std::vector<TargetColumn> columns;
    std::vector<std::vector<std::string>> unique;  ///< Columns of its unique indexes.
    std::vector<std::string> indexes;              ///< Names.
    bool has_rows = false;
};

/// What the last export recorded.
struct ExportRecord {
    std::string source;
    std::string source_id;
    std::int64_t version = 0;
    std::string definition;
};

struct ExportColumn {
    std::string source;
    postgres::WireColumn target;
    bool as_json = false;  ///< Structs, arrays and maps travel as JSON.
    bool in_key = false;
    bool is_new = false;   ///< The target does not have it yet.
    bool by_text = false;  ///< The type of the target has no equality.
};

struct ExportPlan {
    enum class Rows : std::uint8_t {
        kNone,     ///< The target has this version.
        kNew,      ///< Those that came since the recorded version.
        kChanged,  ///< Files that were written since, as far as that can be told.
        kAll,
    };
    Rows rows = Rows::kAll;
    std::string reason;  ///< For a person: `the first export`.
    std::vector<ExportColumn> columns;
    std::vector<std::string> before;  ///< Statements.
    bool empties = false;             ///< All rows are deleted first.
    bool staged = false;             ///< By way of a temporary table, from which rows are upserted.
    std::vector<std::string> after;  ///< Statements.
    std::string definition;          ///< To be recorded.
};

/// Decides. `target` is absent when there is no such table, `record` when nothing was exported into
/// it. `again`: whatever is recorded, all rows. kInvalidArgument says all that does not fit;
/// kUnsupported when rows cannot be appended, because some of the recorded ones may be others now.
Result<ExportPlan> plan_export(const project::ExportItem& item, const ExportSource& source,
                               const std::optional<TargetTable>& target,
                               const std::optional<ExportRecord>& record, bool again);

/// `"public"."events"`
std::string quoted(const project::ExportTable& table);
/// Moves the rows of `staged` into the target: one of the same key gives way.
std::string upsert_statement(const project::ExportItem& item, const ExportPlan& plan,
                             const std::string& staged);

}  // namespace ingot::task
