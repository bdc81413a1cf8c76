#include "storage/object_store.hpp"

#include <utility>

#include "storage/local_store.hpp"
#include "storage/memory_store.hpp"

namespace ingot::storage {

namespace {

Result<std::string> folder_of_file_uri(std::string_view rest, std::string_view uri);

Error bad_path(std::string_view path, std::string_view why) {
    return make_error(ErrorCode::kInvalidArgument, "'{}' is no object name: {}", path, why);
}

/// `path` may be empty.
Status check_parts(std::string_view path, std::string_view whole) {
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (part.empty()) return bad_path(whole, "a part is empty");
        if (part == "." || part == "..") return bad_path(whole, "it must not leave the store");
        if (part.starts_with(kTemporaryPrefix)) return bad_path(whole, "reserved for writes");
        if (part.find('\0') != std::string_view::npos) return bad_path(whole, "it has a zero byte");
        if (slash == std::string_view::npos) return {};
        path.remove_prefix(slash + 1);
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<ObjectStore>> open_store(std::string_view uri) {
    if (uri.empty()) return make_error(ErrorCode::kInvalidArgument, "the store's URI is empty");
    if (uri.starts_with("file:/")) {
        INGOT_TRY_ASSIGN(std::string folder, folder_of_file_uri(uri.substr(5), uri));
        return open_local_store(std::move(folder), std::string(uri));
    }
    const std::size_t scheme_end = uri.find("://");
    if (scheme_end == std::string_view::npos) {
        return open_local_store(std::string(uri), std::string(uri));
    }
    const std::string_view scheme = uri.substr(0, scheme_end);
    if (scheme == "memory") return open_memory_store(uri.substr(scheme_end + 3));
    return make_error(ErrorCode::kUnsupported,
                      "stores of the scheme '{}' are not supported: use a folder, file:// or "
                      "memory://",
                      scheme);
}

Status check_object_path(std::string_view path) {
    if (path.empty()) return bad_path(path, "it is empty");
    if (path.ends_with('/')) return bad_path(path, "it ends in '/'");
    return check_parts(path, path);
}

Status check_object_prefix(std::string_view prefix) {
    const std::size_t slash = prefix.rfind('/');
    if (slash == 0) return bad_path(prefix, "it begins with '/'");
    // The last part may be the beginning of a name, so only the folders before it are checked.
    return slash == std::string_view::npos ? Status()
                                           : check_parts(prefix.substr(0, slash), prefix);
}

Result<std::uint64_t> ObjectStore::remove_abandoned(std::string_view, Timestamp) {
    return std::uint64_t{0};
}

namespace {

std::optional<int> hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

/// `rest` is what follows `file:`: `/folder`, `///folder` or `//localhost/folder`.
Result<std::string> folder_of_file_uri(std::string_view rest, std::string_view uri) {
    if (rest.starts_with("//")) {
        rest.remove_prefix(2);
        if (rest.starts_with("localhost/")) rest.remove_prefix(9);
        if (!rest.starts_with('/')) {
            return make_error(ErrorCode::kInvalidArgument,
                              "'{}' names another host: write file:///folder", uri);
        }
    }
    std::string folder;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] != '%') {
            folder += rest[i];
            continue;
        }
        const auto high = i + 2 < rest.size() ? hex_digit(rest[i + 1]) : std::nullopt;
        const auto low = i + 2 < rest.size() ? hex_digit(rest[i + 2]) : std::nullopt;
        if (!high || !low) {
            return make_error(ErrorCode::kInvalidArgument,
                              "'{}' has a '%' that two hexadecimal digits do not follow", uri);
        }
        folder += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return folder;
}

}  // namespace

}  // namespace ingot::storage
