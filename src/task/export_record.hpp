#pragma once
// What is in a database: its tables, and the table `ingot_exports` in which exports are recorded.
#include "postgres/connection.hpp"

#include "task/export_plan.hpp"

namespace ingot::task {

/// Nothing when there is no such table. kInvalidArgument when it is a view or something else that
/// holds no rows of its own.
Result<std::optional<TargetTable>> read_target(postgres::Connection& connection,
                                               const project::ExportTable& table);

/// Holds the place of the table until the transaction ends, against other exports into it. `waits`
/// is called before it has to wait for one.
Status lock_target(postgres::Connection& connection, const project::ExportTable& table,
                   const std::function<void()>& waits);

/// Makes `ingot_exports` in the schema where it is missing.
Status ensure_records(postgres::Connection& connection, const std::string& schema);
Result<std::optional<ExportRecord>> read_record(postgres::Connection& connection,
                                                const project::ExportTable& table);

struct ExportedRows {
    std::string run;
    std::int64_t rows = 0;
};
Status write_record(postgres::Connection& connection, const project::ExportTable& table,
                    const ExportRecord& record, const ExportedRows& exported);

}  // namespace ingot::task
