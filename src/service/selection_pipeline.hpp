#pragma once
// A pipeline that no file holds: the tables of a selection.
#include <string>
#include <string_view>

#include "project/project.hpp"

namespace ingot::service {

/// How names of such pipelines begin; no file's name does.
inline constexpr std::string_view kSelectionPrefix = "select:";
/// `select:gold.daily+`
std::string name_of_selection(const std::string& select);

/// Its one task builds the tables as `ingot run` does; its window is the longest that any of them
/// has. Its name says the selection, so that it can be made again from that. kNotFound: it matches
/// nothing, with the nearest name. kInvalidArgument: bad syntax, or views only.
Result<project::Pipeline> pipeline_of_selection(const project::Project& project,
                                                const std::string& select);

}  // namespace ingot::service
