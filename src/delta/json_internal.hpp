#pragma once
// JSON out, and the few places where a JSON value is looked into without an action around it.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ingot::delta::json {

/// Every text given to the reader has at least this many readable bytes behind it.
inline constexpr std::size_t kPadding = 64;

/// Appends compact JSON to a string. The caller keeps the nesting right.
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    Writer& begin_object();
    Writer& end_object();
    Writer& begin_array();
    Writer& end_array();
    Writer& key(std::string_view name);
    Writer& string(std::string_view value);
    Writer& integer(std::int64_t value);
    Writer& boolean(bool value);
    Writer& null();
    /// A value that is JSON already.
    Writer& raw(std::string_view json);

    Writer& member(std::string_view name, const std::string& value);
    Writer& member(std::string_view name, std::int64_t value);
    Writer& flag(std::string_view name, bool value);
    Writer& member(std::string_view name, const std::map<std::string, std::string>& values);
    Writer& member(std::string_view name,
                   const std::map<std::string, std::optional<std::string>>& values);
    /// Nothing when there is no value.
    template <class T>
    Writer& member(std::string_view name, const std::optional<T>& value) {
        if (value) member(name, *value);
        return *this;
    }

private:
    void separate();

    std::string& out_;
    bool needs_comma_ = false;
};

std::string quoted(std::string_view text);

/// The string or the integer that the JSON text is; nothing when it is something else.
std::optional<std::string> string_of(std::string_view json);
std::optional<std::int64_t> integer_of(std::string_view json);

/// Members of an object, each as JSON text. kCorruptData when it is no JSON object.
Result<std::map<std::string, std::string>> members_of(std::string_view json);

/// The canonical form that the protocol defines for checksums of `_last_checkpoint`: sorted
/// `path=value` pairs, the top-level member `checksum` left out. kCorruptData for broken JSON.
Result<std::string> canonical_form(std::string_view json);

}  // namespace ingot::delta::json
