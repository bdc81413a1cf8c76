#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "engine/duckdb_compat/parser.hpp"
#include "engine/file_statistics_internal.hpp"
#include "engine/physical_layout_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

constexpr std::size_t kTextBoundCharacters = 32;
constexpr std::size_t kTextBoundCharactersMax = 64;

std::string json_string(std::string_view text) {
    std::string result = "\"";
    for (const auto character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            result += '\\';
            result += character;
        } else if (byte < 0x20) {
            result += fmt::format("\\u{:04x}", byte);
        } else {
            result += character;
        }
    }
    return result + '"';
}

/// Where the character after `position` begins.
std::size_t next_character(std::string_view text, std::size_t position) {
    ++position;
    while (position < text.size() &&
           (static_cast<unsigned char>(text[position]) & 0xC0U) == 0x80U) {
        ++position;
    }
    return position;
}

std::size_t character_boundary(std::string_view text, std::size_t characters) {
    std::size_t position = 0;
    for (std::size_t i = 0; i < characters && position < text.size(); ++i) {
        position = next_character(text, position);
    }
    return position;
}

std::string lower_text_bound(std::string_view text) {
    return std::string(text.substr(0, character_boundary(text, kTextBoundCharacters)));
}

/// A text that sorts after every text that begins with the cut one: the first characters and one
/// that is greater than the character that was cut. Nothing when no such text is short enough.
std::optional<std::string> upper_text_bound(std::string_view text) {
    constexpr std::string_view kLastCharacter = "\xF4\x8F\xBF\xBF";  // U+10FFFF
    for (auto characters = kTextBoundCharacters; characters <= kTextBoundCharactersMax;
         ++characters) {
        const auto cut = character_boundary(text, characters);
        if (cut >= text.size()) {
            return std::string(text);
        }
        const auto next = text.substr(cut, next_character(text, cut) - cut);
        if (next == kLastCharacter) {
            continue;
        }
        const auto prefix = std::string(text.substr(0, cut));
        const auto fits_ascii = static_cast<unsigned char>(next.front()) < 0x7F;
        return prefix + (fits_ascii ? std::string("\x7F") : std::string(kLastCharacter));
    }
    return std::nullopt;
}

std::optional<std::string> timestamp_json(std::int64_t micros, bool is_instant) {
    auto millis = Timestamp::from_micros(micros).millis();
    constexpr std::int64_t kYear1 = -62'135'596'800'000;
    constexpr std::int64_t kYear10000 = 253'402'300'800'000;
    if (millis < kYear1 || millis >= kYear10000) {
        return std::nullopt;
    }
    const auto fraction = ((millis % 1000) + 1000) % 1000;
    const auto date_time = duckdb::Timestamp::ToString(
        duckdb::timestamp_t((millis - fraction) * 1000));  // `yyyy-MM-dd HH:mm:ss`
    return fmt::format("\"{}T{}.{:03}{}\"", date_time.substr(0, 10), date_time.substr(11, 8),
                       fraction, is_instant ? "Z" : "");
}

enum class Bound : std::uint8_t { kLower, kUpper };

std::optional<std::string> bound_json(duckdb::ClientContext& context, const DataType& type,
                                      const duckdb::Value& text, Bound bound) {
    if (type.id() == TypeId::kString) {
        const auto& value = duckdb::StringValue::Get(text);
        if (bound == Bound::kLower) {
            return json_string(lower_text_bound(value));
        }
        const auto upper = upper_text_bound(value);
        return upper ? std::optional(json_string(*upper)) : std::nullopt;
    }
    duckdb::Value value;
    std::string problem;
    if (!text.TryCastAs(context, to_logical_type(type), value, &problem) || value.IsNull()) {
        return std::nullopt;
    }
    const auto scalar = from_value(value);
    if (!scalar) {
        return std::nullopt;
    }
    switch (type.id()) {
        case TypeId::kFloat:
        case TypeId::kDouble:
            return std::isfinite(scalar->as_double())
                       ? std::optional(fmt::format("{}", scalar->as_double()))
                       : std::nullopt;
        case TypeId::kDecimal:
            return value.ToString();
        case TypeId::kDate:
            return json_string(value.ToString());
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            return timestamp_json(scalar->as_integer(), type.id() == TypeId::kTimestamp);
        default:
            return fmt::format("{}", scalar->as_integer());
    }
}

bool has_bounds(const DataType& type) {
    return type.id() != TypeId::kBoolean && type.id() != TypeId::kBinary &&
           type.id() != TypeId::kVoid && !type.is_nested();
}

/// The three nested objects, built side by side.
struct Members {
    std::string min;
    std::string max;
    std::string nulls;

    static void add(std::string& object, const std::string& name, const std::string& value) {
        object += object.empty() ? "" : ",";
        object += json_string(name) + ":" + value;
    }
    void add_nested(const std::string& name, const Members& nested) {
        const auto add_object = [&](std::string& object, const std::string& inner) {
            if (!inner.empty()) {
                add(object, name, "{" + inner + "}");
            }
        };
        add_object(min, nested.min);
        add_object(max, nested.max);
        add_object(nulls, nested.nulls);
    }
};

class StatisticsBuilder {
public:
    StatisticsBuilder(duckdb::ClientContext& context,
                      const duckdb::CopyFunctionFileStatistics& statistics, int leaves_max)
        : context_(context), statistics_(statistics), leaves_left_(leaves_max) {}

    void add(Members& members, const std::string& name, const std::string& parent,
             const DataType& type) {
        const auto path =
            (parent.empty() ? "" : parent + ".") + duckdb::KeywordHelper::WriteQuoted(name, '"');
        if (type.id() == TypeId::kStruct) {
            Members nested;
            for (const auto& member : type.fields()) {
                add(nested, physical_member_name(member), path, member.type);
            }
            members.add_nested(name, nested);
            return;
        }
        if (leaves_left_ == 0) {
            return;
        }
        leaves_left_ -= leaves_left_ > 0 ? 1 : 0;
        add_leaf(members, name, path, type);
    }

private:
    void add_leaf(Members& members, const std::string& name, const std::string& path,
                  const DataType& type) {
        const auto found = statistics_.column_statistics.find(path);
        if (found == statistics_.column_statistics.end()) {
            return;
        }
        const auto& values = found->second;
        if (const auto nulls = values.find("null_count"); nulls != values.end()) {
            Members::add(members.nulls, name, nulls->second.ToString());
        }
        const auto nan = values.find("has_nan");
        const auto has_nan = nan != values.end() && nan->second.ToString() != "false";
        if (!has_bounds(type) || has_nan) {
            return;
        }
        add_bound(members.min, name, type, values, "min", Bound::kLower);
        add_bound(members.max, name, type, values, "max", Bound::kUpper);
    }

    void add_bound(std::string& object, const std::string& name, const DataType& type,
                   const duckdb::case_insensitive_map_t<duckdb::Value>& values, const char* key,
                   Bound bound) const {
        const auto found = values.find(key);
        if (found == values.end() || found->second.IsNull()) {
            return;
        }
        if (const auto json = bound_json(context_, type, found->second, bound)) {
            Members::add(object, name, *json);
        }
    }

    duckdb::ClientContext& context_;
    const duckdb::CopyFunctionFileStatistics& statistics_;
    int leaves_left_;
};

}  // namespace

std::string statistics_json(duckdb::ClientContext& context,
                            const duckdb::CopyFunctionFileStatistics& statistics,
                            const WriteTarget& target) {
    StatisticsBuilder builder(context, statistics, target.stats_columns);
    Members members;
    for (const auto& column : target.columns) {
        const auto is_partition =
            std::any_of(target.partition_columns.begin(), target.partition_columns.end(),
                        [&](const std::string& name) {
                            return duckdb::StringUtil::CIEquals(name, column.field.name);
                        });
        if (!is_partition) {
            builder.add(members, column.physical_name, "", column.field.type);
        }
    }
    return fmt::format(
        R"({{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}},"tightBounds":true}})",
        statistics.row_count, members.min, members.max, members.nulls);
}

}  // namespace ingot::engine
