#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "ingest/input.hpp"

namespace ingot::ingest {

std::unique_ptr<InputFinder> find_local_files(const project::Source& source,
                                              const project::FilesOrigin& origin,
                                              const InputContext& context);

project::TemplateContext render_context(const InputContext& context, const project::Source& source,
                                        const std::optional<Interval>& window);
/// Relative paths are below the project folder.
std::string absolute_path(const project::Project& project, const std::string& path);
format::Compression compression_of(const project::Format& format);

}  // namespace ingot::ingest
