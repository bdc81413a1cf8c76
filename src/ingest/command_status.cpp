#include "ingest/command_status.hpp"

#include "base/log.hpp"

namespace ingot::ingest {
namespace {

constexpr std::size_t kErrorLinesMax = 5;

std::string last_lines(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    std::size_t begin = text.size();
    for (std::size_t lines = 0; lines < kErrorLinesMax && begin != std::string::npos && begin > 0;
         ++lines) {
        begin = text.rfind('\n', begin - 1);
    }
    return begin == std::string::npos ? text : text.substr(begin == 0 ? 0 : begin + 1);
}

}  // namespace

Status command_status(std::string_view command, const ExitStatus& status,
                      std::string error_output) {
    if (status.success()) return {};
    if (status.kind == ExitStatus::Kind::kCancelled) {
        return make_error(ErrorCode::kCancelled, "{}: cancelled", command);
    }
    const std::string said = mask_secrets(last_lines(std::move(error_output)));
    return make_error(
        status.kind == ExitStatus::Kind::kTimedOut ? ErrorCode::kTimeout : ErrorCode::kIo,
        "{}: {}{}", command, status.to_string(),
        said.empty() ? " (it wrote no error message)" : ":\n" + said);
}

}  // namespace ingot::ingest
