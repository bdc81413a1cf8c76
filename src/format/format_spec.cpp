#include "format/format_spec.hpp"

#include <algorithm>
#include <fmt/ranges.h>
#include <strings.h>

#include "base/time.hpp"
#include "format/json_shape_internal.hpp"

namespace ingot::format {
namespace {

bool same_name(const std::string& a, const std::string& b) {
    return ::strcasecmp(a.c_str(), b.c_str()) == 0;
}

Error invalid(std::string message) {
    return make_error(ErrorCode::kInvalidArgument, "{}", message);
}

/// Binary has no text form that the formats agree on; void holds nothing.
Status check_readable(const std::string& name, const DataType& type) {
    if (type.id() == TypeId::kBinary || type.id() == TypeId::kVoid) {
        return make_error(ErrorCode::kUnsupported, "column {}: {} cannot be read from text", name,
                          type.to_string());
    }
    if (type.id() == TypeId::kMap && type.fields()[0].type.is_nested()) {
        return make_error(ErrorCode::kUnsupported, "column {}: a map's key cannot be nested", name);
    }
    for (const Field& field : type.fields()) {
        INGOT_TRY(check_readable(name + "." + field.name, field.type));
    }
    return {};
}

Status check_columns(const FormatSpec& spec) {
    for (auto column = spec.columns.begin(); column != spec.columns.end(); ++column) {
        if (column->name.empty()) return invalid("a column has no name");
        const auto twice = std::find_if(spec.columns.begin(), column, [&](const ColumnSpec& other) {
            return same_name(other.name, column->name);
        });
        if (twice != column) return invalid(fmt::format("column {} stands twice", column->name));
        if (column->is_json && column->type.id() != TypeId::kString) {
            return invalid(fmt::format("column {}: JSON text needs the type string", column->name));
        }
        if (!std::holds_alternative<ArrowFormat>(spec.kind)) {
            INGOT_TRY(check_readable(column->name, column->type));
        }
    }
    return {};
}

Status check_csv(const FormatSpec& spec, const CsvFormat& csv) {
    const auto is_break = [](char c) { return c == '\n' || c == '\r' || c == '\0'; };
    if (csv.delimiter == csv.quote) return invalid("delimiter and quote are the same character");
    if (csv.delimiter == csv.escape) return invalid("delimiter and escape are the same character");
    if (is_break(csv.delimiter) || is_break(csv.quote) || is_break(csv.escape)) {
        return invalid("delimiter, quote and escape cannot be line breaks");
    }
    for (const ColumnSpec& column : spec.columns) {
        if (column.type.is_nested()) {
            return make_error(ErrorCode::kUnsupported, "column {}: CSV holds no {}", column.name,
                              column.type.to_string());
        }
        if (column.source.size() > 1) {
            return invalid(fmt::format("column {}: CSV has no nested fields", column.name));
        }
    }
    return {};
}

}  // namespace

Status validate(const FormatSpec& spec) {
    INGOT_TRY(check_columns(spec));
    if (!is_known_zone(spec.time_zone)) {
        return invalid(fmt::format("unknown time zone {}", spec.time_zone));
    }
    for (const RefuseRule& rule : spec.refuse_when) {
        if (rule.has_field.empty() || rule.reason.empty()) {
            return invalid("a rule that refuses records needs a field and a reason");
        }
    }
    if (const auto* csv = std::get_if<CsvFormat>(&spec.kind)) return check_csv(spec, *csv);
    if (std::holds_alternative<ParquetFormat>(spec.kind)) {
        return make_error(ErrorCode::kUnsupported, "Parquet files are read by the engine");
    }
    return {};
}

namespace {

/// The struct type with the member put in, or nothing when the path does not lead through structs.
std::optional<DataType> with_member(const DataType& type, std::span<const std::string> path,
                                    const InferredType& member) {
    if (type.id() == TypeId::kArray) {
        const auto element = with_member(type.fields()[0].type, path, member);
        if (!element) return std::nullopt;
        return DataType::array(*element);
    }
    if (type.id() != TypeId::kStruct) return std::nullopt;
    std::vector<Field> fields = type.fields();
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
        return same_name(field.name, path.front());
    });
    if (path.size() == 1) {
        if (found == fields.end()) {
            fields.push_back(inferred_field(path.front(), member));
        } else {
            Shape both;
            both.include(found->type, is_json_field(*found));
            both.include(member.type, member.is_json);
            *found = inferred_field(found->name, both.type());
        }
        return DataType::structure(std::move(fields));
    }
    if (found == fields.end()) return std::nullopt;
    const auto below = with_member(found->type, path.subspan(1), member);
    if (!below) return std::nullopt;
    found->type = *below;
    return DataType::structure(std::move(fields));
}

bool reads_from(const ColumnSpec& column, std::span<const std::string> path) {
    const std::span<const std::string> source =
        column.source.empty() ? std::span(&column.name, 1) : std::span(column.source);
    return std::equal(source.begin(), source.end(), path.begin(), path.end());
}

Status take_in(FormatSpec& spec, const SchemaSurprise& surprise) {
    const InferredType type{surprise.type, surprise.is_json};
    const std::span<const std::string> path(surprise.path);
    for (std::size_t depth = path.size(); depth > 0; --depth) {
        for (ColumnSpec& column : spec.columns) {
            if (!reads_from(column, path.first(depth))) continue;
            if (depth == path.size()) {
                column.type = type.type;
                column.is_json = type.is_json;
                return {};
            }
            if (column.is_json) return {};  // Widened to text that holds the member already.
            const auto wider = with_member(column.type, path.subspan(depth), type);
            if (!wider) {
                return invalid(fmt::format("field {} has no place in column {}",
                                           fmt::join(path, "."), column.name));
            }
            column.type = *wider;
            return {};
        }
    }
    ColumnSpec column{.name = std::string(fmt::format("{}", fmt::join(path, "."))),
                      .type = type.type,
                      .is_json = type.is_json};
    const auto* csv = std::get_if<CsvFormat>(&spec.kind);
    if (csv != nullptr && !csv->header) column.name = "column" + path.front();
    if (column.name != path.front()) column.source = surprise.path;
    const bool taken =
        std::any_of(spec.columns.begin(), spec.columns.end(),
                    [&](const auto& other) { return same_name(other.name, column.name); });
    if (taken) {
        return invalid(
            fmt::format("the new field {} is named like a column that is read from "
                        "another field; rename that column",
                        column.name));
    }
    spec.columns.push_back(std::move(column));
    return {};
}

}  // namespace

Result<FormatSpec> widened(const FormatSpec& spec, std::span<const SchemaSurprise> surprises) {
    FormatSpec result = spec;
    // Columns before their members, so that a column which becomes JSON text takes them in.
    std::vector<SchemaSurprise> ordered(surprises.begin(), surprises.end());
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto& a, const auto& b) { return a.path.size() < b.path.size(); });
    for (const SchemaSurprise& surprise : ordered) INGOT_TRY(take_in(result, surprise));
    return result;
}

}  // namespace ingot::format
