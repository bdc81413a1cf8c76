#pragma once
// A value as YAML or JSON writes it: for parameters, seeds of unit tests, accepted values,
// matrices.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"
#include "base/scalar.hpp"

namespace ingot::project {

class Value;
using ValueList = std::vector<Value>;
using ValueMap = std::vector<std::pair<std::string, Value>>;  ///< In the order of the text.

/// Immutable after it is built.
class Value {
public:
    Value() = default;                                      ///< null
    Value(bool value) : value_(value) {}                    // NOLINT(google-explicit-constructor)
    Value(std::int64_t value) : value_(value) {}            // NOLINT(google-explicit-constructor)
    Value(double value) : value_(value) {}                  // NOLINT(google-explicit-constructor)
    Value(std::string value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
    Value(ValueList value) : value_(std::move(value)) {}    // NOLINT(google-explicit-constructor)
    Value(ValueMap value) : value_(std::move(value)) {}     // NOLINT(google-explicit-constructor)

    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    const bool* boolean() const { return std::get_if<bool>(&value_); }
    const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
    const double* number() const { return std::get_if<double>(&value_); }
    const std::string* text() const { return std::get_if<std::string>(&value_); }
    const ValueList* list() const { return std::get_if<ValueList>(&value_); }
    const ValueMap* map() const { return std::get_if<ValueMap>(&value_); }

    /// JSON text; a string with its quotes.
    std::string to_json() const;
    /// What a template puts in for it: a string without quotes, else as JSON.
    std::string to_text() const;
    /// A SQL literal: `NULL`, `TRUE`, `7`, `2.5`, `'it''s'`, `[1, 2]`, `{'a': 1}`.
    std::string to_sql() const;
    /// "null", "boolean", "integer", "number", "string", "array", "object": JSON Schema's words.
    std::string_view type_name() const;

    /// As a value of a primitive type: integers widen, strings are read as dates and timestamps.
    /// kInvalidArgument when it does not fit.
    Result<Scalar> to_scalar(const DataType& type) const;
    /// The SQL type that the value has by itself: boolean, long, double, string, array of its
    /// elements' common type, struct of its members.
    DataType natural_type() const;

    friend bool operator==(const Value&, const Value&) = default;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, ValueList, ValueMap>
        value_;
};

}  // namespace ingot::project
