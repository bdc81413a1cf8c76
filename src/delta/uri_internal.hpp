#pragma once
// Names of files as the log spells them.
#include <optional>
#include <string>
#include <string_view>

namespace ingot::delta {

/// Percent-decoding; nothing for a broken escape.
std::optional<std::string> uri_decode(std::string_view text);
/// Percent-encodes what may not stand in the path of a URI.
std::string uri_encode_path(std::string_view path);
/// Hive's escape for one name or value of a `name=value` folder.
std::string hive_escape(std::string_view text);

/// Has a scheme (`file:`, `s3://`) or begins with a slash.
bool is_absolute(std::string_view path);
/// One spelling for all spellings of a path of the log: decoded, `file:` and extra slashes gone.
/// Half of the key under which the log keeps files. `scratch` holds the text when it differs.
std::string_view canonical_path(std::string_view path, std::string& scratch);

}  // namespace ingot::delta
