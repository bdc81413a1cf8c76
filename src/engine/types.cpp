#include <algorithm>

#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

duckdb::hugeint_t to_hugeint(Int128 value) {
    duckdb::hugeint_t result;
    result.lower = static_cast<std::uint64_t>(value);
    result.upper = static_cast<std::int64_t>(value >> 64);
    return result;
}

Int128 from_hugeint(duckdb::hugeint_t value) {
    return (static_cast<Int128>(value.upper) << 64) | static_cast<Int128>(value.lower);
}

duckdb::Value decimal_value(const DataType& type, Int128 unscaled) {
    const auto width = static_cast<std::uint8_t>(type.precision());
    const auto scale = static_cast<std::uint8_t>(type.scale());
    if (width <= duckdb::Decimal::MAX_WIDTH_INT64) {
        return duckdb::Value::DECIMAL(static_cast<std::int64_t>(unscaled), width, scale);
    }
    return duckdb::Value::DECIMAL(to_hugeint(unscaled), width, scale);
}

Int128 decimal_unscaled(const duckdb::Value& value) {
    switch (value.type().InternalType()) {
        case duckdb::PhysicalType::INT16:
            return value.GetValueUnsafe<std::int16_t>();
        case duckdb::PhysicalType::INT32:
            return value.GetValueUnsafe<std::int32_t>();
        case duckdb::PhysicalType::INT64:
            return value.GetValueUnsafe<std::int64_t>();
        default:
            return from_hugeint(value.GetValueUnsafe<duckdb::hugeint_t>());
    }
}

Result<DataType> from_struct(const LogicalType& type) {
    std::vector<Field> fields;
    for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
        INGOT_TRY_ASSIGN_WITH(auto field_type, from_logical_type(child), "in member " + name);
        fields.push_back(Field{name, std::move(field_type), true, {}});
    }
    return DataType::structure(std::move(fields));
}

}  // namespace

LogicalType to_logical_type(const DataType& type) {
    switch (type.id()) {
        case TypeId::kVoid:
            return LogicalType::SQLNULL;
        case TypeId::kBoolean:
            return LogicalType::BOOLEAN;
        case TypeId::kByte:
            return LogicalType::TINYINT;
        case TypeId::kShort:
            return LogicalType::SMALLINT;
        case TypeId::kInteger:
            return LogicalType::INTEGER;
        case TypeId::kLong:
            return LogicalType::BIGINT;
        case TypeId::kFloat:
            return LogicalType::FLOAT;
        case TypeId::kDouble:
            return LogicalType::DOUBLE;
        case TypeId::kDecimal:
            return LogicalType::DECIMAL(static_cast<std::uint8_t>(type.precision()),
                                        static_cast<std::uint8_t>(type.scale()));
        case TypeId::kString:
            return LogicalType::VARCHAR;
        case TypeId::kBinary:
            return LogicalType::BLOB;
        case TypeId::kDate:
            return LogicalType::DATE;
        case TypeId::kTimestamp:
            return LogicalType::TIMESTAMP_TZ;
        case TypeId::kTimestampNtz:
            return LogicalType::TIMESTAMP;
        case TypeId::kArray:
            return LogicalType::LIST(to_logical_type(type.fields()[0].type));
        case TypeId::kMap:
            return LogicalType::MAP(to_logical_type(type.fields()[0].type),
                                    to_logical_type(type.fields()[1].type));
        case TypeId::kStruct: {
            duckdb::child_list_t<LogicalType> children;
            for (const auto& field : type.fields()) {
                children.emplace_back(field.name, to_logical_type(field.type));
            }
            return LogicalType::STRUCT(std::move(children));
        }
    }
    return LogicalType::SQLNULL;
}

Result<DataType> from_logical_type(const LogicalType& type) {
    switch (type.id()) {
        case LogicalTypeId::SQLNULL:
            return DataType(TypeId::kVoid);
        case LogicalTypeId::BOOLEAN:
            return DataType(TypeId::kBoolean);
        case LogicalTypeId::TINYINT:
            return DataType(TypeId::kByte);
        case LogicalTypeId::SMALLINT:
        case LogicalTypeId::UTINYINT:
            return DataType(TypeId::kShort);
        case LogicalTypeId::INTEGER:
        case LogicalTypeId::USMALLINT:
            return DataType(TypeId::kInteger);
        case LogicalTypeId::BIGINT:
        case LogicalTypeId::UINTEGER:
            return DataType(TypeId::kLong);
        case LogicalTypeId::UBIGINT:
            return DataType::decimal(20, 0);
        case LogicalTypeId::HUGEINT:
        case LogicalTypeId::UHUGEINT:
            return DataType::decimal(38, 0);
        case LogicalTypeId::FLOAT:
            return DataType(TypeId::kFloat);
        case LogicalTypeId::DOUBLE:
            return DataType(TypeId::kDouble);
        case LogicalTypeId::DECIMAL:
            return DataType::decimal(duckdb::DecimalType::GetWidth(type),
                                     duckdb::DecimalType::GetScale(type));
        case LogicalTypeId::VARCHAR:
        case LogicalTypeId::CHAR:
        case LogicalTypeId::ENUM:
        case LogicalTypeId::UUID:
        case LogicalTypeId::INTERVAL:
        case LogicalTypeId::TIME:
        case LogicalTypeId::TIME_NS:
        case LogicalTypeId::TIME_TZ:
        case LogicalTypeId::BIT:
        case LogicalTypeId::BIGNUM:
        case LogicalTypeId::STRING_LITERAL:
            return DataType(TypeId::kString);
        case LogicalTypeId::INTEGER_LITERAL:
            return DataType(TypeId::kLong);
        case LogicalTypeId::BLOB:
            return DataType(TypeId::kBinary);
        case LogicalTypeId::DATE:
            return DataType(TypeId::kDate);
        case LogicalTypeId::TIMESTAMP:
        case LogicalTypeId::TIMESTAMP_SEC:
        case LogicalTypeId::TIMESTAMP_MS:
        case LogicalTypeId::TIMESTAMP_NS:
            return DataType(TypeId::kTimestampNtz);
        case LogicalTypeId::TIMESTAMP_TZ:
            return DataType(TypeId::kTimestamp);
        case LogicalTypeId::STRUCT:
            return from_struct(type);
        case LogicalTypeId::LIST: {
            INGOT_TRY_ASSIGN(auto element, from_logical_type(duckdb::ListType::GetChildType(type)));
            return DataType::array(std::move(element));
        }
        case LogicalTypeId::ARRAY: {
            INGOT_TRY_ASSIGN(auto element,
                             from_logical_type(duckdb::ArrayType::GetChildType(type)));
            return DataType::array(std::move(element));
        }
        case LogicalTypeId::MAP: {
            INGOT_TRY_ASSIGN(auto key, from_logical_type(duckdb::MapType::KeyType(type)));
            INGOT_TRY_ASSIGN(auto value, from_logical_type(duckdb::MapType::ValueType(type)));
            return DataType::map(std::move(key), std::move(value));
        }
        default:
            return make_error(
                ErrorCode::kUnsupported,
                "values of type {} cannot leave the engine; cast them to another type",
                type.ToString());
    }
}

duckdb::Value to_value(const Scalar& scalar) {
    const auto logical = to_logical_type(scalar.type());
    if (scalar.is_null()) {
        return duckdb::Value(logical);
    }
    switch (scalar.type().id()) {
        case TypeId::kBoolean:
            return duckdb::Value::BOOLEAN(scalar.as_boolean());
        case TypeId::kByte:
            return duckdb::Value::TINYINT(static_cast<std::int8_t>(scalar.as_integer()));
        case TypeId::kShort:
            return duckdb::Value::SMALLINT(static_cast<std::int16_t>(scalar.as_integer()));
        case TypeId::kInteger:
            return duckdb::Value::INTEGER(static_cast<std::int32_t>(scalar.as_integer()));
        case TypeId::kFloat:
            return duckdb::Value::FLOAT(static_cast<float>(scalar.as_double()));
        case TypeId::kDouble:
            return duckdb::Value::DOUBLE(scalar.as_double());
        case TypeId::kDecimal:
            return decimal_value(scalar.type(), scalar.as_decimal());
        case TypeId::kString:
            return duckdb::Value(scalar.as_text());
        case TypeId::kBinary:
            return duckdb::Value::BLOB_RAW(scalar.as_text());
        case TypeId::kDate:
            return duckdb::Value::DATE(
                duckdb::date_t(static_cast<std::int32_t>(scalar.as_integer())));
        case TypeId::kTimestamp:
            return duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(scalar.as_integer()));
        case TypeId::kTimestampNtz:
            return duckdb::Value::TIMESTAMP(duckdb::timestamp_t(scalar.as_integer()));
        default:
            return duckdb::Value::BIGINT(scalar.as_integer());
    }
}

Result<Scalar> from_value(const duckdb::Value& value) {
    INGOT_TRY_ASSIGN(const auto type, from_logical_type(value.type()));
    if (value.IsNull()) {
        return Scalar::null(type);
    }
    switch (value.type().id()) {
        case LogicalTypeId::BOOLEAN:
            return Scalar::boolean(duckdb::BooleanValue::Get(value));
        case LogicalTypeId::TINYINT:
        case LogicalTypeId::SMALLINT:
        case LogicalTypeId::INTEGER:
        case LogicalTypeId::BIGINT:
        case LogicalTypeId::UTINYINT:
        case LogicalTypeId::USMALLINT:
        case LogicalTypeId::UINTEGER:
            return Scalar::integer(type, value.GetValue<std::int64_t>());
        case LogicalTypeId::FLOAT:
        case LogicalTypeId::DOUBLE:
            return Scalar::floating(type, value.GetValue<double>());
        case LogicalTypeId::DECIMAL:
            return Scalar::decimal(type, decimal_unscaled(value));
        case LogicalTypeId::UBIGINT:
            return Scalar::decimal(type, static_cast<Int128>(value.GetValue<std::uint64_t>()));
        case LogicalTypeId::HUGEINT:
            return Scalar::decimal(type, from_hugeint(duckdb::HugeIntValue::Get(value)));
        case LogicalTypeId::DATE:
            return Scalar::integer(type, duckdb::DateValue::Get(value).days);
        case LogicalTypeId::TIMESTAMP:
        case LogicalTypeId::TIMESTAMP_TZ:
            return Scalar::integer(type, value.GetValueUnsafe<std::int64_t>());
        case LogicalTypeId::BLOB:
            return Scalar::binary(duckdb::StringValue::Get(value));
        case LogicalTypeId::VARCHAR:
            return Scalar::text(duckdb::StringValue::Get(value));
        default:
            return make_error(ErrorCode::kUnsupported, "a value of type {} is not a single value",
                              value.type().ToString());
    }
}

Result<Schema> to_schema(const duckdb::vector<std::string>& names,
                         const duckdb::vector<LogicalType>& types) {
    Schema schema;
    for (std::size_t i = 0; i < names.size(); ++i) {
        INGOT_TRY_ASSIGN_WITH(auto type, from_logical_type(types[i]), "in column " + names[i]);
        schema.fields.push_back(Field{names[i], std::move(type), true, {}});
    }
    return schema;
}

}  // namespace ingot::engine
