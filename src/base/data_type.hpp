#pragma once
// The one type system of Ingot: the primitive and nested types of the Delta protocol.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot {

/// Delta's own type names. A timestamp is an instant (UTC), microseconds since the epoch;
/// timestamp_ntz has no zone. kVoid has no values but nulls (a column of an unfinished schema;
/// never written to a data file).
enum class TypeId : std::uint8_t {
    kVoid,
    kBoolean,
    kByte,
    kShort,
    kInteger,
    kLong,
    kFloat,
    kDouble,
    kDecimal,
    kString,
    kBinary,
    kDate,
    kTimestamp,
    kTimestampNtz,
    kStruct,
    kArray,
    kMap,
};

struct Field;

/// An immutable type; copies are cheap (nested parts are shared). Equality compares names,
/// nullability and nested types, and ignores field metadata.
class DataType {
public:
    DataType() = default;
    DataType(TypeId primitive);  // NOLINT(google-explicit-constructor): TypeId::kLong reads as the
                                 // type itself
    /// Requires 1 <= precision <= 38 and 0 <= scale <= precision.
    static DataType decimal(int precision, int scale);
    /// A string that holds JSON text. It equals the plain string: only readers of files make a
    /// difference.
    static DataType json();
    static DataType structure(std::vector<Field> fields);
    static DataType array(DataType element, bool contains_null = true);
    static DataType map(DataType key, DataType value, bool value_contains_null = true);

    TypeId id() const { return id_; }
    bool is_nested() const {
        return id_ == TypeId::kStruct || id_ == TypeId::kArray || id_ == TypeId::kMap;
    }
    bool is_numeric() const;
    bool is_json() const { return is_json_; }
    int precision() const { return precision_; }
    int scale() const { return scale_; }
    /// Struct: its fields. Array: one field `element`. Map: two fields `key` and `value`. Else
    /// empty.
    const std::vector<Field>& fields() const;

    /// As in Delta's schema text: `long`, `decimal(10,2)`, `struct<id:long,name:string>`,
    /// `array<string>`, `map<string,long>`.
    std::string to_string() const;
    friend bool operator==(const DataType& a, const DataType& b);

private:
    TypeId id_ = TypeId::kVoid;
    std::uint8_t precision_ = 0;
    std::uint8_t scale_ = 0;
    bool is_json_ = false;
    std::shared_ptr<const std::vector<Field>> fields_;
};

/// A named column or struct member. `metadata` maps a key to its value as JSON text (Delta's field
/// metadata, kept whole).
struct Field {
    std::string name;
    DataType type;
    bool nullable = true;
    std::map<std::string, std::string> metadata = {};

    friend bool operator==(const Field& a, const Field& b) {
        return a.name == b.name && a.nullable == b.nullable && a.type == b.type;
    }
};

/// The columns of a table or batch, in order. Names are compared without case, as Delta and SQL do.
struct Schema {
    std::vector<Field> fields;

    std::optional<std::size_t> index_of(std::string_view name) const;
    const Field* find(std::string_view name) const;
    friend bool operator==(const Schema&, const Schema&) = default;
};

/// Reads a type as people write it, SQL or Delta spelling, any case: `bigint`, `long`, `varchar`,
/// `decimal(10, 2)`, `struct(id bigint, name varchar)`, `struct<id:long>`, `bigint[]`,
/// `array<long>`, `map(varchar, bigint)`, `timestamptz` (an instant), `timestamp` (SQL: no zone, so
/// timestamp_ntz), `json` (a string). Errors name the offending part.
Result<DataType> parse_data_type(std::string_view text);

/// The SQL spelling that DuckDB accepts, e.g. `STRUCT("id" BIGINT)`.
std::string sql_type_name(const DataType& type);

/// The narrowest type that holds every value of both without loss (int -> long -> decimal, int ->
/// double, date -> timestamp_ntz, void -> anything, structs by union of their fields), or nothing.
std::optional<DataType> common_type(const DataType& a, const DataType& b);

}  // namespace ingot
