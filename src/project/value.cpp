#include "project/value.hpp"

#include <cmath>
#include <fmt/format.h>

#include "base/time.hpp"

namespace ingot::project {

namespace {

void append_json_text(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void append_sql_text(std::string& out, std::string_view text) {
    out += '\'';
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    out += '\'';
}

std::string number_text(double number) {
    const std::string text = fmt::format("{}", number);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

Error does_not_fit(const Value& value, const DataType& type) {
    return make_error(ErrorCode::kInvalidArgument, "{} is no {}", value.to_json(),
                      sql_type_name(type));
}

std::optional<std::int64_t> integer_limit(TypeId id) {
    switch (id) {
        case TypeId::kByte:
            return 127;
        case TypeId::kShort:
            return 32'767;
        case TypeId::kInteger:
            return 2'147'483'647;
        case TypeId::kLong:
            return INT64_MAX;
        default:
            return std::nullopt;
    }
}

/// The digits of a decimal text at the type's scale; nothing when it is no number or too long.
std::optional<Int128> unscaled_decimal(std::string_view text, const DataType& type) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    Int128 value = 0;
    int digits = 0;
    int scale = -1;
    for (const char c : text) {
        if (c == '.' && scale < 0) {
            scale = 0;
            continue;
        }
        if (c < '0' || c > '9') return std::nullopt;
        if (scale >= 0 && ++scale > type.scale()) {
            if (c != '0') return std::nullopt;
            continue;
        }
        if (value != 0 || c != '0') ++digits;
        if (digits > type.precision()) return std::nullopt;
        value = value * 10 + (c - '0');
    }
    if (text.empty() || text == ".") return std::nullopt;
    for (int s = std::max(scale, 0); s < type.scale(); ++s) {
        if (value != 0 && ++digits > type.precision()) return std::nullopt;
        value *= 10;
    }
    return negative ? -value : value;
}

}  // namespace

std::string Value::to_json() const {
    if (const bool* b = boolean()) return *b ? "true" : "false";
    if (const std::int64_t* i = integer()) return fmt::format("{}", *i);
    if (const double* d = number()) return number_text(*d);
    std::string out;
    if (const std::string* s = text()) {
        append_json_text(out, *s);
    } else if (const ValueList* items = list()) {
        out = "[";
        for (const Value& item : *items) {
            if (out.size() > 1) out += ", ";
            out += item.to_json();
        }
        out += "]";
    } else if (const ValueMap* members = map()) {
        out = "{";
        for (const auto& [name, member] : *members) {
            if (out.size() > 1) out += ", ";
            append_json_text(out, name);
            out += ": " + member.to_json();
        }
        out += "}";
    } else {
        out = "null";
    }
    return out;
}

std::string Value::to_text() const {
    const std::string* s = text();
    return s != nullptr ? *s : to_json();
}

std::string Value::to_sql() const {
    if (const bool* b = boolean()) return *b ? "TRUE" : "FALSE";
    if (const std::int64_t* i = integer()) return fmt::format("{}", *i);
    if (const double* d = number()) return number_text(*d) + "::DOUBLE";
    std::string out;
    if (const std::string* s = text()) {
        append_sql_text(out, *s);
    } else if (const ValueList* items = list()) {
        out = "[";
        for (const Value& item : *items) {
            if (out.size() > 1) out += ", ";
            out += item.to_sql();
        }
        out += "]";
    } else if (const ValueMap* members = map()) {
        out = "{";
        for (const auto& [name, member] : *members) {
            if (out.size() > 1) out += ", ";
            append_sql_text(out, name);
            out += ": " + member.to_sql();
        }
        out += "}";
    } else {
        out = "NULL";
    }
    return out;
}

std::string_view Value::type_name() const {
    if (boolean() != nullptr) return "boolean";
    if (integer() != nullptr) return "integer";
    if (number() != nullptr) return "number";
    if (text() != nullptr) return "string";
    if (list() != nullptr) return "array";
    if (map() != nullptr) return "object";
    return "null";
}

Result<Scalar> Value::to_scalar(const DataType& type) const {
    if (is_null()) return Scalar::null(type);
    if (const auto limit = integer_limit(type.id())) {
        if (const std::int64_t* i = integer(); i != nullptr && *i <= *limit && *i >= -*limit - 1) {
            return Scalar::integer(type, *i);
        }
        return does_not_fit(*this, type);
    }
    switch (type.id()) {
        case TypeId::kBoolean:
            if (const bool* b = boolean()) return Scalar::boolean(*b);
            break;
        case TypeId::kFloat:
        case TypeId::kDouble:
            if (const double* d = number()) return Scalar::floating(type, *d);
            if (const std::int64_t* i = integer()) {
                return Scalar::floating(type, static_cast<double>(*i));
            }
            break;
        case TypeId::kString:
            return Scalar::text(to_text());
        case TypeId::kDecimal:
            if (number() != nullptr || integer() != nullptr || text() != nullptr) {
                if (const auto unscaled = unscaled_decimal(to_text(), type)) {
                    return Scalar::decimal(type, *unscaled);
                }
            }
            break;
        case TypeId::kDate:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            if (const std::string* s = text()) {
                INGOT_TRY_ASSIGN(const Timestamp at, parse_timestamp(*s));
                if (type.id() != TypeId::kDate) return Scalar::integer(type, at.micros());
                constexpr std::int64_t kDay = 86'400'000'000;
                const std::int64_t inside = (at.micros() % kDay + kDay) % kDay;
                if (inside == 0) return Scalar::integer(type, at.micros() / kDay);
            }
            break;
        default:
            break;
    }
    return does_not_fit(*this, type);
}

DataType Value::natural_type() const {
    if (boolean() != nullptr) return TypeId::kBoolean;
    if (integer() != nullptr) return TypeId::kLong;
    if (number() != nullptr) return TypeId::kDouble;
    if (text() != nullptr) return TypeId::kString;
    if (const ValueList* items = list()) {
        DataType element = TypeId::kVoid;
        for (const Value& item : *items) {
            element = common_type(element, item.natural_type()).value_or(DataType(TypeId::kString));
        }
        return DataType::array(element);
    }
    if (const ValueMap* members = map()) {
        std::vector<Field> fields;
        for (const auto& [name, member] : *members) fields.push_back({name, member.natural_type()});
        return DataType::structure(std::move(fields));
    }
    return TypeId::kVoid;
}

}  // namespace ingot::project
