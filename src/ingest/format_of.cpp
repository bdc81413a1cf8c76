#include "ingest/format_of.hpp"

#include <algorithm>

namespace ingot::ingest {
namespace {

std::vector<std::string> split_path(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t begin = path.starts_with("$.") ? 2 : 0;
    while (begin < path.size()) {
        const std::size_t dot = std::min(path.find('.', begin), path.size());
        if (dot > begin) parts.push_back(path.substr(begin, dot - begin));
        begin = dot + 1;
    }
    return parts;
}

/// Options that the format has and our reader has not.
Status check_csv(const project::CsvFormat& csv, const project::SourcePlace& place) {
    const auto not_yet = [&](std::string_view what) {
        return make_error(ErrorCode::kUnsupported, "{}: not yet: {}", place.to_string(), what);
    };
    if (csv.skip_lines != 0) return not_yet("csv with skip_lines");
    if (!csv.names.empty()) return not_yet("csv with names instead of a header");
    if (csv.encoding != "utf-8") return not_yet("csv in " + csv.encoding);
    const auto nulls = std::count_if(csv.null_values.begin(), csv.null_values.end(),
                                     [](const std::string& text) { return !text.empty(); });
    if (nulls > 1) return not_yet("csv with more than one text for null");
    return {};
}

Result<format::FormatKind> kind_of(const project::Format& from) {
    if (std::holds_alternative<project::NdjsonFormat>(from.kind))
        return format::FormatKind(format::NdjsonFormat{});
    if (const auto* json = std::get_if<project::JsonFormat>(&from.kind)) {
        return format::FormatKind(format::JsonFormat{split_path(json->records)});
    }
    if (const auto* csv = std::get_if<project::CsvFormat>(&from.kind)) {
        format::CsvFormat to;
        to.delimiter = csv->delimiter;
        to.quote = csv->quote;
        to.escape = csv->escape;
        to.header = csv->header;
        to.trim_header = csv->trim_header;
        to.trim_values = csv->trim_values;
        INGOT_TRY(check_csv(*csv, from.place));
        for (const std::string& text : csv->null_values) {
            if (!text.empty()) to.null_text = text;
        }
        return format::FormatKind(std::move(to));
    }
    if (std::holds_alternative<project::ParquetFormat>(from.kind)) {
        if (!from.refuse_when.empty()) {
            return make_error(ErrorCode::kUnsupported, "{}: not yet: parquet with refuse_when",
                              from.place.to_string());
        }
        return format::FormatKind(format::ParquetFormat{});
    }
    if (std::holds_alternative<project::ArrowFormat>(from.kind))
        return format::FormatKind(format::ArrowFormat{});
    return make_error(ErrorCode::kUnsupported, "{}: not yet: the format {}", from.place.to_string(),
                      project::format_name(from));
}

format::UnknownFields unknown_fields_of(project::UnknownFields from) {
    switch (from) {
        case project::UnknownFields::kAdd:
            return format::UnknownFields::kAdd;
        case project::UnknownFields::kIgnore:
            return format::UnknownFields::kIgnore;
        case project::UnknownFields::kReject:
            return format::UnknownFields::kReject;
        case project::UnknownFields::kFail:
            return format::UnknownFields::kFail;
    }
    return format::UnknownFields::kFail;
}

format::BadValue bad_value_of(project::BadInput from) {
    switch (from) {
        case project::BadInput::kReject:
            return format::BadValue::kReject;
        case project::BadInput::kNull:
            return format::BadValue::kNull;
        case project::BadInput::kFail:
            return format::BadValue::kFail;
    }
    return format::BadValue::kFail;
}

/// The decoder knows JSON members of a struct by their metadata.
DataType with_json_members(const DataType& type) {
    if (!type.is_nested()) return type;
    std::vector<Field> fields = type.fields();
    for (Field& field : fields) {
        if (field.type.is_json()) field.metadata[std::string(format::kJsonMetadataKey)] = "true";
        field.type = with_json_members(field.type);
    }
    switch (type.id()) {
        case TypeId::kArray:
            return DataType::array(fields[0].type, fields[0].nullable);
        case TypeId::kMap:
            return DataType::map(fields[0].type, fields[1].type, fields[1].nullable);
        default:
            return DataType::structure(std::move(fields));
    }
}

}  // namespace

format::ColumnSpec column_to_read(const project::ColumnSpec& column) {
    format::ColumnSpec to;
    to.name = column.name;
    to.type = with_json_members(*column.type);
    to.is_json = column.type->is_json();
    return to;
}

Result<format::FormatSpec> format_of(const project::Source& source,
                                     const project::SourceTable& table) {
    const project::Format& from = table.format ? *table.format : source.format;
    format::FormatSpec spec;
    INGOT_TRY_ASSIGN(spec.kind, kind_of(from));
    spec.unknown_fields = unknown_fields_of(from.unknown_fields);
    spec.bad_row =
        from.bad_row == project::BadInput::kFail ? format::BadRow::kFail : format::BadRow::kReject;
    spec.bad_value = bad_value_of(from.bad_value);
    if (source.window) spec.time_zone = source.window->timezone;
    for (const project::RefuseRule& rule : from.refuse_when)
        spec.refuse_when.push_back({split_path(rule.has_field), rule.reason});

    for (const project::ColumnSpec& column : table.columns) {
        if (column.expr || !column.type) continue;
        format::ColumnSpec to = column_to_read(column);
        for (const auto& [field, renamed] : from.rename) {
            if (renamed == column.name) to.source = {field};
        }
        spec.columns.push_back(std::move(to));
    }
    return spec;
}

}  // namespace ingot::ingest
