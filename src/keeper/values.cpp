#include "keeper/values.hpp"

#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unistd.h>

#include "base/secret_mask.hpp"

namespace ingot::keeper {
namespace {

using Json = nlohmann::ordered_json;

struct TooDeep {};

Json parse(std::string_view text) {
    return Json::parse(text, [](int depth, Json::parse_event_t, Json&) {
        if (depth > kValuesDepthMax) throw TooDeep();
        return true;
    });
}

Error refused(std::string_view who, std::string_view why) {
    return make_error(ErrorCode::kInvalidArgument,
                      "the values of {} cannot be used: {}; they must be a JSON object of at most "
                      "{} KiB, at most {} levels deep",
                      who, why, kValuesBytesMax / 1024, kValuesDepthMax);
}

}  // namespace

Result<std::string> checked_values(std::string_view json, std::string_view who) {
    if (json.size() > kValuesBytesMax) return refused(who, "they are larger");
    try {
        const Json parsed = parse(json);
        if (!parsed.is_object()) return refused(who, "they are no object");
        return parse(mask_secrets(parsed.dump())).dump();
    } catch (const TooDeep&) {
        return refused(who, "they are deeper");
    } catch (const Json::exception& e) {
        return refused(who, e.what());
    }
}

Result<std::string> read_values(const std::string& file) {
    // Not a fifo that nobody writes to, and no more of a large file than shows that it is one.
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return std::string();
    if (fd < 0) {
        return make_error(ErrorCode::kIo, "{} cannot be read: {}", file,
                          std::generic_category().message(errno));
    }
    std::string text(kValuesBytesMax + 1, '\0');
    std::size_t size = 0;
    ssize_t got = 0;
    while (size < text.size() && (got = ::read(fd, text.data() + size, text.size() - size)) > 0) {
        size += static_cast<std::size_t>(got);
    }
    const int error = got < 0 ? errno : 0;
    ::close(fd);
    if (error != 0) {
        return make_error(ErrorCode::kIo, "{} cannot be read: {}", file,
                          std::generic_category().message(error));
    }
    text.resize(size);
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return std::string();
    return text;
}

}  // namespace ingot::keeper
