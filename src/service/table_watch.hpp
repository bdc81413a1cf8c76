#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "task/workspace.hpp"

namespace ingot::service {

/// A table has a version whose commit changed rows.
struct TableNews {
    project::TableName table;
    delta::TableVersion version;
    std::string table_id;  ///< Delta's; empty: its first commit was cleaned up.
    /// Of the commit, as its writer says; nothing: it does not.
    std::optional<Timestamp> at;
};

/// Notices commits of tables, whoever makes them, by looking at their logs. Not thread-safe.
class TableWatch {
public:
    /// Only these from now on; those that were watched go on from where they were.
    void watch(std::vector<project::TableName> tables);
    /// Commits that changed rows since the last look, the newest of each table; at the first look
    /// at a table its newest one. Maintenance, which changes no rows, is no news. A table that is
    /// not there, or cannot be read now, is looked at again next time.
    std::vector<TableNews> look(const task::Lake& lake);

private:
    struct Seen {
        delta::TableVersion version;
        std::string id;
    };
    std::map<project::TableName, std::optional<Seen>> seen_;
};

}  // namespace ingot::service
