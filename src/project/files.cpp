#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "project/files_internal.hpp"

namespace ingot::project {

namespace {

constexpr off_t kFileBytesMax = off_t{64} << 20;

Error io_error(const std::string& path, int number) {
    return make_error(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, "{}: {}", path,
                      std::strerror(number));
}

/// Closes on every way out.
struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

}  // namespace

Result<std::string> read_file(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) return io_error(path, errno);
    struct stat info{};
    if (::fstat(file.fd, &info) != 0) return io_error(path, errno);
    if (!S_ISREG(info.st_mode)) return make_error(ErrorCode::kIo, "{}: is no file", path);
    if (info.st_size > kFileBytesMax) {
        return make_error(ErrorCode::kInvalidArgument, "{}: is longer than 64 MB", path);
    }
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t read = 0;
    while (read < text.size()) {
        const ssize_t got = ::read(file.fd, text.data() + read, text.size() - read);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error(path, errno);
        if (got == 0) break;
        read += static_cast<std::size_t>(got);
    }
    text.resize(read);
    return text;
}

Status write_file(const std::string& path, std::string_view text) {
    const std::string beside = path + "." + std::to_string(::getpid()) + ".new";
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
    {
        const Descriptor file{
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
        if (file.fd < 0) return io_error(beside, errno);
        while (!text.empty()) {
            const ssize_t wrote = ::write(file.fd, text.data(), text.size());
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote < 0) {
                const int number = errno;
                ::unlink(beside.c_str());
                return io_error(beside, number);
            }
            text.remove_prefix(static_cast<std::size_t>(wrote));
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        const int number = errno;
        ::unlink(beside.c_str());
        return io_error(path, number);
    }
    return {};
}

Result<std::vector<std::string>> list_files(const std::string& root, const std::string& folder) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    std::error_code failed;
    const fs::path top = fs::path(root) / folder;
    if (!fs::is_directory(top, failed)) return files;
    fs::recursive_directory_iterator at(top, fs::directory_options::follow_directory_symlink,
                                        failed);
    for (; !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
        const std::string name = at->path().filename().string();
        if (name.starts_with('.')) {
            if (at->is_directory(failed)) at.disable_recursion_pending();
        } else if (at->is_regular_file(failed)) {
            files.push_back(at->path().string().substr(root.size() + 1));
        }
        if (at.depth() > 32) {
            return make_error(ErrorCode::kInvalidArgument, "{}: folders nested more than 32 deep",
                              top.string());
        }
    }
    if (failed) return make_error(ErrorCode::kIo, "{}: {}", top.string(), failed.message());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace ingot::project
