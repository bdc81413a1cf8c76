#pragma once
// What a JSON value has to look like: checks values, and says the same as JSON Schema.
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot::server {

using Json = nlohmann::ordered_json;

/// What is wrong with one value. `field` is its way from the top: `window.start`, `tasks[2]`.
struct Violation {
    std::string field;
    std::string message;
};

/// Immutable; copies share what they describe.
class Schema {
public:
    struct Field;

    static Schema any();
    static Schema boolean();
    static Schema integer();
    static Schema number();
    static Schema text();
    /// ISO 8601, such as `2015-01-01T15:00:08Z`.
    static Schema date_time();
    static Schema one_of(std::vector<std::string> values);
    static Schema array(Schema items);
    /// Unknown keys are violations.
    static Schema object(std::vector<Field> fields);
    /// An object with keys of any name.
    static Schema map(Schema values);
    /// `{"items": [...], "next": cursor or null}`
    static Schema page(Schema items);

    Schema nullable() const;
    Schema at_least(std::int64_t least) const;
    Schema at_most(std::int64_t most) const;
    Schema length(std::size_t least, std::size_t most) const;
    Schema items_at_most(std::size_t most) const;
    /// Letters, digits, `_`, `-`, `.` and the like: a regular expression that the whole text obeys.
    Schema pattern(std::string expression) const;
    Schema described(std::string description) const;
    /// Kept once, under components.schemas.
    Schema named(std::string name) const;

    /// All violations, at most 20.
    std::vector<Violation> check(const Json& value) const;
    /// A text of a path or a query as the value that it means: a number, a boolean, or itself.
    Result<Json> parse(std::string_view text) const;
    /// JSON Schema as OpenAPI 3.1 has it; named ones go to `components` and are referred to.
    Json describe(Json& components) const;

private:
    struct Node;
    explicit Schema(Node node);
    std::shared_ptr<const Node> node_;
    friend struct SchemaCheck;
};

struct Schema::Field {
    std::string name;
    Schema schema;
    bool required = true;
};
inline Schema::Field optional_field(std::string name, Schema schema) {
    return {std::move(name), std::move(schema), false};
}

/// JSON with at most 64 levels and 100,000 values; keys that come twice are refused. The error says
/// where it breaks.
Result<Json> parse_json(std::string_view text);

}  // namespace ingot::server
