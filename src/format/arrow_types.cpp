#include <array>
#include <utility>

#include "format/arrow_types_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

using Kind = ArrowConversion::Kind;

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMillisPerDay = 86'400'000;
/// With kArrowRowsMax rows, the size of a column in bits still is a number of 63 bits.
constexpr std::int64_t kFixedBytesMax = 1 << 27;

std::string type_text(const ArrowSchema& schema) {
    std::array<char, 256> text{};
    ArrowSchemaToString(&schema, text.data(), static_cast<std::int64_t>(text.size()), 1);
    return printable_utf8(text.data());
}

ArrowConversion plain(Kind kind, DataType type) {
    ArrowConversion conversion;
    conversion.kind = kind;
    conversion.type = std::move(type);
    return conversion;
}

ArrowConversion time(DataType type, std::int64_t multiply, std::int64_t divide) {
    ArrowConversion conversion = plain(Kind::kTime, std::move(type));
    conversion.multiply = multiply;
    conversion.divide = divide;
    return conversion;
}

ArrowConversion timestamp(const ArrowSchemaView& view) {
    const bool instant = view.timezone != nullptr && view.timezone[0] != '\0';
    const DataType type = instant ? TypeId::kTimestamp : TypeId::kTimestampNtz;
    switch (view.time_unit) {
        case NANOARROW_TIME_UNIT_SECOND:
            return time(type, kMicrosPerSecond, 1);
        case NANOARROW_TIME_UNIT_MILLI:
            return time(type, 1000, 1);
        case NANOARROW_TIME_UNIT_NANO:
            return time(type, 1, 1000);
        default:
            return time(type, 1, 1);
    }
}

Result<std::string> member_name(const ArrowSchema& schema, const std::string& path) {
    const std::string name = schema.name == nullptr ? "" : schema.name;
    if (name.empty()) {
        return make_error(ErrorCode::kCorruptData, "a column{} has no name",
                          path.empty() ? "" : " in '" + path + "'");
    }
    if (!is_utf8(name)) {
        return make_error(ErrorCode::kCorruptData, "the column name '{}' is not UTF-8",
                          printable_utf8(name));
    }
    return name;
}

Result<std::vector<Field>> fields_of(const ArrowSchema& parent, const std::string& path,
                                     std::vector<ArrowConversion>& conversions) {
    Schema members;
    for (std::int64_t i = 0; i < parent.n_children; ++i) {
        const ArrowSchema& child = *parent.children[i];
        INGOT_TRY_ASSIGN(std::string name, member_name(child, path));
        const std::string child_path = path.empty() ? name : path + "." + name;
        if (members.find(name) != nullptr) {
            return make_error(ErrorCode::kUnsupported, "two columns are named '{}'", child_path);
        }
        INGOT_TRY_ASSIGN(ArrowConversion conversion, arrow_conversion(child, child_path));
        members.fields.push_back(Field{std::move(name), conversion.type, true, {}});
        conversions.push_back(std::move(conversion));
    }
    return std::move(members.fields);
}

Result<ArrowConversion> structure(const ArrowSchema& schema, const std::string& path) {
    ArrowConversion conversion = plain(Kind::kStruct, {});
    INGOT_TRY_ASSIGN(std::vector<Field> fields, fields_of(schema, path, conversion.children));
    if (fields.empty()) {
        return make_error(ErrorCode::kUnsupported, "the struct '{}' has no members", path);
    }
    conversion.type = DataType::structure(std::move(fields));
    return conversion;
}

Result<ArrowConversion> list(const ArrowSchema& schema, const std::string& path) {
    ArrowConversion conversion = plain(Kind::kList, {});
    INGOT_TRY_ASSIGN(ArrowConversion element,
                     arrow_conversion(*schema.children[0], path + ".element"));
    conversion.type = DataType::array(element.type);
    conversion.children.push_back(std::move(element));
    return conversion;
}

/// Whatever the entries are called in the stream.
Result<ArrowConversion> map(const ArrowSchema& schema, const std::string& path) {
    const ArrowSchema& entries = *schema.children[0];
    if (entries.n_children != 2) {
        return make_error(ErrorCode::kCorruptData, "the map '{}' has no key and value", path);
    }
    INGOT_TRY_ASSIGN(ArrowConversion key, arrow_conversion(*entries.children[0], path + ".key"));
    INGOT_TRY_ASSIGN(ArrowConversion value,
                     arrow_conversion(*entries.children[1], path + ".value"));
    ArrowConversion conversion = plain(Kind::kList, DataType::map(key.type, value.type));
    ArrowConversion pair = plain(Kind::kStruct, DataType::structure(conversion.type.fields()));
    pair.children.push_back(std::move(key));
    pair.children.push_back(std::move(value));
    conversion.children.push_back(std::move(pair));
    return conversion;
}

Result<ArrowConversion> decimal(const ArrowSchemaView& view, const std::string& path) {
    const bool has_place = view.decimal_precision >= 1 && view.decimal_precision <= 38 &&
                           view.decimal_scale >= 0 && view.decimal_scale <= view.decimal_precision;
    if (!has_place || view.decimal_bitwidth > 128) {
        return make_error(ErrorCode::kUnsupported,
                          "column '{}' is a decimal of {} bits with precision {} and scale {}: "
                          "cast it to one of 128 bits, of at most 38 digits",
                          path, view.decimal_bitwidth, view.decimal_precision, view.decimal_scale);
    }
    ArrowConversion conversion =
        plain(Kind::kDecimal, DataType::decimal(view.decimal_precision, view.decimal_scale));
    conversion.decimal_bits = view.decimal_bitwidth;
    return conversion;
}

Result<ArrowConversion> dictionary(const ArrowSchema& schema, const std::string& path) {
    INGOT_TRY_ASSIGN(ArrowConversion values, arrow_conversion(*schema.dictionary, path));
    ArrowConversion conversion = plain(Kind::kDictionary, values.type);
    conversion.children.push_back(std::move(values));
    return conversion;
}

int set_type(const Field& field, ArrowSchema* schema);

int set_members(const std::vector<Field>& fields, ArrowSchema* schema) {
    NANOARROW_RETURN_NOT_OK(
        ArrowSchemaSetTypeStruct(schema, static_cast<std::int64_t>(fields.size())));
    for (std::size_t i = 0; i < fields.size(); ++i) {
        NANOARROW_RETURN_NOT_OK(set_type(fields[i], schema->children[i]));
        NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema->children[i], fields[i].name.c_str()));
    }
    return NANOARROW_OK;
}

ArrowType arrow_type(TypeId id) {
    switch (id) {
        case TypeId::kBoolean:
            return NANOARROW_TYPE_BOOL;
        case TypeId::kByte:
            return NANOARROW_TYPE_INT8;
        case TypeId::kShort:
            return NANOARROW_TYPE_INT16;
        case TypeId::kInteger:
            return NANOARROW_TYPE_INT32;
        case TypeId::kLong:
            return NANOARROW_TYPE_INT64;
        case TypeId::kFloat:
            return NANOARROW_TYPE_FLOAT;
        case TypeId::kDouble:
            return NANOARROW_TYPE_DOUBLE;
        case TypeId::kString:
            return NANOARROW_TYPE_STRING;
        case TypeId::kBinary:
            return NANOARROW_TYPE_BINARY;
        case TypeId::kDate:
            return NANOARROW_TYPE_DATE32;
        case TypeId::kArray:
            return NANOARROW_TYPE_LIST;
        case TypeId::kMap:
            return NANOARROW_TYPE_MAP;
        default:
            return NANOARROW_TYPE_NA;
    }
}

int set_type(const Field& field, ArrowSchema* schema) {
    const DataType& type = field.type;
    switch (type.id()) {
        case TypeId::kDecimal:
            NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeDecimal(schema, NANOARROW_TYPE_DECIMAL128,
                                                              type.precision(), type.scale()));
            break;
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeDateTime(
                schema, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO,
                type.id() == TypeId::kTimestamp ? "UTC" : nullptr));
            break;
        case TypeId::kStruct:
            NANOARROW_RETURN_NOT_OK(set_members(type.fields(), schema));
            break;
        default:
            NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema, arrow_type(type.id())));
            break;
    }
    if (type.id() == TypeId::kArray) {
        NANOARROW_RETURN_NOT_OK(set_type(type.fields()[0], schema->children[0]));
    } else if (type.id() == TypeId::kMap) {
        ArrowSchema* entries = schema->children[0];
        NANOARROW_RETURN_NOT_OK(set_type(type.fields()[0], entries->children[0]));
        NANOARROW_RETURN_NOT_OK(set_type(type.fields()[1], entries->children[1]));
        entries->children[0]->flags &= ~ARROW_FLAG_NULLABLE;
    }
    if (!field.nullable) schema->flags &= ~ARROW_FLAG_NULLABLE;
    return NANOARROW_OK;
}

/// The elements of a list, as rows of its child.
std::pair<std::int64_t, std::int64_t> element_range(const ArrowArrayView& view, std::int64_t row) {
    const std::int64_t at = view.offset + row;
    if (view.storage_type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
        const std::int64_t size = view.layout.child_size_elements;
        return {at * size, (at + 1) * size};
    }
    return {ArrowArrayViewListChildOffset(&view, at), ArrowArrayViewListChildOffset(&view, at + 1)};
}

Int128 power_of_ten(int exponent) {
    Int128 power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

void count_parts(const ArrowArrayView& view, ArrowParts& parts) {
    ++parts.nodes;
    for (const ArrowBufferType type : view.layout.buffer_type) {
        parts.buffers += type != NANOARROW_BUFFER_TYPE_NONE ? 1 : 0;
    }
    for (std::int64_t i = 0; i < view.n_children; ++i) count_parts(*view.children[i], parts);
}

}  // namespace

Result<ArrowConversion> arrow_conversion(const ArrowSchema& schema, const std::string& path) {
    ArrowSchemaView view;
    ArrowError error{};
    if (ArrowSchemaViewInit(&view, &schema, &error) != NANOARROW_OK) {
        return make_error(ErrorCode::kCorruptData, "column '{}': {}", path, error.message);
    }
    switch (view.type) {
        case NANOARROW_TYPE_NA:
            return plain(Kind::kNull, TypeId::kVoid);
        case NANOARROW_TYPE_BOOL:
            return plain(Kind::kBoolean, TypeId::kBoolean);
        case NANOARROW_TYPE_INT8:
            return plain(Kind::kInteger, TypeId::kByte);
        case NANOARROW_TYPE_UINT8:
        case NANOARROW_TYPE_INT16:
            return plain(Kind::kInteger, TypeId::kShort);
        case NANOARROW_TYPE_UINT16:
        case NANOARROW_TYPE_INT32:
            return plain(Kind::kInteger, TypeId::kInteger);
        case NANOARROW_TYPE_UINT32:
        case NANOARROW_TYPE_INT64:
            return plain(Kind::kInteger, TypeId::kLong);
        case NANOARROW_TYPE_UINT64:
            return plain(Kind::kUnsigned, DataType::decimal(20, 0));
        case NANOARROW_TYPE_HALF_FLOAT:
        case NANOARROW_TYPE_FLOAT:
            return plain(Kind::kDouble, TypeId::kFloat);
        case NANOARROW_TYPE_DOUBLE:
            return plain(Kind::kDouble, TypeId::kDouble);
        case NANOARROW_TYPE_DECIMAL32:
        case NANOARROW_TYPE_DECIMAL64:
        case NANOARROW_TYPE_DECIMAL128:
        case NANOARROW_TYPE_DECIMAL256:
            return decimal(view, path);
        case NANOARROW_TYPE_STRING:
        case NANOARROW_TYPE_LARGE_STRING:
            return plain(Kind::kText, TypeId::kString);
        case NANOARROW_TYPE_BINARY:
        case NANOARROW_TYPE_LARGE_BINARY:
            return plain(Kind::kText, TypeId::kBinary);
        case NANOARROW_TYPE_FIXED_SIZE_BINARY:
            if (view.fixed_size > kFixedBytesMax) {
                return make_error(ErrorCode::kUnsupported,
                                  "column '{}' has values of {} bytes each: at most {}", path,
                                  view.fixed_size, kFixedBytesMax);
            }
            return plain(Kind::kText, TypeId::kBinary);
        case NANOARROW_TYPE_DATE32:
            return time(TypeId::kDate, 1, 1);
        case NANOARROW_TYPE_DATE64:
            return time(TypeId::kDate, 1, kMillisPerDay);
        case NANOARROW_TYPE_TIMESTAMP:
            return timestamp(view);
        case NANOARROW_TYPE_STRUCT:
            return structure(schema, path);
        case NANOARROW_TYPE_LIST:
        case NANOARROW_TYPE_LARGE_LIST:
        case NANOARROW_TYPE_FIXED_SIZE_LIST:
            return list(schema, path);
        case NANOARROW_TYPE_MAP:
            return map(schema, path);
        case NANOARROW_TYPE_DICTIONARY:
            return dictionary(schema, path);
        default:
            return make_error(ErrorCode::kUnsupported,
                              "column '{}' has the Arrow type {}, which a table has no type for: "
                              "cast it to a number or a text",
                              path, type_text(schema));
    }
}

Result<std::vector<Field>> arrow_fields(const ArrowSchema& root,
                                        std::vector<ArrowConversion>& conversions) {
    return fields_of(root, "", conversions);
}

Result<ArrowParts> arrow_parts(const ArrowSchema& schema) {
    nanoarrow::UniqueArrayView view;
    ArrowError error{};
    if (ArrowArrayViewInitFromSchema(view.get(), &schema, &error) != NANOARROW_OK) {
        return make_error(ErrorCode::kUnsupported, "{}", error.message);
    }
    ArrowParts parts;
    count_parts(*view.get(), parts);
    return parts;
}

Result<nanoarrow::UniqueSchema> arrow_schema(const Schema& schema) {
    nanoarrow::UniqueSchema root;
    ArrowSchemaInit(root.get());
    if (set_members(schema.fields, root.get()) != NANOARROW_OK) {
        return make_error(ErrorCode::kInternal, "no Arrow schema for these columns");
    }
    return root;
}

bool ArrowAppender::append(const ArrowArrayView& view, const ArrowConversion& conversion,
                           std::int64_t row, ColumnBuilder& into) {
    if (!count(sizeof(std::int64_t))) return false;
    if (conversion.kind == Kind::kNull || ArrowArrayViewIsNull(&view, row) != 0) {
        into.append_null();
        return true;
    }
    switch (conversion.kind) {
        case Kind::kBoolean:
            into.append_boolean(ArrowArrayViewGetIntUnsafe(&view, row) != 0);
            return true;
        case Kind::kInteger:
            into.append_integer(ArrowArrayViewGetIntUnsafe(&view, row));
            return true;
        case Kind::kUnsigned:
            into.append_decimal(static_cast<Int128>(ArrowArrayViewGetUIntUnsafe(&view, row)));
            return true;
        case Kind::kDouble:
            into.append_double(ArrowArrayViewGetDoubleUnsafe(&view, row));
            return true;
        case Kind::kDecimal:
            return append_decimal(view, conversion, row, into);
        case Kind::kText:
            return append_text(view, conversion.type, row, into);
        case Kind::kTime:
            return append_time(view, conversion, row, into);
        case Kind::kStruct:
            return append_struct(view, conversion, row, into);
        case Kind::kList:
            return append_list(view, conversion, row, into);
        case Kind::kDictionary:
            return append_from_dictionary(view, conversion, row, into);
        case Kind::kNull:
            break;
    }
    return refuse("an unknown conversion");
}

bool ArrowAppender::refuse(std::string why) {
    problem_ = std::move(why);
    return false;
}

bool ArrowAppender::count(std::size_t bytes) {
    bytes_ += bytes;
    return bytes_ - row_begin_ <= kRowBytesMax || refuse("a row of more than 1 GiB");
}

bool ArrowAppender::append_text(const ArrowArrayView& view, const DataType& type, std::int64_t row,
                                ColumnBuilder& into) {
    const ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(&view, row);
    const std::string_view text(bytes.data.as_char, static_cast<std::size_t>(bytes.size_bytes));
    if (!count(text.size())) return false;
    if (type.id() == TypeId::kString && !is_utf8(text)) {
        return refuse("the text '" + shortened(text, 40) + "' is not UTF-8");
    }
    into.append_text(text);
    return true;
}

bool ArrowAppender::append_decimal(const ArrowArrayView& view, const ArrowConversion& conversion,
                                   std::int64_t row, ColumnBuilder& into) {
    Int128 value = 0;
    if (conversion.decimal_bits == 128) {
        const auto at = static_cast<std::size_t>(view.offset + row) * sizeof(value);
        std::memcpy(&value, view.buffer_views[1].data.as_uint8 + at, sizeof(value));
    } else if (conversion.decimal_bits == 64) {
        value = view.buffer_views[1].data.as_int64[view.offset + row];
    } else {
        value = view.buffer_views[1].data.as_int32[view.offset + row];
    }
    const Int128 limit = power_of_ten(conversion.type.precision());
    if (value >= limit || value <= -limit) {
        return refuse("a value has more digits than " + conversion.type.to_string());
    }
    into.append_decimal(value);
    return true;
}

bool ArrowAppender::append_time(const ArrowArrayView& view, const ArrowConversion& conversion,
                                std::int64_t row, ColumnBuilder& into) {
    const std::int64_t stored = ArrowArrayViewGetIntUnsafe(&view, row);
    std::int64_t value = 0;
    const bool overflows = __builtin_mul_overflow(stored, conversion.multiply, &value);
    const std::int64_t below_zero = value % conversion.divide < 0 ? 1 : 0;
    value = value / conversion.divide - below_zero;
    const bool is_date = conversion.type.id() == TypeId::kDate;
    if (overflows || (is_date && value != static_cast<std::int32_t>(value))) {
        return refuse(
            fmt::format("{} is out of the range of a {}", stored, conversion.type.to_string()));
    }
    into.append_integer(value);
    return true;
}

bool ArrowAppender::append_struct(const ArrowArrayView& view, const ArrowConversion& conversion,
                                  std::int64_t row, ColumnBuilder& into) {
    for (std::size_t i = 0; i < conversion.children.size(); ++i) {
        if (!append(*view.children[i], conversion.children[i], view.offset + row, into.child(i))) {
            return false;
        }
    }
    into.append_struct();
    return true;
}

bool ArrowAppender::append_list(const ArrowArrayView& view, const ArrowConversion& conversion,
                                std::int64_t row, ColumnBuilder& into) {
    const bool is_map = conversion.type.id() == TypeId::kMap;
    const ArrowArrayView& elements = *view.children[0];
    const auto [begin, end] = element_range(view, row);
    for (std::int64_t at = begin; at < end; ++at) {
        if (is_map && (ArrowArrayViewIsNull(&elements, at) != 0 ||
                       ArrowArrayViewIsNull(elements.children[0], elements.offset + at) != 0)) {
            return refuse("a key of a map is null");
        }
        if (!append(elements, conversion.children[0], at, into.child(0))) return false;
    }
    into.append_list();
    return true;
}

bool ArrowAppender::append_from_dictionary(const ArrowArrayView& view,
                                           const ArrowConversion& conversion, std::int64_t row,
                                           ColumnBuilder& into) {
    const std::int64_t index = ArrowArrayViewGetIntUnsafe(&view, row);
    if (view.dictionary == nullptr || index < 0 || index >= view.dictionary->length) {
        return refuse(fmt::format("{} is no index of the dictionary", index));
    }
    return append(*view.dictionary, conversion.children[0], index, into);
}

}  // namespace ingot::format
