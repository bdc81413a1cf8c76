#include "publish/orphans.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/uuid.hpp"
#include "delta/overlay.hpp"
#include "delta/tombstones.hpp"
#include "publish/progress.hpp"

namespace ingot::publish {
namespace {

constexpr std::string_view kLogFolder = "_delta_log/";
constexpr std::string_view kProgressFolder = "_ingot/progress/";
constexpr std::string_view kPagePrefix = "inputs-";
constexpr std::size_t kUuidSize = 36;
constexpr std::size_t kProgressDigits = 20;

/// The table's folder without its log and without tables inside it.
struct Folder {
    std::vector<storage::ObjectInfo> files;  ///< Paths within the store.
    std::vector<delta::TableVersion> commits;
    bool has_log = false;
};

/// Objects of the store that something names.
struct Referenced {
    std::set<std::string> objects;
    bool all_pages = false;  ///< A progress file that is kept cannot be read: so are all pages.
};

Result<Folder> list_folder(const delta::TableLocation& location);
Result<Referenced> referenced_objects(const delta::SnapshotPtr& snapshot, const Folder& folder,
                                      delta::ParquetIo& parquet, TableInspection& inspection);
Status check_live_files(const delta::SnapshotPtr& snapshot, const Folder& folder,
                        TableInspection& inspection);
bool may_be_orphan(std::string_view name, bool has_log);
bool is_young(std::string_view name, const storage::ObjectInfo& file,
              const InspectionOptions& options);

std::string within_table(const delta::TableLocation& location, const std::string& object) {
    return location.path.empty() ? object : object.substr(location.path.size() + 1);
}

}  // namespace

std::uint64_t TableInspection::orphan_bytes() const {
    std::uint64_t bytes = 0;
    for (const StrayFile& file : orphans) bytes += file.size;
    return bytes;
}

Result<TableInspection> inspect_table(const delta::TableLocation& location,
                                      delta::ParquetIo& parquet, const InspectionOptions& options) {
    // The folder first, the log after it: what is committed in between counts as referenced.
    INGOT_TRY_ASSIGN(const Folder folder, list_folder(location));
    TableInspection inspection;
    Referenced referenced;
    if (folder.has_log) {
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot,
                         delta::open_snapshot(location, parquet));
        inspection.version = snapshot->version();
        INGOT_TRY_ASSIGN(inspection.damaged_checkpoints,
                         delta::find_damaged_checkpoints(location, parquet));
        INGOT_TRY(check_live_files(snapshot, folder, inspection));
        INGOT_TRY_ASSIGN(referenced, referenced_objects(snapshot, folder, parquet, inspection));
    }
    for (const storage::ObjectInfo& file : folder.files) {
        const std::string name = within_table(location, file.path);
        if (!may_be_orphan(name, folder.has_log) || referenced.objects.contains(file.path))
            continue;
        const bool page = name.starts_with(std::string(kProgressFolder) + std::string(kPagePrefix));
        if (page && referenced.all_pages) continue;
        auto& list = is_young(name, file, options) ? inspection.young : inspection.orphans;
        list.push_back({name, file.size, file.modified});
    }
    return inspection;
}

Result<std::int64_t> remove_orphans(const delta::TableLocation& location,
                                    const TableInspection& inspection,
                                    const InspectionOptions& options) {
    std::int64_t removed = 0;
    for (const StrayFile& file : inspection.orphans) {
        INGOT_TRY(location.store->remove(location.object(file.path)));
        ++removed;
    }
    INGOT_TRY_ASSIGN(
        const std::uint64_t abandoned,
        location.store->remove_abandoned(location.object(""), options.now - options.older_than));
    return removed + static_cast<std::int64_t>(abandoned);
}

namespace {

std::optional<std::int64_t> number_in(std::string_view digits) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

/// `00000000000000000012.json`
std::optional<std::int64_t> numbered_json(std::string_view name) {
    if (name.size() != kProgressDigits + 5 || !name.ends_with(".json")) return std::nullopt;
    return number_in(name.substr(0, kProgressDigits));
}

Result<Folder> list_folder(const delta::TableLocation& location) {
    INGOT_TRY_ASSIGN(std::vector<storage::ObjectInfo> objects,
                     location.store->list(location.path.empty() ? "" : location.path + "/"));
    Folder folder;
    std::set<std::string> inner_tables;
    const std::string inner_log = "/" + std::string(kLogFolder);
    for (const storage::ObjectInfo& object : objects) {
        const std::string name = within_table(location, object.path);
        if (name.starts_with(kLogFolder)) {
            folder.has_log = true;
            if (const auto number = numbered_json(name.substr(kLogFolder.size())))
                folder.commits.emplace_back(*number);
        } else if (const std::size_t at = name.find(inner_log); at != std::string::npos) {
            inner_tables.insert(name.substr(0, at + 1));
        }
    }
    for (storage::ObjectInfo& object : objects) {
        const std::string name = within_table(location, object.path);
        const bool elsewhere =
            name.starts_with(kLogFolder) ||
            std::any_of(inner_tables.begin(), inner_tables.end(),
                        [&](const std::string& inner) { return name.starts_with(inner); });
        if (!elsewhere) folder.files.push_back(std::move(object));
    }
    return folder;
}

/// A file that lies in another store is named by nothing here.
void add_data_file(const delta::TableLocation& location, const std::string& path,
                   Referenced& referenced) {
    if (const Result<std::string> object = delta::data_object(location, path); object)
        referenced.objects.insert(*object);
}

void add_actions(const delta::TableLocation& location, const std::vector<delta::Action>& actions,
                 Referenced& referenced, std::set<std::int64_t>& progress_numbers) {
    for (const delta::Action& action : actions) {
        if (const auto* add = std::get_if<delta::Add>(&action)) {
            add_data_file(location, add->path, referenced);
        } else if (const auto* remove = std::get_if<delta::Remove>(&action)) {
            add_data_file(location, remove->path, referenced);
        } else if (const auto* change = std::get_if<delta::Cdc>(&action)) {
            add_data_file(location, change->path, referenced);
        } else if (const auto* txn = std::get_if<delta::Txn>(&action)) {
            if (txn->app_id == kProgressAppId) progress_numbers.insert(txn->version);
        }
    }
}

/// The progress files of these numbers and the pages that they name.
Status add_progress(const delta::TableLocation& location, const std::set<std::int64_t>& numbers,
                    const Folder& folder, Referenced& referenced) {
    for (const std::int64_t number : numbers) {
        const std::string object = location.object(progress_file(number));
        const bool there = std::any_of(folder.files.begin(), folder.files.end(),
                                       [&](const auto& file) { return file.path == object; });
        if (!there) continue;
        referenced.objects.insert(object);
        INGOT_TRY_ASSIGN(const std::string text, location.store->read(object));
        const Result<Progress> progress = Progress::from_json(text);
        if (!progress) {
            referenced.all_pages = true;
            continue;
        }
        for (const IdentityPage& page : progress->pages())
            referenced.objects.insert(location.object(page_file(page)));
    }
    return {};
}

Result<Referenced> referenced_objects(const delta::SnapshotPtr& snapshot, const Folder& folder,
                                      delta::ParquetIo& parquet, TableInspection& inspection) {
    const delta::TableLocation& location = snapshot->location();
    Referenced referenced;
    std::set<std::int64_t> numbers;
    const delta::FileIndex& files = snapshot->files();
    for (const delta::FileOrdinal file : files.all())
        add_data_file(location, std::string(files.path(file)), referenced);
    INGOT_TRY_ASSIGN(const std::vector<delta::Remove> removes,
                     delta::read_tombstones(*snapshot, parquet));
    for (const delta::Remove& remove : removes) add_data_file(location, remove.path, referenced);
    for (const delta::TableVersion version : folder.commits) {
        const Result<std::vector<delta::Action>> actions = delta::read_commit(location, version);
        // Log cleanup by another writer since the listing.
        if (!actions && actions.error().code == ErrorCode::kNotFound) continue;
        if (!actions) return actions.error();
        add_actions(location, *actions, referenced, numbers);
    }
    if (const auto number = snapshot->txn(kProgressAppId)) {
        numbers.insert(*number);
        if (const Result<StoredProgress> progress = load_progress(*snapshot); !progress) {
            inspection.damaged.push_back({progress_file(*number), progress.error().to_string()});
        }
    }
    INGOT_TRY(add_progress(location, numbers, folder, referenced));
    return referenced;
}

Status check_live_files(const delta::SnapshotPtr& snapshot, const Folder& folder,
                        TableInspection& inspection) {
    std::map<std::string_view, std::uint64_t> sizes;
    for (const storage::ObjectInfo& file : folder.files) sizes.emplace(file.path, file.size);
    const delta::FileIndex& files = snapshot->files();
    for (const delta::FileOrdinal file : files.all()) {
        ++inspection.live_files;
        const std::string path(files.path(file));
        const Result<std::string> object = delta::data_object(snapshot->location(), path);
        if (!object) {
            ++inspection.unchecked_files;
            continue;
        }
        std::optional<std::uint64_t> size;
        if (const auto found = sizes.find(*object); found != sizes.end()) {
            size = found->second;
        } else if (const auto head = snapshot->location().store->head(*object); head) {
            size = head->size;
        } else if (head.error().code != ErrorCode::kNotFound) {
            return head.error();
        }
        const auto expected = static_cast<std::uint64_t>(files.size(file));
        if (!size) {
            inspection.damaged.push_back({path, "absent"});
        } else if (*size != expected) {
            inspection.damaged.push_back(
                {path, fmt::format("{} bytes instead of {}", *size, expected)});
        }
    }
    return {};
}

/// The time at the front of a version 7 UUID.
std::optional<Timestamp> uuid_time(std::string_view text) {
    if (text.size() < kUuidSize || !is_uuid(text.substr(0, kUuidSize)) || text[14] != '7')
        return std::nullopt;
    const std::string digits = std::string(text.substr(0, 8)) + std::string(text.substr(9, 4));
    std::int64_t millis = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), millis, 16);
    return Timestamp::from_millis(millis);
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// A data file is named `<run>-<uuid>.parquet`.
bool named_by_ingot(std::string_view name) {
    const std::string_view file = file_name(name);
    return file.size() > 2 * kUuidSize && uuid_time(file) && file[kUuidSize] == '-' &&
           is_uuid(file.substr(kUuidSize + 1, kUuidSize));
}

bool may_be_orphan(std::string_view name, bool has_log) {
    if (name.starts_with(kProgressFolder)) {
        const std::string_view file = name.substr(kProgressFolder.size());
        return numbered_json(file).has_value() ||
               (file.starts_with(kPagePrefix) && file.ends_with(".json"));
    }
    return name.ends_with(".parquet") && (has_log || named_by_ingot(name));
}

bool is_young(std::string_view name, const storage::ObjectInfo& file,
              const InspectionOptions& options) {
    if (options.older_than <= Duration::zero()) return false;
    std::string_view file_part = file_name(name);
    if (file_part.starts_with(kPagePrefix)) file_part.remove_prefix(kPagePrefix.size());
    const Timestamp written = std::max(file.modified, uuid_time(file_part).value_or(file.modified));
    return written > options.now - options.older_than;
}

}  // namespace
}  // namespace ingot::publish
