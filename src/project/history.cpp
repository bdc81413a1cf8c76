#include "project/history.hpp"

#include <algorithm>

namespace ingot::project {
namespace {

Result<DataType> time_type(const Model& model, const Schema& selected) {
    if (model.time.empty()) return DataType(TypeId::kTimestamp);
    const Field* time = selected.find(model.time);
    if (time == nullptr) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{}: 'time' names the column '{}', which the SELECT does not have",
                          model.place.to_string(), model.time);
    }
    const TypeId id = time->type.id();
    if (id == TypeId::kDate || id == TypeId::kTimestamp || id == TypeId::kTimestampNtz)
        return time->type;
    return make_error(ErrorCode::kInvalidArgument,
                      "{}: 'time' is a date or a timestamp, and '{}' is of type {}: cast it",
                      model.place.to_string(), model.time, time->type.to_string());
}

Result<DataType> seen_again_type(const Model& model, const Schema& selected, const DataType& time) {
    std::vector<Field> members{{std::string(kSeenAt), time}};
    const auto is_own = [&](const Field* column) {
        return column == selected.find(model.time) ||
               std::any_of(model.key.begin(), model.key.end(),
                           [&](const std::string& name) { return column == selected.find(name); });
    };
    for (const std::string& name : model.order_by) {
        const Field* column = selected.find(name);
        if (column == nullptr) {
            return make_error(
                ErrorCode::kInvalidArgument,
                "{}: 'order_by' names the column '{}', which the SELECT does not have",
                model.place.to_string(), name);
        }
        if (!is_own(column)) members.push_back({column->name, column->type});
    }
    return DataType::array(DataType::structure(std::move(members)));
}

}  // namespace

Result<std::vector<Field>> history_columns(const Model& model, const Schema& selected) {
    for (const std::string_view name : {kValidFrom, kValidTo, kSeenAgain}) {
        if (selected.find(name) == nullptr) continue;
        return make_error(ErrorCode::kInvalidArgument,
                          "{}: the SELECT returns a column '{}', which `kind: scd2` makes: rename "
                          "it",
                          model.place.to_string(), name);
    }
    INGOT_TRY_ASSIGN(const DataType time, time_type(model, selected));
    std::vector<Field> columns{{std::string(kValidFrom), time}, {std::string(kValidTo), time}};
    if (model.time.empty()) return columns;
    INGOT_TRY_ASSIGN(DataType again, seen_again_type(model, selected, time));
    columns.push_back({std::string(kSeenAgain), std::move(again)});
    return columns;
}

bool holds_history(const Model& model, const Schema& stored) {
    const bool by_time = stored.find(kSeenAgain) != nullptr;
    return stored.find(kValidFrom) != nullptr && stored.find(kValidTo) != nullptr &&
           by_time == !model.time.empty();
}

}  // namespace ingot::project
