#pragma once
#include <string>
#include <string_view>

#include "base/process.hpp"

namespace ingot::ingest {

/// How a program ended, as what to do about it: nothing after a success, else kIo (exit code,
/// signal), kTimeout or kCancelled with the last lines of what it wrote to its error output.
/// `command` is shown as it is; secrets in `error_output` are masked.
Status command_status(std::string_view command, const ExitStatus& status, std::string error_output);

}  // namespace ingot::ingest
