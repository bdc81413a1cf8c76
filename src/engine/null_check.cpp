#include <algorithm>

#include "engine/null_check_internal.hpp"

namespace ingot::engine {
namespace {

/// Rows that are not null.
duckdb::SelectionVector present_rows(const duckdb::Vector& vector, duckdb::idx_t count,
                                     duckdb::idx_t& present) {
    duckdb::SelectionVector rows(std::max<duckdb::idx_t>(count, 1));
    present = 0;
    for (duckdb::idx_t row = 0; row < count; ++row) {
        if (!duckdb::FlatVector::IsNull(vector, row)) {
            rows.set_index(present++, row);
        }
    }
    return rows;
}

std::optional<std::string> check_members(const Field& field, duckdb::Vector& vector,
                                         duckdb::idx_t count) {
    duckdb::idx_t present = 0;
    const auto rows = present_rows(vector, count, present);
    const auto& members = field.type.fields();
    for (std::size_t i = 0; i < members.size(); ++i) {
        duckdb::Vector values(*duckdb::StructVector::GetEntries(vector)[i], rows, present);
        if (auto problem = find_forbidden_null(members[i], values, present)) {
            return field.name + "." + *problem;
        }
    }
    return std::nullopt;
}

/// Maps are lists of key and value.
std::optional<std::string> check_elements(const Field& field, duckdb::Vector& vector,
                                          duckdb::idx_t count) {
    duckdb::idx_t present = 0;
    const auto rows = present_rows(vector, count, present);
    const auto* entries = duckdb::ListVector::GetData(vector);
    std::vector<duckdb::sel_t> positions;
    for (duckdb::idx_t i = 0; i < present; ++i) {
        const auto& entry = entries[rows.get_index(i)];
        for (duckdb::idx_t k = 0; k < entry.length; ++k) {
            positions.push_back(static_cast<duckdb::sel_t>(entry.offset + k));
        }
    }
    if (positions.empty()) {
        return std::nullopt;
    }
    const duckdb::SelectionVector selected(positions.data());
    duckdb::Vector elements(duckdb::ListVector::GetEntry(vector), selected, positions.size());
    const auto& parts = field.type.fields();
    const auto element = field.type.id() == TypeId::kMap
                             ? Field{"entry", DataType::structure(parts), true, {}}
                             : parts[0];
    if (auto problem = find_forbidden_null(element, elements, positions.size())) {
        return field.name + "." + *problem;
    }
    return std::nullopt;
}

}  // namespace

bool forbids_nulls(const Field& field) {
    // The key of a map is never null in the engine.
    const auto& parts = field.type.fields();
    const auto first = field.type.id() == TypeId::kMap ? std::size_t{1} : std::size_t{0};
    return !field.nullable ||
           std::any_of(parts.begin() + static_cast<std::ptrdiff_t>(std::min(first, parts.size())),
                       parts.end(), forbids_nulls);
}

std::optional<std::string> find_forbidden_null(const Field& field, duckdb::Vector& vector,
                                               duckdb::idx_t count) {
    if (!forbids_nulls(field)) {
        return std::nullopt;
    }
    if (!field.nullable && duckdb::VectorOperations::HasNull(vector, count)) {
        return field.name;
    }
    if (!field.type.is_nested()) {
        return std::nullopt;
    }
    vector.Flatten(count);
    return field.type.id() == TypeId::kStruct ? check_members(field, vector, count)
                                              : check_elements(field, vector, count);
}

}  // namespace ingot::engine
