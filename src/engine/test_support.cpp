#include <fmt/format.h>

#include "engine/test_support_internal.hpp"

namespace ingot::engine::testing {
namespace {

std::string nested(const Column& column, std::int64_t row) {
    std::string text;
    if (column.type.id() == TypeId::kStruct) {
        for (std::size_t i = 0; i < column.children.size(); ++i) {
            text += (i == 0 ? "" : ", ") + column.type.fields()[i].name + ": " +
                    cell(column.children[i], row);
        }
        return "{" + text + "}";
    }
    const auto [begin, end] = column.list_range(row);
    for (auto at = begin; at < end; ++at) {
        text += (at == begin ? "" : ", ") + cell(column.children[0], at);
    }
    return "[" + text + "]";
}

}  // namespace

std::string cell(const Column& column, std::int64_t row) {
    if (column.is_null(row)) {
        return "null";
    }
    switch (column.type.id()) {
        case TypeId::kBoolean:
            return column.boolean(row) ? "true" : "false";
        case TypeId::kByte:
            return Scalar::integer(column.type, column.value<std::int8_t>(row)).to_string();
        case TypeId::kShort:
            return Scalar::integer(column.type, column.value<std::int16_t>(row)).to_string();
        case TypeId::kInteger:
        case TypeId::kDate:
            return Scalar::integer(column.type, column.value<std::int32_t>(row)).to_string();
        case TypeId::kLong:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            return Scalar::integer(column.type, column.value<std::int64_t>(row)).to_string();
        case TypeId::kFloat:
            return fmt::format("{}", column.value<float>(row));
        case TypeId::kDouble:
            return fmt::format("{}", column.value<double>(row));
        case TypeId::kDecimal:
            return Scalar::decimal(column.type, column.value<Int128>(row)).to_string();
        case TypeId::kString:
        case TypeId::kBinary:
            return std::string(column.text(row));
        default:
            return nested(column, row);
    }
}

std::string rows_of(const ColumnBatch& batch) {
    std::string text;
    for (std::int64_t row = 0; row < batch.rows; ++row) {
        for (std::size_t i = 0; i < batch.columns.size(); ++i) {
            text += (i == 0 ? "" : "|") + cell(batch.columns[i], row);
        }
        text += "\n";
    }
    return text;
}

std::string run(Session& session, const std::string& sql,
                std::map<std::string, Scalar> parameters) {
    const auto result = session.query_all({sql, std::move(parameters)});
    return result ? rows_of(*result) : "ERROR " + result.error().to_string();
}

WriteTarget target_of(std::shared_ptr<storage::ObjectStore> store, const Schema& schema,
                      std::vector<std::string> partition_columns) {
    WriteTarget target;
    target.location = {std::move(store), "t"};
    for (const auto& field : schema.fields) {
        delta::TableColumn column{field, field.name, std::nullopt, std::nullopt};
        for (std::size_t i = 0; i < partition_columns.size(); ++i) {
            if (partition_columns[i] == field.name) {
                column.partition_index = i;
            }
        }
        target.columns.push_back(std::move(column));
    }
    target.partition_columns = std::move(partition_columns);
    target.file_prefix = "w1";
    return target;
}

}  // namespace ingot::engine::testing
