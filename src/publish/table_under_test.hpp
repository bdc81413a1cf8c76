#pragma once
// A table in a lake of its own, for the tests of this module.
#include <gtest/gtest.h>
#include <set>

#include "delta/overlay.hpp"
#include "publish/publish.hpp"
#include "storage/faulty_store.hpp"

namespace ingot::publish {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().to_string());
    return *std::move(result);
}

inline void must(const Status& status) {
    if (!status) throw std::runtime_error(status.error().to_string());
}

inline engine::Engine& shared_engine() {
    static const std::unique_ptr<engine::Engine> engine =
        must(engine::Engine::open({1ULL << 29, 2, {}}));
    return *engine;
}

class Overrides final : public engine::TableLookup {
public:
    explicit Overrides(std::map<std::string, delta::SnapshotPtr> tables)
        : tables_(std::move(tables)) {}
    Result<std::optional<engine::Relation>> find(std::string_view layer, std::string_view name,
                                                 std::optional<delta::TableVersion>) override {
        const auto found = tables_.find(std::string(layer) + "." + std::string(name));
        if (found == tables_.end()) return std::optional<engine::Relation>();
        return std::optional<engine::Relation>(found->second);
    }
    std::vector<std::string> names() override { return {}; }

private:
    std::map<std::string, delta::SnapshotPtr> tables_;
};

inline Result<std::unique_ptr<engine::Session>> open_session(
    const std::map<std::string, delta::SnapshotPtr>& tables) {
    return shared_engine().session(std::make_shared<Overrides>(tables));
}

inline Timestamp hour(int h) {
    return Timestamp::from_micros(h * 3'600'000'000LL);
}
inline Interval hours(int from, int to) {
    return {hour(from), hour(to)};
}

/// One table in a lake of its own, behind a store that can fail.
class TableUnderTest {
public:
    TableUnderTest() {
        static int lakes = 0;
        auto inner = must(storage::open_store(fmt::format("memory://publish-test-{}", ++lakes)));
        store_ = std::make_shared<storage::FaultyStore>(std::move(inner), clock_);
        location_ = {store_, "silver/t"};
        quarantine_ = {store_, "quarantine/silver_t"};
    }

    storage::FaultyStore& store() { return *store_; }
    const delta::TableLocation& location() const { return location_; }
    const delta::TableLocation& quarantine() const { return quarantine_; }
    ManualClock& clock() { return clock_; }

    PublishRequest request(const std::string& sql, WriteMode mode,
                           const Schema& schema = columns()) {
        PublishRequest request;
        request.table = "silver.t";
        request.location = location_;
        request.shape = {schema, {}, {}, ""};
        request.select.sql = sql;
        request.mode = std::move(mode);
        request.run_id = fmt::format("run{}", ++runs_);
        request.run_time = clock_.now();
        return request;
    }
    /// Rows (ts, value) of hours [from, to), in place of what those windows held.
    PublishRequest windows(int from, int to, const std::string& value) {
        PublishRequest request =
            this->request(fmt::format("SELECT make_timestamptz((h * 3600000000 + "
                                      "1800000000)::BIGINT) AS ts, '{}' AS value "
                                      "FROM range({}, {}) t(h)",
                                      value, from, to),
                          ReplaceRange{"ts", IntervalSet({hours(from, to)})});
        record(request, hours(from, to));
        return request;
    }
    static void record(PublishRequest& request, const Interval& window) {
        request.progress.code_hash = "code";
        request.progress.windows.push_back({window, WindowState::kDone, "code", {}, std::nullopt});
    }

    Result<PublishResult> publish(const PublishRequest& request) {
        const auto session = must(open_session({}));
        return publish::publish(request,
                                {*session, open_session, shared_engine().parquet(), clock_, {}});
    }

    delta::SnapshotPtr snapshot() { return snapshot_of(location_); }
    delta::SnapshotPtr snapshot_of(const delta::TableLocation& location) {
        if (!must(delta::table_exists(location))) return nullptr;
        return must(delta::open_snapshot(location, shared_engine().parquet()));
    }
    std::int64_t version() {
        const delta::SnapshotPtr now = snapshot();
        return now ? now->version().value() : -1;
    }
    Progress progress() {
        const delta::SnapshotPtr now = snapshot();
        return now ? must(load_progress(*now)).progress : Progress{};
    }
    std::vector<std::string> rows(const std::string& select = "epoch(ts)::BIGINT // 3600, value") {
        return rows_of(snapshot(), select);
    }
    static std::vector<std::string> rows_of(const delta::SnapshotPtr& table,
                                            const std::string& select) {
        if (!table) return {};
        const auto session = must(open_session({{"a.t", table}}));
        const ColumnBatch batch =
            must(session->query_all({"SELECT " + select + " FROM a.t ORDER BY ALL", {}}));
        std::vector<std::string> rows;
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            std::string line;
            for (const Column& column : batch.columns)
                line += (line.empty() ? "" : " ") + scalar_at(column, row).to_string();
            rows.push_back(line);
        }
        return rows;
    }
    std::vector<std::string> objects() {
        std::vector<std::string> paths;
        for (const auto& object : must(store_->list(""))) paths.push_back(object.path);
        return paths;
    }
    /// Data files that no version of their table names.
    std::vector<std::string> orphans() {
        std::set<std::string> named;
        for (const delta::TableLocation& location : {location_, quarantine_}) {
            const delta::SnapshotPtr now = snapshot_of(location);
            if (!now) continue;
            for (std::int64_t v = 0; v <= now->version().value(); ++v) {
                for (const auto& action :
                     must(delta::read_commit(location, delta::TableVersion(v)))) {
                    if (const auto* add = std::get_if<delta::Add>(&action))
                        named.insert(must(delta::data_object(location, add->path)));
                }
            }
        }
        std::vector<std::string> orphans;
        for (const std::string& path : objects()) {
            if (path.ends_with(".parquet") && path.find("_delta_log") == std::string::npos &&
                !named.contains(path))
                orphans.push_back(path);
        }
        return orphans;
    }

    /// Files of `_ingot/progress/` that no commit names, nor the progress that is in force.
    std::vector<std::string> stray_progress() {
        std::set<std::string> named;
        for (std::int64_t v = 0; v <= version(); ++v) {
            for (const auto& action : must(delta::read_commit(location_, delta::TableVersion(v)))) {
                const auto* txn = std::get_if<delta::Txn>(&action);
                if (txn != nullptr) named.insert(location_.object(progress_file(txn->version)));
            }
        }
        const Progress in_force = progress();
        for (const IdentityPage& page : in_force.pages())
            named.insert(location_.object(page_file(page)));
        std::vector<std::string> strays;
        for (const std::string& path : objects()) {
            if (path.starts_with("silver/t/_ingot/progress/") && !named.contains(path))
                strays.push_back(path);
        }
        return strays;
    }

    static const Schema& columns() {
        static const Schema schema{{{"ts", TypeId::kTimestamp}, {"value", TypeId::kString}}};
        return schema;
    }

private:
    ManualClock clock_{hour(400'000)};
    std::shared_ptr<storage::FaultyStore> store_;
    delta::TableLocation location_;
    delta::TableLocation quarantine_;
    int runs_ = 0;
};

}  // namespace ingot::publish
