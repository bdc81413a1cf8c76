#include "task/export_changes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "publish/input_changes.hpp"

namespace ingot::task {
namespace {

using FileId = std::pair<std::string, std::string>;  ///< Path, deletion vector.

FileId id_of(const delta::Add& file) {
    return {file.path, file.deletion_vector ? file.deletion_vector->unique_id() : ""};
}

bool is_rewritten(const delta::Add& file) {
    return !file.data_change || file.tags.contains(std::string(publish::kRewrittenTag));
}

/// Nothing without statistics.
std::optional<std::int64_t> rows_of(const std::optional<std::string>& stats,
                                    const std::optional<delta::DeletionVectorDescriptor>& deleted) {
    if (!stats) return std::nullopt;
    const auto json = nlohmann::json::parse(*stats, nullptr, false);
    const auto rows = json.is_object() ? json.find("numRecords") : json.end();
    if (!json.is_object() || rows == json.end() || !rows->is_number_integer()) return std::nullopt;
    return rows->get<std::int64_t>() - (deleted ? deleted->cardinality : 0);
}

/// One commit.
struct Commit {
    std::vector<delta::Add> added;
    std::optional<std::int64_t> rows_taken_away = 0;
    std::optional<std::int64_t> rows_rewritten = 0;

    void take(const delta::Action& action) {
        const auto count = [](std::optional<std::int64_t>& sum, std::optional<std::int64_t> rows) {
            sum = sum && rows ? std::optional(*sum + *rows) : std::nullopt;
        };
        if (const auto* add = std::get_if<delta::Add>(&action)) {
            added.push_back(*add);
            if (add->data_change && is_rewritten(*add)) {
                count(rows_rewritten, rows_of(add->stats, add->deletion_vector));
            }
        } else if (const auto* remove = std::get_if<delta::Remove>(&action);
                   remove != nullptr && remove->data_change) {
            count(rows_taken_away, rows_of(remove->stats, remove->deletion_vector));
        }
    }
    /// Rewritten files hold rows that were there: as many as were taken away means all of them.
    bool keeps_all_rows() const {
        return rows_taken_away == 0 ||
               (rows_taken_away && rows_rewritten && *rows_taken_away == *rows_rewritten);
    }
};

/// Of all added files those of the table as it is. Rewritten ones count when what they were written
/// from is gone.
std::vector<delta::Add> covering(const std::vector<delta::Add>& added, const delta::Snapshot& now) {
    std::set<FileId> wanted;
    for (const delta::Add& file : added) wanted.insert(id_of(file));
    std::set<FileId> live;
    for (const delta::FileOrdinal file : now.files().all()) {
        const auto vector = now.files().deletion_vector(file);
        FileId id{std::string(now.files().path(file)), vector ? vector->unique_id() : ""};
        if (wanted.contains(id)) live.insert(std::move(id));
    }
    const bool fresh_ones_are_live = std::all_of(
        added.begin(), added.end(),
        [&](const delta::Add& file) { return is_rewritten(file) || live.contains(id_of(file)); });
    std::vector<delta::Add> files;
    for (const delta::Add& file : added) {
        if (fresh_ones_are_live && is_rewritten(file)) continue;
        if (live.erase(id_of(file)) > 0) files.push_back(file);
    }
    return files;
}

}  // namespace

Result<std::optional<TableChanges>> changes_since(const delta::Snapshot& now,
                                                  delta::TableVersion since) {
    TableChanges changes;
    std::vector<delta::Add> added;
    for (std::int64_t v = since.value() + 1; v <= now.version().value(); ++v) {
        const delta::TableVersion version(v);
        const Result<std::vector<delta::Action>> actions =
            delta::read_commit(now.location(), version);
        if (!actions && actions.error().code == ErrorCode::kNotFound) {
            return std::optional<TableChanges>();
        }
        if (!actions) return actions.error();
        Commit commit;
        for (const delta::Action& action : *actions) commit.take(action);
        if (!commit.keeps_all_rows() && !changes.changed_rows_at) changes.changed_rows_at = version;
        for (delta::Add& file : commit.added) {
            if (!is_rewritten(file)) changes.fresh.push_back(file);
            added.push_back(std::move(file));
        }
    }
    changes.covering = covering(added, now);
    return std::optional(std::move(changes));
}

}  // namespace ingot::task
