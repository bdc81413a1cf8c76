#include "keeper/masked_log.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

#include "base/secret_mask.hpp"

namespace ingot::keeper {
namespace {

constexpr std::size_t kLineBytesMax = 1 << 16;

Status write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            return make_error(ErrorCode::kIo, "the log cannot be written: {}",
                              std::generic_category().message(errno));
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

}  // namespace

Status MaskedLog::operator()(std::string_view bytes) {
    line_ += bytes;
    const std::size_t end = line_.size() > kLineBytesMax ? line_.size() : line_.rfind('\n') + 1;
    return end == 0 ? Status() : write(end);
}

Status MaskedLog::finish() {
    return line_.empty() ? Status() : write(line_.size());
}

Status MaskedLog::say(std::string_view line) {
    return write_all(fd_, mask_secrets(line) + '\n');
}

std::string MaskedLog::last() const {
    std::string text = tail_.text();
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

Status MaskedLog::write(std::size_t end) {
    const std::string text = mask_secrets(std::string_view(line_).substr(0, end));
    line_.erase(0, end);
    INGOT_TRY(write_all(fd_, text));
    return tail_(text);
}

}  // namespace ingot::keeper
