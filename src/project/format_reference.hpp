#pragma once
// The project format, printed from the descriptions that the reader checks against.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ingot::project {

/// `project`, `source`, `model`, `seed`, `check`, `pipeline`.
std::vector<std::string> format_file_kinds();

/// JSON Schema (draft 2020-12) of one kind of file, for editors. kNotFound names the kinds.
Result<std::string> json_schema(std::string_view file_kind);

/// Every key of every file as Markdown: the reference part of docs/guide/project-format.md.
std::string format_reference();

}  // namespace ingot::project
