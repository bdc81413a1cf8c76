#pragma once
// Bound columns by the hash of what they depend on, kept in a file. A cache: damage, other formats
// and a folder that can't be written cost time, never an answer.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::project {

class LineageCache {
public:
    explicit LineageCache(std::string path);  ///< Empty: nothing is read or written.

    std::optional<std::vector<sql::ColumnLineage>> find(const std::string& key);
    void put(const std::string& key, const std::vector<sql::ColumnLineage>& columns);
    /// Writes what was found or put, when it differs from the file.
    Status save();

private:
    std::string path_;
    std::map<std::string, std::string> stored_;  ///< Key -> lines.
    std::map<std::string, std::string> used_;
    bool changed_ = false;
};

}  // namespace ingot::project
