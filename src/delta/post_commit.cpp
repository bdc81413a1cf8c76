#include <algorithm>
#include <set>

#include "delta/checkpoint_internal.hpp"
#include "delta/commit.hpp"
#include "delta/json_internal.hpp"
#include "delta/post_commit_internal.hpp"
#include "delta/table_feature_internal.hpp"

namespace ingot::delta {
namespace {

constexpr std::int64_t kDayMicros = std::int64_t{86'400} * 1'000'000;

std::string checksum_json(const TableSnapshot& snapshot, const std::string& txn_id) {
    std::string text;
    json::Writer json(text);
    const auto part = [](auto&& append) {
        std::string out;
        append(out);
        return out;
    };
    // The writer of an action line wraps it in an object of one member: this takes the inside.
    const auto inside = [&](const Action& action) {
        std::string line = part([&](std::string& out) { append_action_line(out, action); });
        const std::size_t begin = line.find(':') + 1;
        return line.substr(begin, line.size() - begin - 2);
    };
    json.begin_object().member("txnId", txn_id);
    json.member("tableSizeBytes", snapshot.files().total_size());
    json.member("numFiles", static_cast<std::int64_t>(snapshot.files().live_count()));
    json.member("numMetadata", std::int64_t{1}).member("numProtocol", std::int64_t{1});
    if (snapshot.config().in_commit_timestamps()) {
        json.member("inCommitTimestampOpt", snapshot.timestamp().millis());
    }
    json.key("setTransactions").begin_array();
    for (const auto& [id, txn] : snapshot.state().txns) json.raw(inside(txn));
    json.end_array().key("domainMetadata").begin_array();
    for (const auto& [name, domain] : snapshot.state().domains) {
        if (!domain.removed) json.raw(inside(domain));
    }
    json.end_array();
    json.key("metadata").raw(part([&](std::string& out) {
        append_metadata_json(out, snapshot.metadata());
    }));
    json.key("protocol").raw(part([&](std::string& out) {
        append_protocol_json(out, snapshot.protocol());
    }));
    json.end_object();
    return text;
}

Status write_checksum(const TableSnapshot& snapshot, const std::string& txn_id) {
    const auto& location = snapshot.location();
    const std::string path = location.object(checksum_path(snapshot.version()));
    // Whoever wrote one first wrote the same.
    INGOT_TRY(location.store->put_if_absent(path, checksum_json(snapshot, txn_id)));
    return {};
}

/// Removes log files that no retained version needs: everything before the newest checkpoint at or
/// before the cutoff. That checkpoint and its commit stay; it is read first, since nothing could
/// take its place afterwards.
Status clean_log(const TableSnapshot& snapshot, ParquetIo& parquet, Clock& clock) {
    const auto& location = snapshot.location();
    INGOT_TRY_ASSIGN(const auto files, list_log(location, TableVersion(0)));
    const std::int64_t limit = (clock.now() - snapshot.config().log_retention()).micros();
    const Timestamp cutoff = Timestamp::from_micros(limit - (limit % kDayMicros));
    TableVersion last_expired(-1);
    for (const CommitFile& commit : commit_files(files)) {
        if (commit.timestamp < cutoff) last_expired = commit.version;
    }
    if (last_expired.value() < 0) return {};
    const auto keep = make_segment(files, last_expired);
    // Without a checkpoint at or before the cutoff all commits are still needed.
    if (!keep || !keep->checkpoint) return {};
    std::vector<std::string> expired;
    for (const LogFile& file : files) {
        if (file.name.last_version() >= keep->checkpoint->version) continue;
        expired.push_back(file.object.path);
    }
    if (expired.empty()) return {};
    LogReplay whole;
    INGOT_TRY(read_checkpoint(location, *keep->checkpoint, parquet, whole));
    for (const std::string& path : expired) INGOT_TRY(location.store->remove(path));
    return {};
}

bool checkpoint_is_due(const TableSnapshot& snapshot) {
    const std::int64_t version = snapshot.version().value();
    return version > 0 && version % snapshot.config().checkpoint_interval() == 0;
}

/// Sidecars and checkpoints that others rely on are not ours to clean.
bool may_clean(const TableSnapshot& snapshot) {
    return snapshot.config().log_cleanup_enabled() &&
           !has_feature(snapshot.protocol(), "v2Checkpoint") &&
           !has_feature(snapshot.protocol(), "checkpointProtection");
}

}  // namespace

std::vector<std::string> after_commit_work(const TableSnapshot& snapshot, const std::string& txn_id,
                                           ParquetIo& parquet, Clock& clock) {
    std::vector<std::string> warnings;
    const auto note = [&](std::string_view what, const Status& status) {
        if (status) return true;
        warnings.push_back(fmt::format("version {}: {} failed: {}", snapshot.version(), what,
                                       status.error().to_string()));
        return false;
    };
    note("writing the version checksum", write_checksum(snapshot, txn_id));
    if (checkpoint_is_due(snapshot) &&
        note("writing the checkpoint", write_checkpoint(snapshot, parquet, clock)) &&
        may_clean(snapshot)) {
        note("cleaning the log", clean_log(snapshot, parquet, clock));
    }
    return warnings;
}

}  // namespace ingot::delta
