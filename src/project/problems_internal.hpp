#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "project/project.hpp"

namespace ingot::project {

/// Collects what is wrong while reading goes on. Not thread-safe: one per file, merged later.
class Problems {
public:
    void add(SourcePlace place, std::string message) {
        list_.push_back({std::move(place), std::move(message), ErrorCode::kInvalidArgument});
    }
    void not_yet(SourcePlace place, std::string what) {
        list_.push_back({std::move(place), "not yet: " + what, ErrorCode::kUnsupported});
    }
    void warn(SourcePlace place, std::string message) {
        warnings_.push_back({std::move(place), std::move(message), ErrorCode::kInvalidArgument});
    }
    void merge(Problems other) {
        std::move(other.list_.begin(), other.list_.end(), std::back_inserter(list_));
        std::move(other.warnings_.begin(), other.warnings_.end(), std::back_inserter(warnings_));
    }
    std::size_t count() const { return list_.size(); }
    bool empty() const { return list_.empty(); }
    const std::vector<Problem>& list() const { return list_; }
    const std::vector<Problem>& warnings() const { return warnings_; }

private:
    std::vector<Problem> list_;
    std::vector<Problem> warnings_;
};

/// "a", "a or b", "a, b or c".
std::string one_of_list(const std::vector<std::string>& names);

}  // namespace ingot::project
