#pragma once
// The project format as data: what each value may be, and what each key means. The reader checks
// against it, the JSON Schema for editors and the reference in docs/guide are printed from it.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "project/problems_internal.hpp"
#include "project/yaml_internal.hpp"

namespace ingot::project {

struct Shape;
using ShapePtr = std::shared_ptr<const Shape>;

/// What a scalar must read as.
enum class ScalarKind : std::uint8_t {
    kText,        ///< Any scalar, as written.
    kIdentifier,  ///< Letters, digits, '_'.
    kInteger,
    kNumber,
    kBoolean,
    kDuration,   ///< 90s, 6h, 7d
    kTimestamp,  ///< 2015-01-01T00
    kShare,      ///< 50% or 0.5
    kBytes,      ///< 16MB
    kSql,        ///< An expression or statement; checked later, with the rest of the SQL.
    kColumn,
    kTable,  ///< layer.name
    kType,   ///< bigint, struct(id bigint)
    kTemplate,
    kWindowUnit,
    kTimezone,
};

struct Choice {
    std::string name;
    std::string doc;
    std::string not_yet = {};  ///< What using it is refused for, for now; empty: usable.
};

struct Key {
    std::string name;
    ShapePtr shape;
    std::string doc;
    bool required = false;
    std::string not_yet = {};

    Key require() && {
        required = true;
        return std::move(*this);
    }
    Key later(std::string what) && {
        not_yet = std::move(what);
        return std::move(*this);
    }
};

struct Shape {
    enum class Kind : std::uint8_t { kScalar, kChoice, kList, kMap, kObject, kEither, kAny };
    Kind kind = Kind::kAny;
    ScalarKind scalar = ScalarKind::kText;
    std::vector<Choice> choices;
    ShapePtr element;  ///< kList, kMap.
    ScalarKind map_key = ScalarKind::kText;
    std::size_t min_items = 0;
    std::size_t max_items = ~std::size_t{0};
    std::string name;       ///< kObject: "source", "check"; names the section of the reference.
    std::vector<Key> keys;  ///< kObject.
    std::vector<std::string> one;        ///< kObject: exactly one of these keys is given.
    std::vector<ShapePtr> alternatives;  ///< kEither.

    const Key* find_key(std::string_view key) const;
};

/// Reports everything in which `node` is not of the shape. `what` names the value in messages:
/// "'retries'". True when nothing was reported.
bool check_shape(const YamlNode& node, const Shape& shape, std::string_view file,
                 const std::string& what, Problems& problems);

/// In words: "a whole number", "a list of columns", "ndjson, json or csv".
std::string describe_shape(const Shape& shape);

/// The shapes of the files of a project.
struct FormatShapes {
    ShapePtr project;
    ShapePtr source;
    ShapePtr model;
    ShapePtr seed;
    ShapePtr table_check;
    ShapePtr pipeline;
};
const FormatShapes& format_shapes();

}  // namespace ingot::project
