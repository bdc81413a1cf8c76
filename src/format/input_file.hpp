#pragma once
#include <cstdint>
#include <string>

namespace ingot::format {

/// How the bytes of a file are packed. kAuto looks at the first bytes, never at the name.
enum class Compression : std::uint8_t { kAuto, kNone, kGzip, kZstd };

/// One local file to read.
struct InputFile {
    std::string path;  ///< On local disk.
    std::string name =
        {};  ///< Where it came from, for people and for the column `_file`; empty: path.
    Compression compression = Compression::kAuto;
    /// When not empty the file is a tar archive (plain or inside gzip or zstd) and this glob (`*`
    /// matches within a folder, `**` across folders, `?` one character) selects the members to
    /// read. A member's name for people is `NAME!MEMBER`.
    std::string members = {};

    const std::string& display_name() const { return name.empty() ? path : name; }
};

}  // namespace ingot::format
