#pragma once
// YAML text as a tree in which every value knows its place. The only file pair that sees yaml-cpp.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "project/names.hpp"
#include "project/problems_internal.hpp"
#include "project/value.hpp"

namespace ingot::project {

/// Where a text lies in its file, when it is only a part of it (front matter). From 1.
struct TextOrigin {
    std::string_view file;
    int line = 1;
    int column = 1;  ///< Of the first line.
};

struct YamlNode {
    enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
    struct Entry;

    Kind kind = Kind::kNull;
    bool quoted = false;
    int line = 0;
    int column = 0;
    std::string text;             ///< kScalar.
    std::vector<YamlNode> items;  ///< kList.
    std::vector<Entry> entries;   ///< kMap, in order.

    const YamlNode* find(std::string_view key) const;
    /// "a map", "a list", "the text 'x'", "the number 3", ...
    std::string describe() const;
    /// The value with YAML's core types: an unquoted `3` is an integer, `true` a boolean.
    Value value() const;
};

struct YamlNode::Entry {
    std::string key;
    int line = 0;
    int column = 0;
    YamlNode value;
};

/// Reads one document. Wrong text is reported with its place, and what could be read before it is
/// returned. An empty text is kNull. Refused: anchors, aliases, tags, several documents, keys that
/// are not plain text, repeated keys.
YamlNode read_yaml(std::string_view text, const TextOrigin& origin, Problems& problems);

/// YAML's core scalars (of an unquoted text).
bool yaml_is_null(std::string_view text);
std::optional<bool> yaml_boolean(std::string_view text);  ///< true false on off yes no, any case.
std::optional<std::int64_t> yaml_integer(std::string_view text);
std::optional<double> yaml_number(std::string_view text);

}  // namespace ingot::project
