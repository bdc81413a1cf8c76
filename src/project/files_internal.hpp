#pragma once
// The project's own files. (Data goes through `storage`; a project is text in a local folder.)
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot::project {

/// kNotFound, kIo; kInvalidArgument for more than 64 MB: no text of a project is that long.
Result<std::string> read_file(const std::string& path);
/// Written beside and renamed, so that readers see the old or the new text.
Status write_file(const std::string& path, std::string_view text);
/// Files below `root/folder` as paths relative to `root`, sorted; nothing when there is no such
/// folder. Hidden ones and folders are left out.
Result<std::vector<std::string>> list_files(const std::string& root, const std::string& folder);

}  // namespace ingot::project
