#include <charconv>

#include "base/data_type.hpp"
#include "base/time.hpp"
#include "project/scalars_internal.hpp"
#include "project/template_text.hpp"
#include "project/window.hpp"

namespace ingot::project {

namespace {

Error other_type() {
    return Error{ErrorCode::kInvalidArgument, "", {}};
}

template <class T>
Status as_status(const Result<T>& result) {
    if (!result) return result.error();
    return {};
}

}  // namespace

Status check_scalar_text(const YamlNode& node, ScalarKind kind) {
    const std::string& text = node.text;
    switch (kind) {
        case ScalarKind::kText:
            return {};
        case ScalarKind::kSql:
            if (text.find_first_not_of(" \t\r\n") == std::string::npos) return other_type();
            return {};
        case ScalarKind::kColumn:
            if (text.empty()) return other_type();
            return {};
        case ScalarKind::kIdentifier:
            if (!is_identifier(text)) {
                return make_error(ErrorCode::kInvalidArgument,
                                  "'{}' is no name: use letters, digits and '_', not a digit first",
                                  text);
            }
            return {};
        case ScalarKind::kInteger:
            if (node.quoted || !yaml_integer(text)) return other_type();
            return {};
        case ScalarKind::kNumber:
            if (node.quoted || !yaml_number(text)) return other_type();
            return {};
        case ScalarKind::kBoolean:
            if (node.quoted || !yaml_boolean(text)) return other_type();
            return {};
        case ScalarKind::kDuration:
            return as_status(parse_duration(text));
        case ScalarKind::kTimestamp:
            return as_status(parse_timestamp(text));
        case ScalarKind::kShare:
            return as_status(parse_share(text));
        case ScalarKind::kBytes:
            return as_status(parse_bytes(text));
        case ScalarKind::kTable:
            return as_status(TableName::parse(text));
        case ScalarKind::kType:
            return as_status(parse_data_type(text));
        case ScalarKind::kTemplate:
            return as_status(Template::parse(text));
        case ScalarKind::kWindowUnit:
            return as_status(parse_window_unit(text));
        case ScalarKind::kTimezone:
            if (!is_known_zone(text)) {
                return make_error(ErrorCode::kInvalidArgument,
                                  "'{}' is no time zone: use a name such as Europe/Paris or UTC",
                                  text);
            }
            return {};
    }
    return {};
}

std::string_view scalar_kind_words(ScalarKind kind) {
    switch (kind) {
        case ScalarKind::kText:
            return "text";
        case ScalarKind::kIdentifier:
            return "a name";
        case ScalarKind::kInteger:
            return "a whole number";
        case ScalarKind::kNumber:
            return "a number";
        case ScalarKind::kBoolean:
            return "true or false";
        case ScalarKind::kDuration:
            return "a duration such as 90s, 6h or 7d";
        case ScalarKind::kTimestamp:
            return "a time such as 2015-01-01 or 2015-01-01T06:00";
        case ScalarKind::kShare:
            return "a share such as 50% or 0.5";
        case ScalarKind::kBytes:
            return "a size such as 16MB";
        case ScalarKind::kSql:
            return "SQL text";
        case ScalarKind::kColumn:
            return "a column";
        case ScalarKind::kTable:
            return "a table such as silver.events";
        case ScalarKind::kType:
            return "a type such as bigint or varchar";
        case ScalarKind::kTemplate:
            return "text";
        case ScalarKind::kWindowUnit:
            return "minute, hour, day, week, month, year or several such as 15m";
        case ScalarKind::kTimezone:
            return "a time zone such as Europe/Paris";
    }
    return "";
}

bool is_identifier(std::string_view text) {
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_') return false;
    }
    return true;
}

Result<double> parse_share(std::string_view text) {
    const bool percent = text.ends_with('%');
    const auto number = yaml_number(percent ? text.substr(0, text.size() - 1) : text);
    const double share = number ? (percent ? *number / 100 : *number) : -1;
    if (share < 0 || share > 1) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no share: write 0% to 100%, or 0 to 1", text);
    }
    return share;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    std::string unit(end, text.data() + text.size());
    while (unit.starts_with(' ')) unit.erase(0, 1);
    for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    int shift = -1;
    if (unit.empty() || unit == "B") shift = 0;
    if (unit == "KB" || unit == "KIB" || unit == "K") shift = 10;
    if (unit == "MB" || unit == "MIB" || unit == "M") shift = 20;
    if (unit == "GB" || unit == "GIB" || unit == "G") shift = 30;
    if (unit == "TB" || unit == "TIB" || unit == "T") shift = 40;
    if (error != std::errc() || shift < 0 || count == 0 || count > (~std::uint64_t{0} >> shift)) {
        return make_error(ErrorCode::kInvalidArgument, "'{}' is no size: write 64KB, 16MB or 2GB",
                          text);
    }
    return count << shift;
}

}  // namespace ingot::project
