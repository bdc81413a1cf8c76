// Exports to files: written whole beside their places, then renamed into them.
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "base/crash_point.hpp"
#include "base/nearest_name.hpp"
#include "quality/sql_text.hpp"
#include "task/export_internal.hpp"

namespace ingot::task {
namespace {

namespace fs = std::filesystem;
using project::ExportFile;
using project::ExportItem;

Error file_error(std::string_view what, const fs::path& path, int error) {
    return make_error(ErrorCode::kIo, "cannot {} {}: {}", what, path.string(),
                      std::generic_category().message(error));
}

/// Until it is renamed it is gone with this object; what a killed process leaves, the next export
/// of the same file removes.
class FileBeside {
public:
    static Result<FileBeside> make(const fs::path& target);
    FileBeside(FileBeside&& other) noexcept
        : target_(std::move(other.target_)), path_(std::exchange(other.path_, {})) {}
    FileBeside& operator=(FileBeside&&) = delete;
    ~FileBeside() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    const fs::path& path() const { return path_; }
    const fs::path& target() const { return target_; }
    Status sync() const;
    Status take_its_place();

private:
    FileBeside(fs::path target, fs::path path)
        : target_(std::move(target)), path_(std::move(path)) {}
    fs::path target_;
    fs::path path_;
};

Result<fs::path> place_of(const ExportItem& item, const TaskAttempt& attempt);
Result<std::int64_t> write_file(const ExportItem& item, const fs::path& path, Pins& pins,
                                const std::stop_token& stop);

}  // namespace

Result<std::string> export_to_files(const project::ExportTask& task, const TaskAttempt& attempt) {
    Pins pins(attempt.workspace);
    for (const ExportItem& item : task.items) {
        INGOT_TRY(pinned_for_export(item, pins));
    }
    std::vector<FileBeside> files;
    std::int64_t rows = 0;
    for (const ExportItem& item : task.items) {
        INGOT_TRY_ASSIGN(const fs::path place, place_of(item, attempt));
        INGOT_TRY_ASSIGN(FileBeside file, FileBeside::make(place));
        INGOT_TRY_ASSIGN_WITH(const std::int64_t written,
                              write_file(item, file.path(), pins, attempt.stop),
                              fmt::format("while exporting {} to {} ({})", item.from.text(),
                                          place.string(), item.place.to_string()));
        INGOT_TRY(file.sync());
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pinned_for_export(item, pins));
        write_line(attempt.log, fmt::format("{} version {} to {}: {} rows", item.from.text(),
                                            snapshot->version().value(), place.string(), written));
        rows += written;
        files.push_back(std::move(file));
        crash_point("export.file_written");
    }
    for (FileBeside& file : files) {
        INGOT_TRY(file.take_its_place());
        crash_point("export.file_renamed");
    }
    return fmt::format("{} files written, {} rows", files.size(), rows);
}

namespace {

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

bool is_alive(std::string_view pid_text) {
    pid_t pid = 0;
    std::from_chars(pid_text.data(), pid_text.data() + pid_text.size(), pid);
    return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
}

/// `.users.csv.ingot-HOST-PID-N`: processes of this machine that have ended need theirs no more.
Status remove_left_behind(const fs::path& folder, const std::string& prefix) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(prefix)) continue;
        if (!is_alive(std::string_view(name).substr(prefix.size()))) {
            ::unlink(entry.path().c_str());
        }
    }
    return error ? Status(file_error("look into", folder, error.value())) : Status();
}

Result<FileBeside> FileBeside::make(const fs::path& target) {
    static std::atomic<int> next{0};
    std::error_code error;
    const fs::file_status there = fs::status(target, error);
    if (fs::exists(there) && !fs::is_regular_file(there)) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} is no file that can be replaced: export under another name",
                          target.string());
    }
    fs::create_directories(target.parent_path(), error);
    if (error) return file_error("make the folder of", target, error.value());
    const std::string prefix =
        fmt::format(".{}.ingot-{}-", target.filename().string(), host_name());
    INGOT_TRY(remove_left_behind(target.parent_path(), prefix));
    return FileBeside(target, target.parent_path() /
                                  fmt::format("{}{}-{}", prefix, ::getpid(), next.fetch_add(1)));
}

Status sync_path(const fs::path& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC);
    if (file < 0) return file_error("open", path, errno);
    const bool synced = ::fsync(file) == 0;
    const int error = errno;
    ::close(file);
    return synced ? Status() : Status(file_error("make durable", path, error));
}

Status FileBeside::sync() const {
    return sync_path(path_, O_RDONLY);
}

Status FileBeside::take_its_place() {
    if (std::rename(path_.c_str(), target_.c_str()) != 0) {
        return file_error("write", target_, errno);
    }
    path_.clear();
    return sync_path(target_.parent_path(), O_RDONLY | O_DIRECTORY);
}

Result<fs::path> place_of(const ExportItem& item, const TaskAttempt& attempt) {
    INGOT_TRY_ASSIGN_WITH(const std::string text,
                          std::get<ExportFile>(item.to).path.render_text(template_values(attempt)),
                          "in " + item.place.to_string());
    const fs::path path = fs::path(attempt.workspace.project->root) / text;
    std::error_code unknown;
    // A link stays one: what it leads to is replaced.
    const fs::path target = fs::canonical(path, unknown);
    return unknown ? path.lexically_normal() : target;
}

std::string options_of(const ExportFile& file) {
    std::string options = "USE_TMP_FILE false, ";
    switch (file.format) {
        case ExportFile::Format::kParquet:
            return options + "FORMAT parquet, COMPRESSION zstd";
        case ExportFile::Format::kCsv:
            options += "FORMAT csv, HEADER true";
            break;
        case ExportFile::Format::kJson:
            options += "FORMAT json, ARRAY true";
            break;
        case ExportFile::Format::kNdjson:
            options += "FORMAT json, ARRAY false";
            break;
    }
    switch (file.compression) {
        case project::Compression::kGzip:
            return options + ", COMPRESSION gzip";
        case project::Compression::kZstd:
            return options + ", COMPRESSION zstd";
        default:
            return options + ", COMPRESSION uncompressed";
    }
}

Result<std::string> select_of(const ExportItem& item, const Schema& schema) {
    std::vector<std::string> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    std::string list;
    for (const std::string& name : item.columns.empty() ? names : item.columns) {
        if (schema.find(name) == nullptr) {
            return make_error(ErrorCode::kInvalidArgument, "{}: {} has no column {}{}",
                              item.place.to_string(), item.from.text(), name,
                              did_you_mean(name, names));
        }
        list += (list.empty() ? "" : ", ") + quality::quoted_name(name);
    }
    return fmt::format("SELECT {} FROM {}.{}", list, quality::quoted_name(item.from.layer()),
                       quality::quoted_name(item.from.name()));
}

Result<std::int64_t> write_file(const ExportItem& item, const fs::path& path, Pins& pins,
                                const std::stop_token& stop) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pinned_for_export(item, pins));
    INGOT_TRY_ASSIGN(const std::string select, select_of(item, snapshot->schema()));
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, pins.open_session());
    const std::string copy =
        fmt::format("COPY ({}) TO {} ({})", select, Scalar::text(path.string()).to_sql(),
                    options_of(std::get<ExportFile>(item.to)));
    INGOT_TRY_ASSIGN(const ColumnBatch count, session->query_all({copy, {}}, stop));
    return count.rows == 1 ? scalar_at(count.columns.front(), 0).as_integer() : 0;
}

}  // namespace
}  // namespace ingot::task
