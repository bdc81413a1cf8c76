#pragma once
// The windows of a table and how they stand.
#include <optional>
#include <string>
#include <vector>

#include "project/window.hpp"
#include "task/workspace.hpp"

namespace ingot::server {

inline constexpr std::size_t kTableWindowsMax = 2000;

struct WindowQuestion {
    project::TableName table;
    project::WindowSpec unit;
    std::optional<Timestamp> from = {};  ///< Absent: 240 windows before `to`.
    std::optional<Timestamp> to = {};    ///< Absent: now.
    Timestamp now;
};

struct TableWindow {
    Interval window;
    /// `done`, `empty`, `missing` (nothing was ever loaded for it, or its input was absent),
    /// `stale` (it is there, and a run would make it anew), `open` (it is not over).
    std::string state;
};

/// Oldest first: those that share time with the range. kInvalidArgument: an empty range, or more
/// windows than kTableWindowsMax.
Result<std::vector<TableWindow>> windows_of_table(const task::Workspace& workspace,
                                                  const WindowQuestion& question);

}  // namespace ingot::server
