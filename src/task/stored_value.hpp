#pragma once
// Values that come with types of their own (Parquet, Arrow), as the declared type stores them.
#include <string>

#include "base/data_type.hpp"

namespace ingot::task {

/// SQL that casts `value`, an expression of type `from` in `column`. A cast to whole numbers ends
/// the query with advice where it would round; SQL does that without a word.
std::string stored_value(const std::string& value, const std::string& column, const DataType& from,
                         const DataType& to);

}  // namespace ingot::task
