#include "storage/local_store.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/crash_point.hpp"
#include "storage/file_error_internal.hpp"

namespace ingot::storage {

namespace {

class FileDescriptor {
public:
    explicit FileDescriptor(int fd = -1) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    /// The result counts: network file systems report a failed write here.
    int close() { return ::close(std::exchange(fd_, -1)); }

private:
    int fd_;
};

FileDescriptor open_file(const std::string& path, int flags) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    } while (fd < 0 && errno == EINTR);
    return FileDescriptor(fd);
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

Status flush_folder(const std::string& folder) {
    const FileDescriptor fd = open_file(folder, O_RDONLY | O_DIRECTORY);
    if (!fd.is_open() || ::fsync(fd.get()) != 0) {
        return file_error("flush the folder", folder, errno);
    }
    return {};
}

/// Makes a folder with its parents, each of them durable.
Status make_folders(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0755) == 0) return flush_folder(folder_of(folder));
    if (errno == EEXIST) return {};
    if (errno != ENOENT) return file_error("make the folder", folder, errno);
    INGOT_TRY(make_folders(folder_of(folder)));
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
        return file_error("make the folder", folder, errno);
    }
    return flush_folder(folder_of(folder));
}

std::string temporary_name() {
    // Unique among processes and, after a restart with the same process id, among runs.
    static const std::uint64_t run =
        (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
    static std::atomic<std::uint64_t> counter = 0;
    return fmt::format("{}{}-{:x}-{}", kTemporaryPrefix, ::getpid(), run, ++counter);
}

/// A file that nobody sees until it gets its name. Unless it was published, its destruction
/// removes it.
class TemporaryFile {
public:
    /// Makes the folder of `target` when it is absent.
    static Result<TemporaryFile> create(std::string target) {
        const std::string folder = folder_of(target);
        std::string path = folder + '/' + temporary_name();
        FileDescriptor fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
        if (!fd.is_open() && errno == ENOENT) {
            INGOT_TRY(make_folders(folder));
            fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
        }
        if (!fd.is_open()) return file_error("write", target, errno);
        return TemporaryFile(std::move(fd), std::move(path), std::move(target));
    }
    TemporaryFile(TemporaryFile&& other) noexcept
        : fd_(std::move(other.fd_)),
          path_(std::exchange(other.path_, {})),
          target_(std::move(other.target_)) {}
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    ~TemporaryFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }

    Status write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return file_error("write", target_, errno);
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        return {};
    }

    /// Durable and whole, replacing what had the name.
    Status publish() {
        INGOT_TRY(flush());
        crash_point("storage.put.before_rename");
        if (::rename(path_.c_str(), target_.c_str()) != 0) {
            return file_error("write", target_, errno);
        }
        path_.clear();
        crash_point("storage.put.after_rename");
        return flush_folder(folder_of(target_));
    }

    /// The same, when the name is free.
    Result<PutOutcome> publish_if_absent() {
        INGOT_TRY(flush());
        crash_point("storage.put_if_absent.before_link");
        if (::link(path_.c_str(), target_.c_str()) != 0) {
            if (errno == EEXIST) return PutOutcome::kExists;
            return file_error("write", target_, errno);
        }
        crash_point("storage.put_if_absent.after_link");
        ::unlink(std::exchange(path_, {}).c_str());
        if (Status flushed = flush_folder(folder_of(target_)); !flushed) {
            // The name is there, but a power failure may take it back.
            Error error = std::move(flushed).error();
            error.code = ErrorCode::kCommitUnknown;
            return error;
        }
        return PutOutcome::kCreated;
    }

private:
    TemporaryFile(FileDescriptor fd, std::string path, std::string target)
        : fd_(std::move(fd)), path_(std::move(path)), target_(std::move(target)) {}

    Status flush() {
        if (::fsync(fd_.get()) != 0 || fd_.close() != 0) {
            return file_error("flush", target_, errno);
        }
        return {};
    }

    FileDescriptor fd_;
    std::string path_;  // Empty once published.
    std::string target_;
};

class LocalWriter final : public ObjectWriter {
public:
    explicit LocalWriter(TemporaryFile file) : file_(std::move(file)) {}

    Status append(std::string_view bytes) override {
        if (buffer_.size() + bytes.size() > kBufferBytes) INGOT_TRY(write_buffer());
        if (bytes.size() >= kBufferBytes) return file_.write(bytes);
        buffer_ += bytes;
        return {};
    }
    Status finish() override {
        INGOT_TRY(write_buffer());
        return file_.publish();
    }

private:
    static constexpr std::size_t kBufferBytes = 128 * 1024;

    Status write_buffer() {
        INGOT_TRY(file_.write(buffer_));
        buffer_.clear();
        return {};
    }

    TemporaryFile file_;
    std::string buffer_;
};

ObjectInfo object_info(std::string path, const struct stat& status) {
    ObjectInfo info;
    info.path = std::move(path);
    info.size = static_cast<std::uint64_t>(status.st_size);
    info.modified = Timestamp::from_micros(std::int64_t{status.st_mtim.tv_sec} * 1'000'000 +
                                           status.st_mtim.tv_nsec / 1000);
    info.etag = fmt::format("{:x}-{:x}-{:x}.{:x}", status.st_ino, status.st_size,
                            status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    return info;
}

bool is_temporary(std::string_view name) {
    return name.starts_with(kTemporaryPrefix);
}

/// Walks the folders that can hold matches, and asks the file system only about those matches.
class Walk {
public:
    struct Request {
        std::string_view prefix;
        std::string_view start_after;
        bool temporaries = false;  ///< Only those, instead of only the others.
    };

    Walk(const std::string& root, Request request) : root_(root), request_(request) {}

    Result<std::vector<ObjectInfo>> run() {
        const std::size_t slash = request_.prefix.rfind('/');
        const std::string folder(
            slash == std::string_view::npos ? "" : request_.prefix.substr(0, slash + 1));
        INGOT_TRY(visit(folder));
        std::sort(found_.begin(), found_.end(),
                  [](const ObjectInfo& a, const ObjectInfo& b) { return a.path < b.path; });
        return std::move(found_);
    }

private:
    struct FolderId {
        dev_t device;
        ino_t inode;
        friend bool operator==(const FolderId&, const FolderId&) = default;
    };

    /// `folder` is empty or ends in `/`.
    Status visit(const std::string& folder) {
        const std::string full = root_ + '/' + folder;
        const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(full.c_str()), &::closedir);
        if (stream == nullptr) {
            // Absent, or removed since it was seen: nothing to list.
            if (errno == ENOENT || errno == ENOTDIR) return {};
            return file_error("list", full, errno);
        }
        struct stat status{};
        if (::fstat(::dirfd(stream.get()), &status) != 0) return file_error("list", full, errno);
        const FolderId id{status.st_dev, status.st_ino};
        // A link to a folder above would be walked for ever.
        if (std::find(above_.begin(), above_.end(), id) != above_.end()) return {};
        above_.push_back(id);
        for (;;) {
            errno = 0;
            const dirent* entry = ::readdir(stream.get());
            if (entry == nullptr) break;
            INGOT_TRY(visit_entry(::dirfd(stream.get()), folder, *entry));
        }
        if (errno != 0) return file_error("list", full, errno);
        above_.pop_back();
        return {};
    }

    Status visit_entry(int folder_fd, const std::string& folder, const dirent& entry) {
        const std::string_view name = entry.d_name;
        if (name == "." || name == "..") return {};
        std::string path = folder + std::string(name);
        if (entry.d_type == DT_DIR) return visit_if_needed(path + '/');
        const bool may_be_folder = entry.d_type == DT_LNK || entry.d_type == DT_UNKNOWN;
        if (!may_be_folder && (entry.d_type != DT_REG || !matches(path, name))) return {};
        struct stat status{};
        if (::fstatat(folder_fd, entry.d_name, &status, 0) != 0) {
            if (errno == ENOENT || errno == ELOOP) return {};
            return file_error("look at", root_ + '/' + path, errno);
        }
        if (S_ISDIR(status.st_mode)) return visit_if_needed(path + '/');
        if (S_ISREG(status.st_mode) && matches(path, name)) {
            found_.push_back(object_info(std::move(path), status));
        }
        return {};
    }

    bool matches(std::string_view path, std::string_view name) const {
        return is_temporary(name) == request_.temporaries && path.starts_with(request_.prefix) &&
               (request_.start_after.empty() || path > request_.start_after);
    }

    Status visit_if_needed(const std::string& folder) {
        const bool in_prefix = std::string_view(folder).starts_with(request_.prefix) ||
                               request_.prefix.starts_with(folder);
        const bool all_before =
            folder < request_.start_after && !request_.start_after.starts_with(folder);
        return in_prefix && !all_before ? visit(folder) : Status();
    }

    const std::string& root_;
    Request request_;
    std::vector<FolderId> above_;
    std::vector<ObjectInfo> found_;
};

class LocalStore final : public ObjectStore {
public:
    LocalStore(std::string root, std::string uri) : root_(std::move(root)), uri_(std::move(uri)) {}

    const std::string& uri() const override { return uri_; }

    Result<std::vector<ObjectInfo>> list(std::string_view prefix,
                                         std::string_view start_after) const override {
        INGOT_TRY(check_object_prefix(prefix));
        return Walk(root_, {prefix, start_after}).run();
    }

    Result<ObjectInfo> head(std::string_view path) const override {
        INGOT_TRY_ASSIGN(const std::string full, full_path(path));
        struct stat status{};
        if (::stat(full.c_str(), &status) != 0) return read_error(full, errno);
        if (!S_ISREG(status.st_mode)) return not_a_file(full);
        return object_info(std::string(path), status);
    }

    Result<std::string> read(std::string_view path) const override {
        return read_range(path, 0, UINT64_MAX);
    }

    Result<std::string> read_range(std::string_view path, std::uint64_t offset,
                                   std::uint64_t length) const override {
        INGOT_TRY_ASSIGN(const std::string full, full_path(path));
        // O_NONBLOCK: opening a pipe that was put there must not wait for its writer.
        const FileDescriptor fd = open_file(full, O_RDONLY | O_NONBLOCK);
        struct stat status{};
        if (!fd.is_open() || ::fstat(fd.get(), &status) != 0) return read_error(full, errno);
        if (!S_ISREG(status.st_mode)) return not_a_file(full);
        const auto size = static_cast<std::uint64_t>(status.st_size);
        if (offset >= size) return std::string();
        std::string bytes(std::min(length, size - offset), '\0');
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t got = ::pread(fd.get(), bytes.data() + done, bytes.size() - done,
                                        static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return file_error("read", full, errno);
            if (got == 0) break;  // Cut off by another program while we read.
            done += static_cast<std::size_t>(got);
        }
        bytes.resize(done);
        return bytes;
    }

    Status put(std::string_view path, std::string_view bytes) override {
        INGOT_TRY_ASSIGN(TemporaryFile file, new_file(path));
        INGOT_TRY(file.write(bytes));
        return file.publish();
    }

    Result<PutOutcome> put_if_absent(std::string_view path, std::string_view bytes) override {
        // Spares the loser of a race that is already over the flush to disk.
        if (head(path)) return PutOutcome::kExists;
        INGOT_TRY_ASSIGN(TemporaryFile file, new_file(path));
        INGOT_TRY(file.write(bytes));
        return file.publish_if_absent();
    }

    Result<std::unique_ptr<ObjectWriter>> create(std::string_view path) override {
        INGOT_TRY_ASSIGN(TemporaryFile file, new_file(path));
        return std::unique_ptr<ObjectWriter>(std::make_unique<LocalWriter>(std::move(file)));
    }

    Status remove(std::string_view path) override {
        INGOT_TRY_ASSIGN(const std::string full, full_path(path));
        if (::unlink(full.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
            return file_error("remove", full, errno);
        }
        return {};
    }

    Result<std::uint64_t> remove_abandoned(std::string_view prefix, Timestamp before) override {
        INGOT_TRY(check_object_prefix(prefix));
        INGOT_TRY_ASSIGN(const auto files, Walk(root_, {prefix, {}, true}).run());
        std::uint64_t removed = 0;
        for (const ObjectInfo& file : files) {
            if (file.modified >= before) continue;
            const std::string full = root_ + '/' + file.path;
            if (::unlink(full.c_str()) == 0) {
                ++removed;
            } else if (errno != ENOENT) {
                return file_error("remove", full, errno);
            }
        }
        return removed;
    }

    std::optional<std::string> local_path(std::string_view path) const override {
        auto full = full_path(path);
        return full ? std::optional(*std::move(full)) : std::nullopt;
    }

private:
    Result<std::string> full_path(std::string_view path) const {
        INGOT_TRY(check_object_path(path));
        return (root_ == "/" ? "" : root_) + '/' + std::string(path);
    }
    Result<TemporaryFile> new_file(std::string_view path) const {
        INGOT_TRY_ASSIGN(std::string full, full_path(path));
        return TemporaryFile::create(std::move(full));
    }
    static Error read_error(const std::string& full, int error_number) {
        // `a/b` where `a` is a file: there is no such object.
        return file_error("read", full, error_number == ENOTDIR ? ENOENT : error_number);
    }
    static Error not_a_file(const std::string& full) {
        return make_error(ErrorCode::kNotFound, "{} is not a file", full);
    }

    std::string root_;  // Absolute, so that a later change of folder does not matter.
    std::string uri_;
};

}  // namespace

Result<std::shared_ptr<ObjectStore>> open_local_store(std::string folder, std::string uri) {
    std::error_code error;
    std::filesystem::path root = std::filesystem::absolute(folder, error);
    if (error) return file_error("open the folder", folder, error.value());
    root = root.lexically_normal();
    if (!root.has_filename() && root.has_parent_path() && root != root.root_path()) {
        root = root.parent_path();  // `lake/` is `lake`
    }
    struct stat status{};
    if (::stat(root.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
        return make_error(ErrorCode::kInvalidArgument, "{} is a file, but a folder is needed",
                          root.string());
    }
    return std::shared_ptr<ObjectStore>(
        std::make_shared<LocalStore>(root.string(), std::move(uri)));
}

}  // namespace ingot::storage
