#pragma once
#include <string>

#include "base/data_type.hpp"
#include "publish/publish.hpp"

namespace ingot::publish {

/// The rows of a SELECT, each as a version that begins: with project::history_columns behind.
/// `schema` has these too.
std::string begun_versions(const KeepHistory& mode, const Schema& schema,
                           const std::string& select);

/// Names as they stand after FROM.
struct HistoryInput {
    std::string incoming;  ///< begun_versions
    std::string stored;    ///< Versions of the same keys, all of each; empty: there are none.
    std::string rejected;  ///< Rows as in a quarantine table; empty: none.
};

/// The SELECT of all versions of the keys of both. The history follows from the rows alone, in
/// whatever order and grouping they came, as long as they have a `time`.
std::string history_select(const KeepHistory& mode, const Schema& schema,
                           const HistoryInput& input);

}  // namespace ingot::publish
