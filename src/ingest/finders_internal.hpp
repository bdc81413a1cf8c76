#pragma once
#include <memory>
#include <string>

#include "ingest/input.hpp"

namespace ingot::ingest {

/// The key of a source that is loaded as a whole.
inline constexpr std::string_view kWholeKey = "all";

/// Files in folders of this machine. They are read where they are.
std::unique_ptr<InputFinder> find_local_files(const project::Source& source,
                                              const project::FilesOrigin& origin,
                                              const InputContext& context);
/// http and https; four downloads at a time.
std::unique_ptr<InputFinder> find_remote_files(const project::Source& source,
                                               const project::FilesOrigin& origin,
                                               const InputContext& context);
/// The standard output of a command, one after the other.
std::unique_ptr<InputFinder> find_command_output(const project::Source& source,
                                                 const project::CommandOrigin& origin,
                                                 const InputContext& context);

project::TemplateContext render_context(const InputContext& context, const project::Source& source,
                                        const std::optional<Interval>& window);
/// Relative paths are below the project folder.
std::string absolute_path(const project::Project& project, const std::string& path);
format::Compression compression_of(const project::Format& format);

/// How many parts at the end of a rendered path tell the inputs of a source apart: from the first
/// part that depends on the window or has a wildcard; at least one.
Result<std::size_t> telling_parts(const project::Source& source, const project::FilesOrigin& origin,
                                  const InputContext& context);
/// The last `parts` parts of a path: what people see as the file's name, and what rows are joined
/// to their window by. A `!`, which divides an archive's name from its member's, becomes `_`.
std::string display_name(std::string_view path, std::size_t parts);

/// Whether these are the bytes that were loaded before, as far as checksums are known.
bool same_bytes(const std::vector<publish::InputIdentity>& before,
                const std::vector<publish::InputIdentity>& now);
Result<std::string> file_sha256(const std::string& path);

}  // namespace ingot::ingest
