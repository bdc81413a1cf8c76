#include "publish/orphans.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/uuid.hpp"
#include "delta/commit.hpp"
#include "delta/fake_parquet.hpp"
#include "publish/progress.hpp"

namespace ingot::publish {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

class OrphansTest : public testing::Test {
protected:
    void SetUp() override {
        static int number = 0;
        auto store = storage::open_store("memory://orphans" + std::to_string(number++));
        ASSERT_TRUE(store);
        location_ = {*store, "silver/events"};
    }

    void put(const std::string& name, const std::string& bytes = "0123456789") {
        ASSERT_TRUE(location_.store->put(location_.object(name), bytes));
    }
    static delta::Add file(const std::string& path) {
        delta::Add add;
        add.path = path;
        add.size = 10;
        return add;
    }
    void commit(std::vector<delta::Action> actions) {
        delta::CommitRequest request;
        request.location = location_;
        request.operation = "WRITE";
        if (*delta::table_exists(location_)) {
            request.base = *delta::open_snapshot(location_, parquet_);
        } else {
            delta::CreateOptions create;
            create.schema.fields.push_back({"id", TypeId::kLong});
            request.actions = *delta::create_table_actions(create, system_clock());
        }
        request.actions.insert(request.actions.end(), actions.begin(), actions.end());
        const auto outcome = delta::commit(request, parquet_, system_clock());
        ASSERT_TRUE(outcome) << outcome.error().to_string();
        ASSERT_TRUE(std::holds_alternative<delta::Committed>(*outcome));
    }
    InspectionOptions sparing(Duration older_than) {
        return {older_than, system_clock().now() + std::chrono::seconds(1)};
    }
    TableInspection inspect(Duration older_than = Duration::zero()) {
        auto inspection = inspect_table(location_, parquet_, sparing(older_than));
        EXPECT_TRUE(inspection) << inspection.error().to_string();
        return inspection ? *inspection : TableInspection{};
    }

    delta::TableLocation location_;
    delta::FakeParquetIo parquet_;
};

TEST_F(OrphansTest, AStagedFileThatNoCommitNamesIsAnOrphan) {
    put("live.parquet");
    put("staged.parquet");
    commit({file("live.parquet")});
    const TableInspection inspection = inspect();
    EXPECT_THAT(inspection.orphans, ElementsAre(Field(&StrayFile::path, "staged.parquet")));
    EXPECT_EQ(inspection.live_files, 1);
    EXPECT_THAT(inspection.damaged, IsEmpty());
}

TEST_F(OrphansTest, ARemovedFileThatTheLogStillNamesIsKept) {
    put("old.parquet");
    put("new.parquet");
    commit({file("old.parquet")});
    delta::Remove remove;
    remove.path = "old.parquet";
    remove.deletion_timestamp = system_clock().now().millis();
    commit({remove, file("new.parquet")});
    EXPECT_THAT(inspect().orphans, IsEmpty());
}

TEST_F(OrphansTest, ATombstoneThatOnlyTheCheckpointKnowsIsKept) {
    put("old.parquet");
    put("new.parquet");
    commit({file("old.parquet")});
    delta::Remove remove;
    remove.path = "old.parquet";
    remove.deletion_timestamp = system_clock().now().millis();
    commit({remove, file("new.parquet")});
    const auto snapshot = delta::open_snapshot(location_, parquet_);
    ASSERT_TRUE(snapshot);
    ASSERT_TRUE(delta::write_checkpoint(**snapshot, parquet_, system_clock()));
    for (const int version : {0, 1}) {
        ASSERT_TRUE(location_.store->remove(
            location_.object(fmt::format("_delta_log/{:020}.json", version))));
    }
    EXPECT_THAT(inspect().orphans, IsEmpty());
}

TEST_F(OrphansTest, ALiveFileThatIsAbsentOrOfAnotherSizeIsDamage) {
    put("short.parquet", "0123");
    commit({file("gone.parquet"), file("short.parquet")});
    EXPECT_THAT(inspect().damaged, testing::UnorderedElementsAre(
                                       Field(&DamagedFile::problem, "absent"),
                                       Field(&DamagedFile::problem, "4 bytes instead of 10")));
}

TEST_F(OrphansTest, YoungFilesAreSpared) {
    put("live.parquet");
    put("staged.parquet");
    commit({file("live.parquet")});
    const TableInspection inspection = inspect(std::chrono::hours(1));
    EXPECT_THAT(inspection.orphans, IsEmpty());
    EXPECT_EQ(inspection.young.size(), 1U);
}

TEST_F(OrphansTest, ProgressThatNoCommitNamesIsAnOrphanAndThatOfTheTableIsNot) {
    Progress progress;
    Identities identities;
    identities["a"].push_back({"a", 1, "", std::nullopt, ""});
    ASSERT_TRUE(append_identities(location_, progress, identities));
    const auto number = write_progress(location_, 0, progress);
    ASSERT_TRUE(number);
    commit({delta::Txn{std::string(kProgressAppId), *number, std::nullopt}});
    EXPECT_THAT(inspect().orphans, IsEmpty());

    ASSERT_TRUE(append_identities(location_, progress, identities));
    ASSERT_TRUE(write_progress(location_, *number, progress));
    EXPECT_EQ(inspect().orphans.size(), 2U);
}

TEST_F(OrphansTest, WithoutALogOnlyFilesNamedAsOursAreOrphans) {
    put("theirs.parquet");
    const std::string ours = uuid_v7() + "-" + uuid_v4() + ".parquet";
    put(ours);
    EXPECT_THAT(inspect().orphans, ElementsAre(Field(&StrayFile::path, ours)));
}

TEST_F(OrphansTest, FilesOfATableInsideTheFolderAreLeftAlone) {
    put("live.parquet");
    commit({file("live.parquet")});
    put("inner/_delta_log/00000000000000000000.json", "{}");
    put("inner/part.parquet");
    EXPECT_THAT(inspect().orphans, IsEmpty());
}

TEST_F(OrphansTest, RemovingLeavesWhatIsLive) {
    put("live.parquet");
    put("staged.parquet");
    commit({file("live.parquet")});
    const auto removed = remove_orphans(location_, inspect(), sparing(Duration::zero()));
    ASSERT_TRUE(removed);
    EXPECT_EQ(*removed, 1);
    EXPECT_TRUE(location_.store->head(location_.object("live.parquet")));
    EXPECT_FALSE(location_.store->head(location_.object("staged.parquet")));
}

}  // namespace
}  // namespace ingot::publish
