#include "format/csv_shape_internal.hpp"
#include "format/surprises_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {

void SurpriseCollector::add(SchemaSurprise::Kind kind, const Path& path, Shape shape,
                            std::string_view text, const Place& place) {
    Found& found = found_[path];
    if (found.count == 0 || (found.shape.only_nulls() && !shape.only_nulls())) {
        found.first_file = *place.file;
        found.first_line = place.line;
        found.first_text = shortened(text);
    }
    found.kind = kind;
    found.shape.merge(shape);
    ++found.count;
}

void SurpriseCollector::merge(const SurpriseCollector& other) {
    for (const auto& [path, theirs] : other.found_) {
        Found& ours = found_[path];
        if (ours.count == 0 || (ours.shape.only_nulls() && !theirs.shape.only_nulls())) {
            ours.first_file = theirs.first_file;
            ours.first_line = theirs.first_line;
            ours.first_text = theirs.first_text;
        }
        ours.kind = theirs.kind;
        ours.shape.merge(theirs.shape);
        ours.count += theirs.count;
    }
}

namespace {

const ColumnSpec* column_at(const FormatSpec& spec, const std::vector<std::string>& path) {
    for (const ColumnSpec& column : spec.columns) {
        const bool found = column.source.empty() ? path.size() == 1 && path[0] == column.name
                                                 : path == column.source;
        if (found) return &column;
    }
    return nullptr;
}

}  // namespace

std::vector<SchemaSurprise> SurpriseCollector::list(const FormatSpec& spec) const {
    std::vector<SchemaSurprise> result;
    for (const auto& [path, found] : found_) {
        if (found.shape.only_nulls()) continue;
        Shape shape;
        shape.merge(found.shape);
        const ColumnSpec* column = column_at(spec, path);
        if (column != nullptr) shape.include(column->type, column->is_json);
        const bool is_csv = std::holds_alternative<CsvFormat>(spec.kind);
        const InferredType type = is_csv ? csv_type(shape) : shape.type();
        result.push_back({.kind = found.kind,
                          .path = path,
                          .type = type.type,
                          .is_json = type.is_json,
                          .count = found.count,
                          .first_file = found.first_file,
                          .first_line = found.first_line,
                          .first_text = found.first_text});
    }
    return result;
}

}  // namespace ingot::format
