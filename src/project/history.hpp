#pragma once
// The columns by which `kind: scd2` tells the versions of a key apart.
#include <string_view>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"
#include "project/model.hpp"

namespace ingot::project {

/// A version holds in [valid_from, valid_to); `valid_to` of the current one is null.
inline constexpr std::string_view kValidFrom = "valid_from";
inline constexpr std::string_view kValidTo = "valid_to";
/// With `time`: when the same values were seen again, each with its `order_by`. A row that comes
/// late may lie between two of them and cuts the version there.
inline constexpr std::string_view kSeenAgain = "_seen_again";
inline constexpr std::string_view kSeenAt = "_at";

/// The columns that stand behind those of a model's SELECT, of the type of its `time`, or else
/// timestamps. kInvalidArgument with the model's place when the SELECT lacks `time` or `order_by`,
/// `time` is no date or timestamp, or a column has one of the names above.
Result<std::vector<Field>> history_columns(const Model& model, const Schema& selected);

/// Whether a stored table has the columns that tell the versions of this model apart.
bool holds_history(const Model& model, const Schema& stored);

}  // namespace ingot::project
