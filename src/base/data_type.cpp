#include "base/data_type.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace ingot {
namespace {

constexpr int kMaxDecimalPrecision = 38;
constexpr int kMaxTypeNesting = 64;

char lower(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

struct PrimitiveName {
    std::string_view name;
    TypeId id;
};

/// Every spelling that people write; the first of a type is Delta's own.
constexpr std::array kPrimitiveNames = {
    PrimitiveName{"void", TypeId::kVoid},
    PrimitiveName{"boolean", TypeId::kBoolean},
    PrimitiveName{"bool", TypeId::kBoolean},
    PrimitiveName{"byte", TypeId::kByte},
    PrimitiveName{"tinyint", TypeId::kByte},
    PrimitiveName{"int8", TypeId::kByte},
    PrimitiveName{"short", TypeId::kShort},
    PrimitiveName{"smallint", TypeId::kShort},
    PrimitiveName{"int16", TypeId::kShort},
    PrimitiveName{"integer", TypeId::kInteger},
    PrimitiveName{"int", TypeId::kInteger},
    PrimitiveName{"int32", TypeId::kInteger},
    PrimitiveName{"long", TypeId::kLong},
    PrimitiveName{"bigint", TypeId::kLong},
    PrimitiveName{"int64", TypeId::kLong},
    PrimitiveName{"float", TypeId::kFloat},
    PrimitiveName{"real", TypeId::kFloat},
    PrimitiveName{"double", TypeId::kDouble},
    PrimitiveName{"string", TypeId::kString},
    PrimitiveName{"varchar", TypeId::kString},
    PrimitiveName{"text", TypeId::kString},
    PrimitiveName{"binary", TypeId::kBinary},
    PrimitiveName{"blob", TypeId::kBinary},
    PrimitiveName{"bytea", TypeId::kBinary},
    PrimitiveName{"date", TypeId::kDate},
    PrimitiveName{"timestamptz", TypeId::kTimestamp},
    PrimitiveName{"timestamp with time zone", TypeId::kTimestamp},
    PrimitiveName{"timestamp", TypeId::kTimestampNtz},
    PrimitiveName{"timestamp_ntz", TypeId::kTimestampNtz},
    PrimitiveName{"datetime", TypeId::kTimestampNtz},
};

/// A reader of type texts: recursive descent over one string.
class TypeParser {
public:
    explicit TypeParser(std::string_view text) : text_(text) {}

    Result<DataType> parse() {
        INGOT_TRY_ASSIGN(DataType type, parse_type(0));
        skip_blanks();
        if (at_ < text_.size()) return unexpected("the end of the type");
        return type;
    }

private:
    Result<DataType> parse_type(int depth) {
        if (depth > kMaxTypeNesting) {
            return make_error(ErrorCode::kInvalidArgument, "type '{}' is nested too deeply", text_);
        }
        INGOT_TRY_ASSIGN(DataType type, parse_named(depth));
        while (take("[")) {
            if (!take("]")) return unexpected("']'");
            type = DataType::array(std::move(type));
        }
        return type;
    }

    Result<DataType> parse_named(int depth) {
        const std::string_view name = word();
        if (name.empty()) return unexpected("a type name");
        if (equal_ignoring_case(name, "struct") || equal_ignoring_case(name, "row")) {
            return parse_struct(depth);
        }
        if (equal_ignoring_case(name, "map")) return parse_map(depth);
        if (equal_ignoring_case(name, "array") || equal_ignoring_case(name, "list")) {
            return parse_array(depth);
        }
        if (equal_ignoring_case(name, "decimal") || equal_ignoring_case(name, "numeric")) {
            return parse_decimal();
        }
        return parse_primitive(name);
    }

    Result<DataType> parse_struct(int depth) {
        INGOT_TRY_ASSIGN(const char close, open());
        std::vector<Field> fields;
        do {
            INGOT_TRY_ASSIGN(std::string name, field_name());
            take(":");
            INGOT_TRY_ASSIGN(DataType type, parse_type(depth + 1));
            const bool duplicate = std::any_of(fields.begin(), fields.end(), [&](const Field& f) {
                return equal_ignoring_case(f.name, name);
            });
            if (duplicate) {
                return make_error(ErrorCode::kInvalidArgument,
                                  "type '{}' names the member '{}' twice", text_, name);
            }
            fields.push_back(Field{std::move(name), std::move(type), true, {}});
        } while (take(","));
        if (!take(std::string_view(&close, 1))) return unexpected("',' or the end of the struct");
        return DataType::structure(std::move(fields));
    }

    Result<DataType> parse_map(int depth) {
        INGOT_TRY_ASSIGN(const char close, open());
        INGOT_TRY_ASSIGN(DataType key, parse_type(depth + 1));
        if (!take(",")) return unexpected("',' between the key and the value type of a map");
        INGOT_TRY_ASSIGN(DataType value, parse_type(depth + 1));
        if (!take(std::string_view(&close, 1))) return unexpected("the end of the map");
        return DataType::map(std::move(key), std::move(value));
    }

    Result<DataType> parse_array(int depth) {
        INGOT_TRY_ASSIGN(const char close, open());
        INGOT_TRY_ASSIGN(DataType element, parse_type(depth + 1));
        if (!take(std::string_view(&close, 1))) return unexpected("the end of the array");
        return DataType::array(std::move(element));
    }

    Result<DataType> parse_decimal() {
        constexpr int kDefaultPrecision = 18;
        constexpr int kDefaultScale = 3;
        if (!take("(")) return DataType::decimal(kDefaultPrecision, kDefaultScale);
        INGOT_TRY_ASSIGN(const int precision, number());
        int scale = 0;
        if (take(",")) {
            INGOT_TRY_ASSIGN(scale, number());
        }
        if (!take(")")) return unexpected("')' after the decimal's precision and scale");
        if (precision < 1 || precision > kMaxDecimalPrecision || scale > precision) {
            return make_error(
                ErrorCode::kInvalidArgument,
                "decimal({},{}): precision must be 1 to {}, scale at most the precision", precision,
                scale, kMaxDecimalPrecision);
        }
        return DataType::decimal(precision, scale);
    }

    Result<DataType> parse_primitive(std::string_view name) {
        if (equal_ignoring_case(name, "json")) return DataType::json();
        for (const PrimitiveName& candidate : kPrimitiveNames) {
            if (!equal_ignoring_case(candidate.name, name)) continue;
            if (candidate.id == TypeId::kTimestampNtz && equal_ignoring_case(name, "timestamp")) {
                return take_with_time_zone() ? DataType(TypeId::kTimestamp)
                                             : DataType(candidate.id);
            }
            return DataType(candidate.id);
        }
        return make_error(
            ErrorCode::kInvalidArgument,
            "unknown type '{}'; known: boolean, tinyint, smallint, integer, bigint, float, "
            "double, decimal(p,s), varchar, json, blob, date, timestamptz, timestamp, "
            "struct(name type, ...), type[], map(key, value)",
            name);
    }

    bool take_with_time_zone() {
        const std::size_t before = at_;
        for (const std::string_view expected : {"with", "time", "zone"}) {
            if (!equal_ignoring_case(word(), expected)) {
                at_ = before;
                return false;
            }
        }
        return true;
    }

    Result<char> open() {
        if (take("(")) return ')';
        if (take("<")) return '>';
        return unexpected("'(' or '<'");
    }

    Result<std::string> field_name() {
        skip_blanks();
        if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '`'))
            return quoted_name(text_[at_]);
        const std::string_view name = word();
        if (name.empty()) return unexpected("a member name");
        return std::string(name);
    }

    Result<std::string> quoted_name(char quote) {
        std::string name;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] != quote) {
                name += text_[at_];
            } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
                name += text_[++at_];
            } else {
                ++at_;
                return name;
            }
        }
        return unexpected("the closing quote of a name");
    }

    Result<int> number() {
        skip_blanks();
        int value = 0;
        const auto [end, error] =
            std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (error != std::errc() || value < 0) return unexpected("a number");
        at_ = static_cast<std::size_t>(end - text_.data());
        return value;
    }

    std::string_view word() {
        skip_blanks();
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    bool take(std::string_view token) {
        skip_blanks();
        if (text_.substr(at_, token.size()) != token) return false;
        at_ += token.size();
        return true;
    }

    void skip_blanks() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0)
            ++at_;
    }

    Error unexpected(std::string_view wanted) const {
        return make_error(ErrorCode::kInvalidArgument, "type '{}': expected {} at character {}",
                          text_, wanted, at_ + 1);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string quote_sql_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) {
        quoted += c;
        if (c == '"') quoted += c;
    }
    return quoted + '"';
}

int integer_rank(TypeId id) {
    switch (id) {
        case TypeId::kByte:
            return 1;
        case TypeId::kShort:
            return 2;
        case TypeId::kInteger:
            return 3;
        case TypeId::kLong:
            return 4;
        default:
            return 0;
    }
}

/// Decimal digits that hold every value of the integer type.
int integer_digits(TypeId id) {
    switch (id) {
        case TypeId::kByte:
            return 3;
        case TypeId::kShort:
            return 5;
        case TypeId::kInteger:
            return 10;
        default:
            return 20;
    }
}

std::optional<DataType> common_decimal(const DataType& a, const DataType& b) {
    const auto scale_of = [](const DataType& t) {
        return t.id() == TypeId::kDecimal ? t.scale() : 0;
    };
    const auto whole_digits = [&](const DataType& t) {
        return t.id() == TypeId::kDecimal ? t.precision() - t.scale() : integer_digits(t.id());
    };
    const int scale = std::max(scale_of(a), scale_of(b));
    const int precision = std::max(whole_digits(a), whole_digits(b)) + scale;
    if (precision > kMaxDecimalPrecision) return std::nullopt;
    return DataType::decimal(precision, scale);
}

std::optional<DataType> common_numeric(const DataType& a, const DataType& b) {
    const int rank_a = integer_rank(a.id());
    const int rank_b = integer_rank(b.id());
    if (rank_a > 0 && rank_b > 0) return rank_a > rank_b ? a : b;
    if (a.id() == TypeId::kDecimal || b.id() == TypeId::kDecimal) {
        const DataType& other = a.id() == TypeId::kDecimal ? b : a;
        if (integer_rank(other.id()) > 0 || other.id() == TypeId::kDecimal)
            return common_decimal(a, b);
        return std::nullopt;
    }
    const auto exact_in_float = [](const DataType& t) {
        return t.id() == TypeId::kFloat || (integer_rank(t.id()) > 0 && integer_rank(t.id()) <= 2);
    };
    if (exact_in_float(a) && exact_in_float(b)) return DataType(TypeId::kFloat);
    if (a.id() == TypeId::kLong || b.id() == TypeId::kLong) return std::nullopt;
    return DataType(TypeId::kDouble);
}

std::optional<DataType> common_struct(const DataType& a, const DataType& b) {
    std::vector<Field> fields = a.fields();
    for (const Field& field : b.fields()) {
        const auto same = std::find_if(fields.begin(), fields.end(), [&](const Field& f) {
            return equal_ignoring_case(f.name, field.name);
        });
        if (same == fields.end()) {
            fields.push_back(field);
            fields.back().nullable = true;
            continue;
        }
        const std::optional<DataType> type = common_type(same->type, field.type);
        if (!type) return std::nullopt;
        same->type = *type;
        same->nullable = same->nullable || field.nullable;
    }
    for (Field& field : fields) {
        const bool in_both = std::any_of(b.fields().begin(), b.fields().end(), [&](const Field& f) {
            return equal_ignoring_case(f.name, field.name);
        });
        field.nullable = field.nullable || !in_both;
    }
    return DataType::structure(std::move(fields));
}

}  // namespace

DataType::DataType(TypeId primitive) : id_(primitive) {
    INGOT_CHECK(!is_nested() && primitive != TypeId::kDecimal, "this type needs its parts");
}

DataType DataType::decimal(int precision, int scale) {
    INGOT_CHECK(
        precision >= 1 && precision <= kMaxDecimalPrecision && scale >= 0 && scale <= precision,
        fmt::format("decimal({},{})", precision, scale));
    DataType type;
    type.id_ = TypeId::kDecimal;
    type.precision_ = static_cast<std::uint8_t>(precision);
    type.scale_ = static_cast<std::uint8_t>(scale);
    return type;
}

DataType DataType::json() {
    DataType type(TypeId::kString);
    type.is_json_ = true;
    return type;
}

DataType DataType::structure(std::vector<Field> fields) {
    DataType type;
    type.id_ = TypeId::kStruct;
    type.fields_ = std::make_shared<const std::vector<Field>>(std::move(fields));
    return type;
}

DataType DataType::array(DataType element, bool contains_null) {
    DataType type;
    type.id_ = TypeId::kArray;
    type.fields_ = std::make_shared<const std::vector<Field>>(
        std::vector<Field>{Field{"element", std::move(element), contains_null, {}}});
    return type;
}

DataType DataType::map(DataType key, DataType value, bool value_contains_null) {
    DataType type;
    type.id_ = TypeId::kMap;
    type.fields_ = std::make_shared<const std::vector<Field>>(
        std::vector<Field>{Field{"key", std::move(key), false, {}},
                           Field{"value", std::move(value), value_contains_null, {}}});
    return type;
}

bool DataType::is_numeric() const {
    return integer_rank(id_) > 0 || id_ == TypeId::kFloat || id_ == TypeId::kDouble ||
           id_ == TypeId::kDecimal;
}

const std::vector<Field>& DataType::fields() const {
    static const std::vector<Field> kNone;
    return fields_ ? *fields_ : kNone;
}

std::string DataType::to_string() const {
    switch (id_) {
        case TypeId::kDecimal:
            return fmt::format("decimal({},{})", precision_, scale_);
        case TypeId::kTimestamp:
            return "timestamp";
        case TypeId::kTimestampNtz:
            return "timestamp_ntz";
        case TypeId::kArray:
            return "array<" + fields().front().type.to_string() + ">";
        case TypeId::kMap:
            return "map<" + fields()[0].type.to_string() + "," + fields()[1].type.to_string() + ">";
        case TypeId::kStruct: {
            std::string text = "struct<";
            for (const Field& field : fields()) {
                if (text.back() != '<') text += ',';
                text += field.name + ":" + field.type.to_string();
            }
            return text + ">";
        }
        default:
            break;
    }
    for (const PrimitiveName& candidate : kPrimitiveNames) {
        if (candidate.id == id_) return std::string(candidate.name);
    }
    return "unknown";
}

bool operator==(const DataType& a, const DataType& b) {
    if (a.id_ != b.id_ || a.precision_ != b.precision_ || a.scale_ != b.scale_) return false;
    return a.fields_ == b.fields_ || a.fields() == b.fields();
}

std::optional<std::size_t> Schema::index_of(std::string_view name) const {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (equal_ignoring_case(fields[i].name, name)) return i;
    }
    return std::nullopt;
}

const Field* Schema::find(std::string_view name) const {
    const std::optional<std::size_t> index = index_of(name);
    return index ? &fields[*index] : nullptr;
}

Result<DataType> parse_data_type(std::string_view text) {
    return TypeParser(text).parse();
}

std::string sql_type_name(const DataType& type) {
    switch (type.id()) {
        case TypeId::kVoid:
            return "\"NULL\"";
        case TypeId::kBoolean:
            return "BOOLEAN";
        case TypeId::kByte:
            return "TINYINT";
        case TypeId::kShort:
            return "SMALLINT";
        case TypeId::kInteger:
            return "INTEGER";
        case TypeId::kLong:
            return "BIGINT";
        case TypeId::kFloat:
            return "FLOAT";
        case TypeId::kDouble:
            return "DOUBLE";
        case TypeId::kDecimal:
            return fmt::format("DECIMAL({},{})", type.precision(), type.scale());
        case TypeId::kString:
            return "VARCHAR";
        case TypeId::kBinary:
            return "BLOB";
        case TypeId::kDate:
            return "DATE";
        case TypeId::kTimestamp:
            return "TIMESTAMP WITH TIME ZONE";
        case TypeId::kTimestampNtz:
            return "TIMESTAMP";
        case TypeId::kArray:
            return sql_type_name(type.fields().front().type) + "[]";
        case TypeId::kMap:
            return "MAP(" + sql_type_name(type.fields()[0].type) + ", " +
                   sql_type_name(type.fields()[1].type) + ")";
        case TypeId::kStruct:
            break;
    }
    std::string text = "STRUCT(";
    for (const Field& field : type.fields()) {
        if (text.back() != '(') text += ", ";
        text += quote_sql_name(field.name) + " " + sql_type_name(field.type);
    }
    return text + ")";
}

std::optional<DataType> common_type(const DataType& a, const DataType& b) {
    if (a == b) return a;
    if (a.id() == TypeId::kVoid) return b;
    if (b.id() == TypeId::kVoid) return a;
    if (a.is_numeric() && b.is_numeric()) return common_numeric(a, b);
    if (a.id() == b.id()) {
        if (a.id() == TypeId::kStruct) return common_struct(a, b);
        if (a.id() == TypeId::kArray) {
            const std::optional<DataType> element =
                common_type(a.fields()[0].type, b.fields()[0].type);
            if (!element) return std::nullopt;
            return DataType::array(*element, a.fields()[0].nullable || b.fields()[0].nullable);
        }
        if (a.id() == TypeId::kMap) {
            const std::optional<DataType> key = common_type(a.fields()[0].type, b.fields()[0].type);
            const std::optional<DataType> value =
                common_type(a.fields()[1].type, b.fields()[1].type);
            if (!key || !value) return std::nullopt;
            return DataType::map(*key, *value, a.fields()[1].nullable || b.fields()[1].nullable);
        }
    }
    const auto is = [&](TypeId x, TypeId y) {
        return (a.id() == x && b.id() == y) || (a.id() == y && b.id() == x);
    };
    if (is(TypeId::kDate, TypeId::kTimestampNtz)) return DataType(TypeId::kTimestampNtz);
    return std::nullopt;
}

}  // namespace ingot
