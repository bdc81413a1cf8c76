#include "service/table_watch.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace ingot::service {
namespace {

bool changed_rows(const std::vector<delta::Action>& commit) {
    return std::any_of(commit.begin(), commit.end(), [](const delta::Action& action) {
        const auto* add = std::get_if<delta::Add>(&action);
        const auto* remove = std::get_if<delta::Remove>(&action);
        return (add != nullptr && add->data_change) || (remove != nullptr && remove->data_change);
    });
}

/// As its first commit says.
std::string id_of(const delta::TableLocation& location) {
    const auto first = delta::read_commit(location, delta::TableVersion(0));
    if (!first) return "";
    for (const delta::Action& action : *first) {
        if (const auto* metadata = std::get_if<delta::Metadata>(&action)) return metadata->id;
    }
    return "";
}

std::optional<Timestamp> time_of(const std::vector<delta::Action>& commit) {
    for (const delta::Action& action : commit) {
        const auto* info = std::get_if<delta::CommitInfo>(&action);
        if (info == nullptr) continue;
        const auto at = info->in_commit_timestamp ? info->in_commit_timestamp : info->timestamp;
        if (at) return Timestamp::from_millis(*at);
    }
    return std::nullopt;
}

struct Found {
    delta::TableVersion version;
    std::optional<Timestamp> at = {};
};

/// The newest version after `seen` whose commit changed rows. A log that was cleaned up behind it
/// hides whether it did: then it counts.
Result<std::optional<Found>> newest_change(const delta::TableLocation& location,
                                           delta::TableVersion newest,
                                           std::optional<delta::TableVersion> seen) {
    const std::int64_t first = seen ? seen->value() + 1 : 0;
    for (std::int64_t version = newest.value(); version >= first; --version) {
        const auto actions = delta::read_commit(location, delta::TableVersion(version));
        if (!actions && actions.error().code == ErrorCode::kNotFound) {
            return std::optional(Found{delta::TableVersion(version)});
        }
        if (!actions) return actions.error();
        if (changed_rows(*actions)) {
            return std::optional(Found{delta::TableVersion(version), time_of(*actions)});
        }
    }
    return std::optional<Found>();
}

}  // namespace

void TableWatch::watch(std::vector<project::TableName> tables) {
    std::map<project::TableName, std::optional<Seen>> seen;
    for (const project::TableName& table : tables) {
        const auto known = seen_.find(table);
        seen.emplace(table, known == seen_.end() ? std::nullopt : known->second);
    }
    seen_ = std::move(seen);
}

std::vector<TableNews> TableWatch::look(const task::Lake& lake) {
    std::vector<TableNews> news;
    for (auto& [table, seen] : seen_) {
        const delta::TableLocation location = lake.location(table);
        const Result<delta::TableVersion> newest = delta::latest_version(location);
        if (!newest) {
            if (newest.error().code != ErrorCode::kNotFound) {
                log_warning("{} cannot be watched: {}", table.text(), newest.error().to_string());
            }
            continue;
        }
        if (seen && *newest == seen->version) continue;
        // A table that was made anew counts from zero again.
        if (seen && *newest < seen->version) seen.reset();
        const auto change =
            newest_change(location, *newest, seen ? std::optional(seen->version) : std::nullopt);
        if (!change) {
            log_warning("{} cannot be watched: {}", table.text(), change.error().to_string());
            continue;
        }
        seen = Seen{*newest, seen ? seen->id : id_of(location)};
        if (*change) news.push_back({table, (*change)->version, seen->id, (*change)->at});
    }
    return news;
}

}  // namespace ingot::service
