#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/names.hpp"
#include "project/value.hpp"

namespace ingot::project {

/// A parameter with a JSON Schema type.
struct Param {
    enum class Type : std::uint8_t { kString, kInteger, kNumber, kBoolean, kArray, kObject };
    std::string name;
    Type type = Type::kString;
    std::string format;  ///< string: empty, `date`, `date-time`, `uri`.
    std::optional<Value> default_value;
    std::vector<Value> accepted;  ///< JSON Schema's `enum`; empty: any.
    std::optional<double> minimum;
    std::optional<double> maximum;
    std::optional<std::string> pattern;  ///< ECMAScript, as JSON Schema says: found anywhere.
    std::optional<Type> items;           ///< array: the type of its elements.
    std::string description;
    SourcePlace place;

    /// Checks a value; kInvalidArgument says what is expected and what was found.
    Status validate(const Value& value) const;
    /// Reads `--param name=text`: by the type; arrays and objects as JSON. Validated.
    Result<Value> parse(std::string_view text) const;
    /// How `$params.name` is bound in SQL.
    DataType data_type() const;
};

}  // namespace ingot::project
