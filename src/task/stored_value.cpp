#include "task/stored_value.hpp"

#include <fmt/format.h>

#include "base/scalar.hpp"

namespace ingot::task {
namespace {

bool would_round(const DataType& from, const DataType& to) {
    const bool has_decimals = from.id() == TypeId::kFloat || from.id() == TypeId::kDouble ||
                              (from.id() == TypeId::kDecimal && from.scale() > 0);
    const bool is_whole = to.id() == TypeId::kByte || to.id() == TypeId::kShort ||
                          to.id() == TypeId::kInteger || to.id() == TypeId::kLong;
    return has_decimals && is_whole;
}

}  // namespace

std::string stored_value(const std::string& value, const std::string& column, const DataType& from,
                         const DataType& to) {
    const std::string cast = fmt::format("CAST({} AS {})", value, sql_type_name(to));
    if (!would_round(from, to)) return cast;
    const std::string advice = fmt::format(" in column {} is no {}: declare it {}, or round it",
                                           column, to.to_string(), from.to_string());
    return fmt::format("CASE WHEN {1} <> {0} THEN error({0} || {2}) ELSE {1} END", value, cast,
                       Scalar::text(advice).to_sql());
}

}  // namespace ingot::task
