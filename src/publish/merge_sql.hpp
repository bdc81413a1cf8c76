#pragma once
#include <string>

#include "base/data_type.hpp"
#include "publish/publish.hpp"

namespace ingot::publish {

/// One value by which rows of a key are ordered totally: `order_by` (null is least), then all other
/// columns.
std::string row_rank(const std::string& alias, const std::vector<std::string>& key,
                     const std::vector<std::string>& order_by, const Schema& schema);

/// The SELECT of an upsert: the winner of each key among the rows of `incoming` and `stored` (names
/// as in FROM; `stored` may be empty: there is nothing to merge with). The order of arrival does
/// not matter.
std::string merge_select(const UpsertByKey& mode, const Schema& schema, const std::string& incoming,
                         const std::string& stored);

}  // namespace ingot::publish
