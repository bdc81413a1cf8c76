#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/column_batch.hpp"
#include "base/data_type.hpp"
#include "base/int128.hpp"

namespace ingot {

/// One typed value, null included. Integers, date (days) and timestamps (microseconds) are held as
/// int64; float as double; decimal as its unscaled 128-bit value. Only primitive types.
class Scalar {
public:
    Scalar() = default;  ///< A null of type void.
    static Scalar null(DataType type);
    static Scalar boolean(bool value);
    static Scalar integer(DataType type, std::int64_t value);  ///< byte .. long, date, timestamps
    static Scalar floating(DataType type, double value);
    static Scalar decimal(DataType type, Int128 unscaled);
    static Scalar text(std::string value);
    static Scalar binary(std::string bytes);

    const DataType& type() const { return type_; }
    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    bool as_boolean() const { return std::get<bool>(value_); }
    std::int64_t as_integer() const { return std::get<std::int64_t>(value_); }
    double as_double() const { return std::get<double>(value_); }
    Int128 as_decimal() const { return std::get<Int128>(value_); }
    const std::string& as_text() const { return std::get<std::string>(value_); }

    /// For people: `2015-01-01`, `3.50`, `abc`, `null`.
    std::string to_string() const;
    /// A SQL literal with its type, quoted: `TIMESTAMPTZ '2015-01-01T00:00:00Z'`, `'it''s'`,
    /// `CAST(NULL AS BIGINT)`.
    std::string to_sql() const;

    friend bool operator==(const Scalar& a, const Scalar& b) {
        return a.type_ == b.type_ && a.value_ == b.value_;
    }

private:
    using Value = std::variant<std::monostate, bool, std::int64_t, double, Int128, std::string>;
    Scalar(DataType type, Value value) : type_(std::move(type)), value_(std::move(value)) {}
    DataType type_;
    Value value_;
};

/// <0, 0, >0; nothing when either is null or the types cannot be compared. Strings by UTF-8 bytes.
/// NaN is greatest.
std::optional<int> compare(const Scalar& a, const Scalar& b);

/// One value of a column of a primitive type.
Scalar scalar_at(const Column& column, std::int64_t row);

}  // namespace ingot
