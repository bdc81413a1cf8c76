// Random operations by interleaved writers against a brute-force oracle that replays the log with
// plain maps. A failure prints its seed; INGOT_TEST_SEED repeats it.
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "delta/commit.hpp"
#include "delta/log_writer_for_test.hpp"
#include "storage/faulty_store.hpp"

namespace ingot::delta {
namespace {

constexpr int kPartitions = 3;

struct ModelFile {
    std::string partition;
    std::set<int> rows;
};

/// A table as plain maps.
struct Model {
    std::map<std::string, ModelFile> files;
    std::map<std::string, std::int64_t> txns;

    /// Rows of one partition, of all without one.
    std::set<int> rows(const std::optional<std::string>& partition) const {
        std::set<int> result;
        for (const auto& [path, file] : files) {
            if (!partition || file.partition == *partition) {
                result.insert(file.rows.begin(), file.rows.end());
            }
        }
        return result;
    }
};

std::set<int> parse_rows(const std::string& text) {
    std::set<int> rows;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = text.find(',', at);
        if (end == std::string::npos) end = text.size();
        rows.insert(std::stoi(text.substr(at, end - at)));
        at = end + 1;
    }
    return rows;
}

void apply_to_model(Model& model, const std::vector<Action>& actions) {
    for (const Action& action : actions) {
        if (const auto* removed = std::get_if<Remove>(&action)) {
            EXPECT_EQ(model.files.erase(removed->path), 1U)
                << removed->path << " is removed, but it is not there";
        }
    }
    for (const Action& action : actions) {
        if (const auto* added = std::get_if<Add>(&action)) {
            const ModelFile file{*added->partition_values.at("p"),
                                 parse_rows(added->tags.at("rows"))};
            EXPECT_TRUE(model.files.emplace(added->path, file).second) << added->path;
        }
        if (const auto* txn = std::get_if<Txn>(&action)) model.txns[txn->app_id] = txn->version;
    }
}

/// One transaction under way.
struct Operation {
    SnapshotPtr base;
    std::vector<Action> actions;
    ReadSet reads;
    std::optional<std::string> partition;  ///< That was read.
    bool reads_rows = false;
    bool data_change = true;
    std::string marker;  ///< A path that only this operation adds.
};

class World {
public:
    explicit World(std::uint64_t seed) : random_(seed) {
        clean_ = log_.location;
        faulty_ = std::make_shared<storage::FaultyStore>(log_.location.store, clock_);
        log_.location.store = faulty_;
        auto actions =
            create_table_actions({schema_of("id long, p string"), {"p"}, {}, ""}, clock_);
        CommitRequest request;
        request.location = log_.location;
        request.actions = *actions;
        request.operation = "CREATE TABLE";
        EXPECT_TRUE(commit(request, log_.parquet, clock_));
        models_.emplace_back();
        storage::RandomFaults faults;
        faults.seed = seed;
        faults.probability = 0.08;
        faults.path_glob = "*_delta_log/*";
        faulty_->set_random(faults);
    }

    void run(int steps) {
        std::vector<std::optional<Operation>> writers(3);
        for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
            auto& writer = writers[pick(3)];
            if (!writer) {
                writer = begin();
            } else {
                finish(*writer);
                writer.reset();
            }
            clock_.advance(std::chrono::seconds(1));
        }
    }

    int commits() const { return static_cast<int>(models_.size()) - 1; }
    int conflicts() const { return conflicts_; }

private:
    std::size_t pick(std::size_t count) { return random_() % count; }

    SnapshotPtr open_table() {
        // Half of the time through a cached one, as a long-lived reader does.
        SnapshotRequest request;
        if (pick(2) == 0) request.known = known_;
        auto opened = open_snapshot(clean_, log_.parquet, request);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
        if (!opened) return nullptr;
        known_ = *opened;
        check_against_model(**opened);
        return with_faulty_store(*opened);
    }

    /// The same version by way of the faulty store, as commit wants its base.
    SnapshotPtr with_faulty_store(const SnapshotPtr& snapshot) {
        for (int attempt = 0; attempt < 200; ++attempt) {
            auto opened = open_snapshot(log_.location, log_.parquet,
                                        {snapshot->version(), std::nullopt, nullptr});
            if (opened) return *opened;
        }
        ADD_FAILURE() << "the faulty store never answered";
        return nullptr;
    }

    void check_against_model(const Snapshot& table) {
        learn_commits();
        const Model& model = models_.at(static_cast<std::size_t>(table.version().value()));
        std::vector<std::string> expected;
        for (const auto& [path, file] : model.files) expected.push_back(path);
        EXPECT_EQ(live_paths(table), expected) << "version " << table.version().value();
        for (const auto& [id, version] : model.txns) EXPECT_EQ(table.txn(id), version);
        for (int p = 0; p < kPartitions; ++p) {
            const std::string name = std::to_string(p);
            std::vector<std::string> in_partition;
            for (const auto& [path, file] : model.files) {
                if (file.partition == name) in_partition.push_back(path);
            }
            EXPECT_EQ(
                selected(table, Predicate::compare({"p"}, Predicate::Op::kEq, Scalar::text(name))),
                in_partition);
        }
    }

    /// Replays what is new in the log, through the healthy store.
    void learn_commits() {
        while (true) {
            const TableVersion next(static_cast<std::int64_t>(models_.size()));
            auto actions = read_commit(clean_, next);
            if (!actions) return;
            Model model = models_.back();
            apply_to_model(model, *actions);
            models_.push_back(std::move(model));
            logs_.push_back(*std::move(actions));
        }
    }

    Add new_file(const std::string& partition, const std::set<int>& rows) {
        Add file;
        file.path = fmt::format("f{:06}", next_file_++);
        file.partition_values["p"] = partition;
        file.size = 1;
        file.stats = fmt::format("{{\"numRecords\":{}}}", rows.size());
        file.tags["rows"] = fmt::format("{}", fmt::join(rows, ","));
        return file;
    }

    Operation begin() {
        Operation operation;
        operation.base = open_table();
        const std::string partition = std::to_string(pick(kPartitions));
        const auto& files = operation.base->files();
        const auto remove_all = [&](const FileSelection& selection) {
            for (const FileOrdinal file : selection) {
                operation.actions.emplace_back(
                    files.remove(file, clock_.now().millis(), operation.data_change));
            }
        };
        const auto in_partition =
            Predicate::compare({"p"}, Predicate::Op::kEq, Scalar::text(partition));
        std::set<int> rows{next_row_++};
        switch (pick(5)) {
            case 0:
                break;  // append
            case 1:     // overwrite
                operation.reads.whole_table = operation.reads_rows = true;
                remove_all(files.all());
                break;
            case 2:  // replace a partition
                operation.reads.predicates.push_back(in_partition);
                operation.reads_rows = true;
                operation.partition = partition;
                remove_all(files.select(in_partition));
                break;
            case 3:  // progress
                operation.reads.app_ids.push_back("app");
                operation.actions.emplace_back(
                    Txn{"app", operation.base->txn("app").value_or(0) + 1, std::nullopt});
                break;
            default: {  // compaction
                const auto selection = files.select(in_partition);
                if (selection.size() < 2) break;
                operation.data_change = false;
                rows.clear();
                for (const FileOrdinal file : selection) {
                    const auto of_file = parse_rows(files.add(file).tags.at("rows"));
                    rows.insert(of_file.begin(), of_file.end());
                }
                remove_all(selection);
            }
        }
        Add file = new_file(partition, rows);
        file.data_change = operation.data_change;
        operation.marker = file.path;
        operation.actions.emplace_back(std::move(file));
        return operation;
    }

    void finish(const Operation& operation) {
        CommitRequest request;
        request.location = log_.location;
        request.base = operation.base;
        request.reads = operation.reads;
        request.actions = operation.actions;
        request.operation = "TEST";
        request.data_change = operation.data_change;
        const auto outcome = commit(request, log_.parquet, clock_);
        learn_commits();
        const auto landed = version_of(operation.marker);
        if (!outcome) {
            if (outcome.error().code != ErrorCode::kCommitUnknown) {
                EXPECT_FALSE(landed) << "said to have failed: " << outcome.error().to_string();
            }
        } else if (const auto* committed = std::get_if<Committed>(&*outcome)) {
            ASSERT_TRUE(landed) << "said to be committed";
            EXPECT_EQ(committed->version, TableVersion(*landed));
            check_against_model(*committed->snapshot);
        } else {
            EXPECT_FALSE(landed) << "said to conflict";
            ++conflicts_;
            expect_justified(operation, std::get<Conflict>(*outcome));
        }
        if (landed) expect_serial(operation, *landed);
    }

    std::optional<std::int64_t> version_of(const std::string& marker) const {
        for (std::size_t i = 0; i < logs_.size(); ++i) {
            for (const Action& action : logs_[i]) {
                const auto* added = std::get_if<Add>(&action);
                if (added != nullptr && added->path == marker) {
                    return static_cast<std::int64_t>(i) + 1;
                }
            }
        }
        return std::nullopt;
    }

    /// What was read must read the same right before the commit.
    void expect_serial(const Operation& operation, std::int64_t version) {
        const auto base = static_cast<std::size_t>(operation.base->version().value());
        const Model& read = models_[base];
        const Model& before = models_[static_cast<std::size_t>(version) - 1];
        if (operation.reads_rows) {
            EXPECT_EQ(read.rows(operation.partition), before.rows(operation.partition));
        }
        if (!operation.reads.app_ids.empty()) {
            EXPECT_EQ(read.txns, before.txns);
        }
    }

    /// Some commit since touched what was read, removed what we remove, or wrote our txn.
    void expect_justified(const Operation& operation, const Conflict& conflict) {
        const auto index = static_cast<std::size_t>(conflict.winner.value()) - 1;
        ASSERT_GE(conflict.winner, TableVersion(operation.base->version().value() + 1));
        std::set<std::string> ours;
        for (const Action& action : operation.actions) {
            if (const auto* removed = std::get_if<Remove>(&action)) ours.insert(removed->path);
        }
        bool justified = false;
        for (const Action& action : logs_.at(index)) {
            if (const auto* added = std::get_if<Add>(&action)) {
                justified |= operation.reads_rows && added->data_change &&
                             (!operation.partition ||
                              added->partition_values.at("p") == operation.partition);
            }
            if (const auto* removed = std::get_if<Remove>(&action)) {
                justified |= ours.contains(removed->path);
                justified |= operation.reads_rows && removed->data_change;
            }
            justified |= std::holds_alternative<Txn>(action) && !operation.reads.app_ids.empty();
        }
        EXPECT_TRUE(justified) << conflict.detail;
    }

    TestLog log_;
    TableLocation clean_;
    std::shared_ptr<storage::FaultyStore> faulty_;
    ManualClock clock_{Timestamp::from_millis(1'700'000'000'000)};
    std::mt19937_64 random_;
    SnapshotPtr known_;
    std::vector<Model> models_;              // By version.
    std::vector<std::vector<Action>> logs_;  // Of version i + 1.
    int next_file_ = 0;
    int next_row_ = 0;
    int conflicts_ = 0;
};

std::uint64_t first_seed() {
    const char* text = std::getenv("INGOT_TEST_SEED");
    return text == nullptr ? 20'260'801 : std::strtoull(text, nullptr, 10);
}

TEST(DeltaModel, InterleavedWritersOnAFaultyStoreAreSerializable) {
    int commits = 0;
    int conflicts = 0;
    for (std::uint64_t round = 0; round < 10; ++round) {
        const std::uint64_t seed = first_seed() + round;
        SCOPED_TRACE(fmt::format("INGOT_TEST_SEED={}", seed));
        World world(seed);
        world.run(120);
        commits += world.commits();
        conflicts += world.conflicts();
        if (HasFailure()) return;
    }
    // The test would prove nothing if nearly everything failed.
    EXPECT_GT(commits, 200);
    EXPECT_GT(conflicts, 30);
}

}  // namespace
}  // namespace ingot::delta
