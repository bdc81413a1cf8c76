#pragma once
// Rows of a statement, as a person or another program wants them.
#include <cstdint>
#include <stop_token>
#include <string>

#include "engine/engine.hpp"

namespace ingot::cli {

enum class RowFormat : std::uint8_t { kTable, kCsv, kJson, kArrow, kParquet };

struct RowOutput {
    RowFormat format = RowFormat::kTable;
    std::string file;  ///< Empty: stdout.
    std::int64_t table_rows_max = 200;
};

/// Runs a statement and writes its rows. A file appears whole or not at all; of a link, the file
/// that it leads to. kInvalidArgument: Arrow or Parquet to a terminal, a `file` that is there and
/// is a device, a pipe or a folder.
Status write_rows(engine::Session& session, const std::string& statement, const RowOutput& output,
                  std::stop_token stop);

}  // namespace ingot::cli
