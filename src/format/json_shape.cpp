#include <algorithm>
#include <strings.h>

#include "format/format_spec.hpp"
#include "format/json_shape_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

const InferredType kJsonText{TypeId::kString, true};

bool same_name(const std::string& a, const std::string& b) {
    return a.size() == b.size() && ::strcasecmp(a.c_str(), b.c_str()) == 0;
}

constexpr std::int64_t kDoubleExactMax = std::int64_t{1} << 53;

}  // namespace

void Shape::observe(JsonCursor& cursor, int depth) {
    switch (cursor.peek()) {
        case '"':
            kinds_ |= kText;
            cursor.advance();
            break;
        case '{':
            if (depth >= kDepthMax) {
                kinds_ |= kAny;
                cursor.skip_value();
            } else {
                observe_object(cursor, depth);
            }
            break;
        case '[':
            kinds_ |= kArray;
            cursor.advance();
            if (cursor.take(']')) break;
            if (!element_) element_ = std::make_unique<Shape>();
            do {
                if (depth >= kDepthMax) {
                    element_->kinds_ |= kAny;
                    cursor.skip_value();
                } else {
                    element_->observe(cursor, depth + 1);
                }
            } while (cursor.take(','));
            cursor.advance();
            break;
        default: {
            const std::string_view text = cursor.take_scalar();
            if (text == "null") {
                kinds_ |= kNull;
            } else if (text == "true" || text == "false") {
                kinds_ |= kBoolean;
            } else {
                observe_number(text);
            }
        }
    }
}

void Shape::observe_scalar(std::string_view text) {
    if (text == "true" || text == "false") {
        kinds_ |= kBoolean;
    } else if (is_json_number(text)) {
        observe_number(text);
    } else {
        kinds_ |= kText;
    }
}

void Shape::observe_object(JsonCursor& cursor, int depth) {
    kinds_ |= kObject;
    cursor.advance();
    if (cursor.take('}')) return;
    std::string name;
    do {
        if (!unescape(cursor.take_string(), name)) kinds_ |= kAny;
        cursor.advance();  // The colon.
        if (members_.size() > kMembersMax && depth > 0) {
            cursor.skip_value();
        } else {
            member(name).observe(cursor, depth + 1);
        }
    } while (cursor.take(','));
    cursor.advance();
}

void Shape::observe_number(std::string_view text) {
    if (const auto whole = parse_integer(text)) {
        const bool wide = *whole > kDoubleExactMax || *whole < -kDoubleExactMax;
        kinds_ |= wide ? kLongWide : kLong;
    } else if (parse_double(text)) {
        kinds_ |= text.find_first_of(".eE") == std::string_view::npos ? kDecimal : kDouble;
    } else {
        kinds_ |= parse_decimal(text, 38, 0) ? kDecimal : kAny;
    }
}

Shape& Shape::member(std::string_view name) {
    for (auto& [key, shape] : members_) {
        if (key == name) return shape;
    }
    members_.emplace_back(name, Shape());
    return members_.back().second;
}

void Shape::merge(const Shape& other) {
    kinds_ = static_cast<std::uint16_t>(kinds_ | other.kinds_);
    for (const auto& [name, shape] : other.members_) member(name).merge(shape);
    if (other.element_) {
        if (!element_) element_ = std::make_unique<Shape>();
        element_->merge(*other.element_);
    }
}

void Shape::include(const DataType& type, bool is_json) {
    switch (type.id()) {
        case TypeId::kVoid:
            kinds_ |= kNull;
            break;
        case TypeId::kBoolean:
            kinds_ |= kBoolean;
            break;
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
            kinds_ |= kLong;
            break;
        case TypeId::kLong:
            // Its values may be wide; a wide one that was seen says so itself.
            kinds_ |= kLong;
            break;
        case TypeId::kDecimal:
            kinds_ |= type.scale() == 0 ? kDecimal : kAny;
            break;
        case TypeId::kFloat:
        case TypeId::kDouble:
            kinds_ |= kDouble;
            break;
        case TypeId::kString:
            kinds_ |= is_json ? kAny : kText;
            break;
        case TypeId::kStruct:
            kinds_ |= kObject;
            for (const Field& field : type.fields()) {
                member(field.name).include(field.type, is_json_field(field));
            }
            break;
        case TypeId::kArray:
            kinds_ |= kArray;
            if (!element_) element_ = std::make_unique<Shape>();
            element_->include(type.fields().front().type, is_json_field(type.fields().front()));
            break;
        default:
            kinds_ |= kAny;
    }
}

InferredType Shape::type() const {
    const auto kinds = static_cast<unsigned>(kinds_ & ~kNull);
    const auto within = [&](unsigned allowed) { return (kinds & ~allowed) == 0; };
    if (within(kText)) return {TypeId::kString};
    if (within(kBoolean)) return {TypeId::kBoolean};
    if (within(kLong | kLongWide)) return {TypeId::kLong};
    if (within(kLong | kLongWide | kDecimal)) return {DataType::decimal(38, 0)};
    if (within(kLong | kDouble)) return {TypeId::kDouble};
    // A string column keeps the text of numbers and booleans as written.
    if ((kinds & kText) != 0 && within(kText | kBoolean | kLong | kLongWide | kDecimal | kDouble)) {
        return {TypeId::kString};
    }
    if (within(kObject)) return object_type();
    if (within(kArray)) return array_type();
    return kJsonText;
}

InferredType Shape::object_type() const {
    if (members_.empty() || members_.size() > kMembersMax) return kJsonText;
    std::vector<Field> fields;
    for (const auto& [name, shape] : members_) {
        const bool taken = std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
            return same_name(field.name, name);
        });
        if (taken || name.empty()) return kJsonText;
        fields.push_back(inferred_field(name, shape.type()));
    }
    return {DataType::structure(std::move(fields))};
}

InferredType Shape::array_type() const {
    if (!element_) return kJsonText;
    const InferredType element = element_->type();
    // What a JSON element is cannot be said in an array's type without losing it elsewhere.
    if (element.is_json) return kJsonText;
    return {DataType::array(element.type)};
}

Field inferred_field(std::string name, const InferredType& inferred) {
    Field field{std::move(name), inferred.type};
    if (inferred.is_json) field.metadata.emplace(kJsonMetadataKey, "true");
    return field;
}

bool is_json_field(const Field& field) {
    const auto found = field.metadata.find(std::string(kJsonMetadataKey));
    return found != field.metadata.end() && found->second == "true";
}

}  // namespace ingot::format
