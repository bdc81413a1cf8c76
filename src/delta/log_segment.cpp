#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <openssl/evp.h>

#include "delta/json_internal.hpp"
#include "delta/log_segment_internal.hpp"

namespace ingot::delta {
namespace {

constexpr std::size_t kVersionDigits = 20;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

template <class T>
std::optional<T> number(std::string_view text) {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

std::optional<LogFileName> checkpoint_name(TableVersion version,
                                           const std::vector<std::string_view>& parts) {
    const bool parquet = parts.back() == "parquet";
    if (parts.size() == 3 && parquet) return LogFileName{LogFileKind::kClassicCheckpoint, version};
    if (parts.size() == 4 && (parquet || parts.back() == "json")) {
        return LogFileName{LogFileKind::kUuidCheckpoint, version, 0, 0, !parquet};
    }
    if (parts.size() != 5 || !parquet) return std::nullopt;
    const auto part = number<int>(parts[2]);
    const auto count = number<int>(parts[3]);
    if (!part || !count || *part < 1 || *part > *count) return std::nullopt;
    return LogFileName{LogFileKind::kMultiPartCheckpoint, version, *part, *count};
}

/// The complete checkpoints of one version, best first: a single file before many.
std::optional<CheckpointFiles> complete_checkpoint(const std::vector<const LogFile*>& files) {
    std::map<int, std::map<int, const LogFile*>> multi;
    const LogFile* single = nullptr;
    for (const LogFile* file : files) {
        if (file->name.kind == LogFileKind::kMultiPartCheckpoint) {
            multi[file->name.parts][file->name.part] = file;
        } else if (single == nullptr || file->name.kind == LogFileKind::kUuidCheckpoint) {
            single = file;
        }
    }
    if (single != nullptr) {
        return CheckpointFiles{single->name.version, {single->object}, single->name.is_json};
    }
    for (const auto& [count, parts] : multi) {
        if (static_cast<int>(parts.size()) != count) continue;
        CheckpointFiles result{parts.begin()->second->name.version, {}, false};
        for (const auto& [part, file] : parts) result.files.push_back(file->object);
        return result;
    }
    return std::nullopt;
}

bool is_checkpoint(const LogFile& file) {
    return file.name.kind == LogFileKind::kClassicCheckpoint ||
           file.name.kind == LogFileKind::kMultiPartCheckpoint ||
           file.name.kind == LogFileKind::kUuidCheckpoint;
}

/// The compaction that goes on at `next` and reaches furthest, not past `at_most`.
const LogFile* compaction_at(const std::vector<LogFile>& files, TableVersion next,
                             TableVersion at_most) {
    const LogFile* best = nullptr;
    for (const LogFile& file : files) {
        if (file.name.kind != LogFileKind::kCompaction || file.name.version > next) continue;
        const TableVersion last = file.name.last_version();
        if (last < next || last > at_most) continue;
        if (best == nullptr || last > best->name.last_version()) best = &file;
    }
    return best;
}

/// Nothing when the log holds no version at all.
std::optional<TableVersion> newest_version(const std::vector<LogFile>& files,
                                           const std::optional<CheckpointFiles>& checkpoint) {
    std::optional<TableVersion> newest;
    if (checkpoint) newest = checkpoint->version;
    for (const LogFile& file : files) {
        const bool changes_table =
            file.name.kind == LogFileKind::kCommit || file.name.kind == LogFileKind::kCompaction;
        if (changes_table) newest = std::max(newest, std::optional(file.name.last_version()));
    }
    return newest;
}

/// Why `version` can't be rebuilt when nothing in the log goes on at `next`.
Error gap_at(TableVersion next, TableVersion version, const std::vector<CommitFile>& commits) {
    const auto after = std::find_if(commits.begin(), commits.end(),
                                    [&](const CommitFile& c) { return c.version > next; });
    if (after == commits.end() || after->version > version) {
        return make_error(ErrorCode::kNotFound, "the table has no version {}", version);
    }
    if (next.value() == 0) {
        return make_error(ErrorCode::kNotFound,
                          "version {} can't be rebuilt: the log begins at version {} and "
                          "has no checkpoint at or before it",
                          version, after->version);
    }
    return make_error(ErrorCode::kCorruptData,
                      "the log is not contiguous: version {} is missing before {}", next,
                      after->version);
}

std::string md5_hex(std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const int ok = EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr);
    INGOT_CHECK(ok == 1, "MD5 of the checkpoint hint");
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

std::optional<CheckpointHint> parse_hint(std::string_view text) {
    const auto members = json::members_of(text);
    if (!members || !members->contains("version")) return std::nullopt;
    const auto version = json::integer_of(members->at("version"));
    if (!version || *version < 0) return std::nullopt;
    if (const auto checksum = members->find("checksum"); checksum != members->end()) {
        const auto canonical = json::canonical_form(text);
        if (!canonical || md5_hex(*canonical) != json::string_of(checksum->second)) {
            return std::nullopt;
        }
    }
    return CheckpointHint{TableVersion(*version)};
}

/// Whether the hint's checkpoint is there, so that nothing before it is needed.
bool has_checkpoint_at(const std::vector<LogFile>& files, TableVersion version) {
    const auto found = newest_checkpoint(files, version);
    return found && found->version == version;
}

}  // namespace

std::string version_prefix(TableVersion version) {
    return fmt::format("{}{:020}", kLogFolder, version.value());
}
std::string commit_path(TableVersion version) {
    return version_prefix(version) + ".json";
}
std::string checkpoint_path(TableVersion version) {
    return version_prefix(version) + ".checkpoint.parquet";
}
std::string checksum_path(TableVersion version) {
    return version_prefix(version) + ".crc";
}

std::optional<LogFileName> parse_log_file_name(std::string_view name) {
    const auto parts = split(name, '.');
    if (parts.size() < 2 || parts[0].size() != kVersionDigits) return std::nullopt;
    const auto value = number<std::int64_t>(parts[0]);
    if (!value) return std::nullopt;
    const TableVersion version(*value);
    if (parts.size() == 2 && parts[1] == "json") {
        return LogFileName{LogFileKind::kCommit, version};
    }
    if (parts.size() == 2 && parts[1] == "crc") {
        return LogFileName{LogFileKind::kChecksum, version};
    }
    if (parts[1] == "checkpoint") return checkpoint_name(version, parts);
    if (parts.size() == 4 && parts[2] == "compacted" && parts[3] == "json") {
        const auto last = number<std::int64_t>(parts[1]);
        if (!last || parts[1].size() != kVersionDigits || *last < *value) return std::nullopt;
        return LogFileName{LogFileKind::kCompaction, version, 0, 0, true, TableVersion(*last)};
    }
    return std::nullopt;
}

std::vector<LogFile> log_files(const std::vector<storage::ObjectInfo>& listing) {
    std::vector<LogFile> files;
    for (const auto& object : listing) {
        const std::string_view path = object.path;
        const std::string_view name = path.substr(path.rfind('/') + 1);
        if (const auto parsed = parse_log_file_name(name)) files.push_back({*parsed, object});
    }
    std::stable_sort(files.begin(), files.end(), [](const LogFile& a, const LogFile& b) {
        return a.name.version < b.name.version;
    });
    return files;
}

std::vector<CommitFile> commit_files(const std::vector<LogFile>& files) {
    std::vector<CommitFile> commits;
    for (const LogFile& file : files) {
        if (file.name.kind != LogFileKind::kCommit) continue;
        Timestamp timestamp = Timestamp::from_millis(file.object.modified.millis());
        if (!commits.empty() && timestamp <= commits.back().timestamp) {
            timestamp = commits.back().timestamp + std::chrono::milliseconds(1);
        }
        commits.push_back({file.name.version, file.object, timestamp});
    }
    return commits;
}

std::optional<CheckpointFiles> newest_checkpoint(const std::vector<LogFile>& files,
                                                 TableVersion at_most) {
    std::map<TableVersion, std::vector<const LogFile*>, std::greater<>> by_version;
    for (const LogFile& file : files) {
        if (is_checkpoint(file) && file.name.version <= at_most) {
            by_version[file.name.version].push_back(&file);
        }
    }
    for (const auto& [version, candidates] : by_version) {
        if (auto checkpoint = complete_checkpoint(candidates)) return checkpoint;
    }
    return std::nullopt;
}

Result<LogSegment> make_segment(const std::vector<LogFile>& files,
                                std::optional<TableVersion> version) {
    const std::vector<CommitFile> all = commit_files(files);
    if (!version) {
        version = newest_version(files, newest_checkpoint(files, TableVersion(INT64_MAX)));
        if (!version) {
            return make_error(ErrorCode::kNotFound, "there is no Delta table: its log is empty");
        }
    }
    LogSegment segment{*version, newest_checkpoint(files, *version), {}, std::nullopt, {}};
    TableVersion next(segment.checkpoint ? segment.checkpoint->version.value() + 1 : 0);
    auto commit = all.begin();
    while (next <= *version) {
        while (commit != all.end() && commit->version < next) ++commit;
        if (commit != all.end() && commit->version == next) {
            segment.commits.push_back(*commit);
        } else if (const LogFile* compaction = compaction_at(files, next, *version)) {
            segment.commits.push_back(
                {compaction->name.last_version(), compaction->object,
                 Timestamp::from_millis(compaction->object.modified.millis())});
        } else {
            return gap_at(next, *version, all);
        }
        next = TableVersion(segment.commits.back().version.value() + 1);
    }
    const auto tip = std::find_if(all.begin(), all.end(),
                                  [&](const CommitFile& c) { return c.version == *version; });
    if (tip != all.end()) segment.tip = *tip;
    if (segment.tip) {
        segment.timestamp = segment.tip->timestamp;
    } else if (!segment.commits.empty()) {
        segment.timestamp = segment.commits.back().timestamp;
    } else if (segment.checkpoint) {
        segment.timestamp = segment.checkpoint->files.front().modified;
    }
    return segment;
}

Result<std::optional<CheckpointHint>> read_checkpoint_hint(const TableLocation& location) {
    auto text = location.store->read(location.object(kLastCheckpoint));
    if (!text) {
        if (text.error().code == ErrorCode::kNotFound) return std::optional<CheckpointHint>();
        return std::move(text).error();
    }
    return parse_hint(*text);
}

std::string checkpoint_hint_json(TableVersion version, std::int64_t actions, std::int64_t bytes,
                                 std::int64_t files) {
    const auto text = [&](const std::optional<std::string>& checksum) {
        std::string out;
        json::Writer json(out);
        json.begin_object().member("version", version.value()).member("size", actions);
        json.member("sizeInBytes", bytes).member("numOfAddFiles", files);
        json.member("checksum", checksum).end_object();
        return out;
    };
    const auto canonical = json::canonical_form(text(std::nullopt));
    return text(md5_hex(*canonical));
}

Result<std::vector<LogFile>> list_log(const TableLocation& location, TableVersion from) {
    // All versions begin with this digit: the sidecar folder is not listed.
    const std::string prefix = location.object(std::string(kLogFolder) + "0");
    const std::string start = location.object(version_prefix(from));
    INGOT_TRY_ASSIGN(const auto listing, location.store->list(prefix, start));
    return log_files(listing);
}

Result<LogSegment> find_segment(const TableLocation& location, std::optional<TableVersion> version,
                                const std::set<std::string>& without) {
    const auto list = [&](TableVersion from) -> Result<std::vector<LogFile>> {
        INGOT_TRY_ASSIGN(auto files, list_log(location, from));
        std::erase_if(files, [&](const LogFile& f) { return without.contains(f.object.path); });
        return files;
    };
    INGOT_TRY_ASSIGN(const auto hint, read_checkpoint_hint(location));
    if (hint && (!version || *version >= hint->version)) {
        INGOT_TRY_ASSIGN(const auto files, list(hint->version));
        if (has_checkpoint_at(files, hint->version)) return make_segment(files, version);
    }
    INGOT_TRY_ASSIGN(const auto files, list(TableVersion(0)));
    return make_segment(files, version);
}

Result<LogText> read_log_file(const TableLocation& location, const storage::ObjectInfo& object) {
    INGOT_TRY_ASSIGN(std::string bytes, location.store->read(object.path));
    return LogText(fmt::format("{}/{}", location.store->uri(), object.path), std::move(bytes));
}

}  // namespace ingot::delta
