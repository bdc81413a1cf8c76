#include "publish/publish.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "publish/input_changes.hpp"
#include "publish/table_under_test.hpp"

namespace ingot::publish {
namespace {

using storage::Fault;
using storage::FaultRule;
using storage::StoreOperation;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- write modes

TEST(Publish, AppendAddsAndOverwriteReplaces) {
    TableUnderTest table;
    const auto row = [&](const char* value) {
        return fmt::format("SELECT make_timestamptz(0) AS ts, '{}' AS value", value);
    };
    must(table.publish(table.request(row("a"), AppendRows{})));
    must(table.publish(table.request(row("b"), AppendRows{})));
    EXPECT_THAT(table.rows(), ElementsAre("0 a", "0 b"));
    must(table.publish(table.request(row("c"), OverwriteTable{})));
    EXPECT_THAT(table.rows(), ElementsAre("0 c"));
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Publish, ReplacingARangeKeepsTheRowsOfOtherWindowsExactly) {
    TableUnderTest table;
    must(table.publish(table.windows(0, 4, "old")));  // One file with four windows.
    must(table.publish(table.windows(4, 5, "old")));  // One wholly inside what is replaced.
    must(table.publish(table.windows(6, 7, "old")));  // One that is not touched.
    const PublishResult result = must(table.publish(table.windows(2, 6, "new")));
    EXPECT_EQ(result.rows_published, 4);
    EXPECT_THAT(table.rows(),
                ElementsAre("0 old", "1 old", "2 new", "3 new", "4 new", "5 new", "6 old"));
    EXPECT_EQ(table.progress().in_state(WindowState::kDone), IntervalSet({hours(0, 7)}));
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Publish, RowsWithoutATimeSurviveTheReplacementOfAnyWindow) {
    TableUnderTest table;
    must(table.publish(table.request(
        "SELECT * FROM (VALUES (NULL::TIMESTAMPTZ, 'none'), "
        "(make_timestamptz(0), 'old'), (make_timestamptz(7200000000), 'far')) t(ts, value)",
        AppendRows{})));
    must(table.publish(table.windows(0, 1, "new")));
    EXPECT_THAT(table.rows(), testing::UnorderedElementsAre("0 new", "2 far", "null none"));
}

// ---- upsert

const Schema& keyed() {
    static const Schema schema{{{"id", TypeId::kLong},
                                {"seen", TypeId::kLong},
                                {"name", TypeId::kString},
                                {"score", TypeId::kDouble}}};
    return schema;
}

TEST(Upsert, OrderAndGroupingOfWindowsDoNotMatter) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    for (int round = 0; round < 3; ++round) {
        std::vector<std::string> rows;
        for (int i = 0, n = 1 + below(20); i < n; ++i) {
            // Few values, so that ties and nulls are common.
            const char* const scores[] = {"NULL", "'nan'", "-1.5", "2"};
            const std::string seen = below(4) == 0 ? "NULL" : fmt::format("{}", below(3));
            const std::string name = below(4) == 0 ? "NULL" : fmt::format("'n{}'", below(3));
            rows.push_back(fmt::format("({}::BIGINT, {}::BIGINT, {}::VARCHAR, {}::DOUBLE)",
                                       below(5), seen, name, scores[below(4)]));
        }
        std::vector<std::string> expected;
        for (int order = 0; order < 3; ++order) {
            TableUnderTest table;
            for (std::size_t begin = 0; begin < rows.size();) {
                const std::size_t size =
                    order == 0 ? rows.size() : static_cast<std::size_t>(1 + below(6));
                std::string values;
                for (std::size_t i = begin; i < std::min(begin + size, rows.size()); ++i)
                    values += (values.empty() ? "" : ", ") + rows[i];
                must(table.publish(
                    table.request("SELECT * FROM (VALUES " + values + ") t(id, seen, name, score)",
                                  UpsertByKey{{"id"}, {"seen"}}, keyed())));
                begin += size;
            }
            const std::vector<std::string> got = table.rows("id, seen, name, score");
            if (order == 0) expected = got;
            EXPECT_EQ(got, expected) << fmt::format("{}", fmt::join(rows, " "));
            EXPECT_THAT(table.orphans(), IsEmpty());
            std::shuffle(rows.begin(), rows.end(), random);
        }
    }
}

TEST(Upsert, TheGreatestInOrderWinsAndANullIsLeast) {
    TableUnderTest table;
    const auto upsert = [&](const std::string& values) {
        must(table.publish(
            table.request("SELECT * FROM (VALUES " + values + ") t(id, seen, name, score)",
                          UpsertByKey{{"id"}, {"seen"}}, keyed())));
    };
    upsert("(1::BIGINT, NULL::BIGINT, 'unknown', 1.0::DOUBLE), (2, 5, 'five', 1)");
    upsert("(1::BIGINT, -9::BIGINT, 'known', 1.0::DOUBLE), (2, 4, 'four', 1), (3, 0, 'new', 1)");
    EXPECT_THAT(table.rows("id, seen, name"), ElementsAre("1 -9 known", "2 5 five", "3 0 new"));
}

TEST(Upsert, RowsOfNewKeysAreWrittenOnce) {
    TableUnderTest table;
    const auto upsert = [&](const std::string& values) {
        return must(table.publish(
            table.request("SELECT * FROM (VALUES " + values + ") t(id, seen, name, score)",
                          UpsertByKey{{"id"}, {"seen"}}, keyed())));
    };
    const auto files = [&] {
        const delta::SnapshotPtr now = table.snapshot();
        return now->files().all().size();
    };
    // Keys that lie beyond those that are stored touch no stored file.
    EXPECT_EQ(upsert("(1::BIGINT, 1::BIGINT, 'a', 1.0::DOUBLE), (2, 1, 'b', 1)").rows_merged, 0);
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(upsert("(3::BIGINT, 1::BIGINT, 'c', 1.0::DOUBLE)").rows_merged, 0);
    EXPECT_EQ(files(), 2U);
    // Two rows of one key are merged, wherever they come from.
    EXPECT_EQ(upsert("(5::BIGINT, 1::BIGINT, 'e', 1.0::DOUBLE), (5, 2, 'f', 1)").rows_merged, 1);
    EXPECT_EQ(files(), 3U);
    EXPECT_THAT(table.rows("id, name"), ElementsAre("1 a", "2 b", "3 c", "5 f"));
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Upsert, ANullKeyIsRefusedAndNothingStays) {
    TableUnderTest table;
    const auto result = table.publish(table.request(
        "SELECT NULL::BIGINT AS id, 1::BIGINT AS seen, 'a' AS name, 1.0::DOUBLE AS score",
        UpsertByKey{{"id"}, {"seen"}}, keyed()));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("1 rows have a null key"));
    EXPECT_THAT(table.objects(), IsEmpty());
}

// ---- audits

TEST(Publish, AFailedAuditLeavesEverythingAsItWas) {
    TableUnderTest table;
    must(table.publish(table.windows(0, 4, "old")));
    const auto objects = table.objects();
    const auto version = table.version();
    const Progress progress = table.progress();
    PublishRequest request = table.windows(2, 6, "new");
    std::vector<std::string> seen;
    request.audit = [&](const StagedTable& staged) -> Result<AuditVerdict> {
        seen = TableUnderTest::rows_of(staged.table, "value");
        EXPECT_EQ(TableUnderTest::rows_of(staged.new_rows, "value").size(), 4U);
        EXPECT_EQ(TableUnderTest::rows_of(staged.before, "value").size(), 4U);
        return AuditVerdict{"value is new"};
    };
    const auto result = table.publish(request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(result.error().message, HasSubstr("value is new"));
    EXPECT_THAT(seen, ElementsAre("new", "new", "new", "new", "old", "old"));
    EXPECT_EQ(table.objects(), objects);
    EXPECT_EQ(table.version(), version);
    EXPECT_EQ(table.progress(), progress);
}

// ---- rejected rows

/// Rows (ts, value, reason) of one hour, of which those with a reason are rejected.
PublishRequest splitting(TableUnderTest& table, int at, const std::string& values) {
    PublishRequest request = table.request(
        fmt::format("SELECT make_timestamptz({0}) AS ts, value, reason AS _reject_reason, reason "
                    "AS _reason, make_timestamptz({0}) AS _window_start FROM (VALUES {1}) "
                    "t(value, reason)",
                    hour(at).micros(), values),
        ReplaceRange{"ts", IntervalSet({hours(at, at + 1)})});
    TableUnderTest::record(request, hours(at, at + 1));
    request.splits = true;
    request.quarantine = Quarantine{table.quarantine(),
                                    {Schema{{{"value", TypeId::kString},
                                             {"_reason", TypeId::kString},
                                             {"_window_start", TypeId::kTimestamp}}},
                                     {},
                                     {},
                                     ""},
                                    "_window_start"};
    request.audit = [](const StagedTable& staged) -> Result<AuditVerdict> {
        return AuditVerdict{staged.rows == 0 ? "all of them were rejected" : ""};
    };
    return request;
}

std::vector<std::string> quarantined(TableUnderTest& table) {
    return TableUnderTest::rows_of(table.snapshot_of(table.quarantine()),
                                   "epoch(_window_start)::BIGINT // 3600, value, _reason");
}

TEST(Quarantine, AWindowOfNothingButRejectsShowsThemAndPublishesNothing) {
    TableUnderTest table;
    const auto all = table.publish(splitting(table, 0, "('a', 'BAD'), ('b', 'BAD')"));
    ASSERT_FALSE(all);
    EXPECT_THAT(all.error().to_string(), HasSubstr("the rejected rows are in quarantine/silver_t"));
    EXPECT_THAT(all.error().message, HasSubstr("all of them were rejected"));
    EXPECT_EQ(table.version(), -1);
    EXPECT_THAT(quarantined(table), ElementsAre("0 a BAD", "0 b BAD"));
    // The next attempt, and then the one that succeeds, take their place.
    EXPECT_FALSE(table.publish(splitting(table, 0, "('c', 'WORSE')")));
    EXPECT_THAT(quarantined(table), ElementsAre("0 c WORSE"));
    must(table.publish(splitting(table, 0, "('a', NULL), ('b', 'BAD')")));
    EXPECT_THAT(quarantined(table), ElementsAre("0 b BAD"));
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Quarantine, AFailedAttemptLeavesTheRejectsOfPublishedRows) {
    TableUnderTest table;
    must(table.publish(splitting(table, 0, "('a', NULL), ('b', 'BAD')")));
    EXPECT_FALSE(table.publish(splitting(table, 0, "('c', 'WORSE')")));
    EXPECT_THAT(quarantined(table), ElementsAre("0 b BAD"));
    EXPECT_FALSE(table.publish(splitting(table, 1, "('d', 'WORSE')")));
    EXPECT_THAT(quarantined(table), ElementsAre("0 b BAD", "1 d WORSE")) << "another window";
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Quarantine, RowsThatAreOnlyCountedAreInNoTable) {
    TableUnderTest table;
    PublishRequest mixed =
        splitting(table, 0, "('a', NULL), ('b', 'BAD'), ('c', 'TWICE'), ('d', 'TWICE')");
    mixed.counted_only = {"TWICE"};
    const PublishResult result = must(table.publish(mixed));
    EXPECT_EQ(result.rows_selected, 4);
    EXPECT_EQ(result.rows_published, 1);
    EXPECT_EQ(result.rows_rejected, 1);
    EXPECT_EQ(result.rows_dropped, 2);
    EXPECT_THAT(result.reasons, ElementsAre(std::pair("BAD", 1)));
    EXPECT_THAT(result.dropped, ElementsAre(std::pair("TWICE", 2)));
    EXPECT_THAT(quarantined(table), ElementsAre("0 b BAD"));
    EXPECT_THAT(table.orphans(), IsEmpty());

    PublishRequest only = splitting(table, 1, "('a', NULL), ('c', 'TWICE')");
    only.counted_only = {"TWICE"};
    EXPECT_EQ(must(table.publish(only)).rows_dropped, 1);
    EXPECT_THAT(quarantined(table), ElementsAre("0 b BAD"));
    EXPECT_THAT(table.orphans(), IsEmpty());
}

// ---- several writers

TEST(Publish, TwoRunsOfOtherWindowsBothLandAndTheTableKeepsItsIdentity) {
    TableUnderTest table;
    PublishRequest outer = table.windows(0, 1, "outer");
    std::string id;
    outer.audit = [&](const StagedTable&) -> Result<AuditVerdict> {
        if (!id.empty()) return AuditVerdict{};
        must(table.publish(table.windows(1, 2, "inner")));  // Creates the table first.
        id = table.snapshot()->metadata().id;
        return AuditVerdict{};
    };
    must(table.publish(outer));
    EXPECT_THAT(table.rows(), ElementsAre("0 outer", "1 inner"));
    EXPECT_EQ(table.snapshot()->metadata().id, id);
    EXPECT_EQ(table.progress().in_state(WindowState::kDone), IntervalSet({hours(0, 2)}));
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Quarantine, ASecondAttemptThatFailsItsAuditKeepsTheRejectsOnce) {
    TableUnderTest table;
    PublishRequest outer = splitting(table, 0, "('a', 'BAD')");
    bool once = true;
    outer.audit = [&](const StagedTable&) -> Result<AuditVerdict> {
        if (!std::exchange(once, false)) return AuditVerdict{"not any more"};
        must(table.publish(table.windows(1, 2, "inner")));
        return AuditVerdict{};
    };
    const auto result = table.publish(outer);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("not any more"));
    EXPECT_THAT(quarantined(table), ElementsAre("0 a BAD"));
    EXPECT_EQ(table.snapshot_of(table.quarantine())->version().value(), 0);
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Publish, AColumnThatAnotherRunAddedMeanwhileStays) {
    TableUnderTest table;
    must(table.publish(table.windows(0, 2, "old")));
    PublishRequest outer = table.windows(0, 1, "outer");
    outer.on_schema_change = project::OnSchemaChange::kAdd;
    bool once = true;
    outer.audit = [&](const StagedTable&) -> Result<AuditVerdict> {
        if (!std::exchange(once, false)) return AuditVerdict{};
        PublishRequest inner = table.windows(5, 6, "inner");
        inner.select.sql = "SELECT *, 'x' AS extra FROM (" + inner.select.sql + ")";
        inner.shape.schema.fields.push_back({"extra", TypeId::kString, true, {}});
        inner.on_schema_change = project::OnSchemaChange::kAdd;
        must(table.publish(inner));
        return AuditVerdict{};
    };
    must(table.publish(outer));
    EXPECT_THAT(table.rows("epoch(ts)::BIGINT // 3600, value, extra"),
                ElementsAre("0 outer null", "1 old null", "5 inner x"));
}

TEST(Publish, ALostCommitTakesItsProgressFilesWithIt) {
    TableUnderTest table;
    must(table.publish(table.windows(0, 1, "old")));
    PublishRequest outer = table.windows(1, 2, "outer");
    outer.progress.identities = {{"outer", {{"outer.gz", 1, "", std::nullopt, ""}}}};
    bool once = true;
    outer.audit = [&](const StagedTable&) -> Result<AuditVerdict> {
        if (!std::exchange(once, false)) return AuditVerdict{};
        PublishRequest inner = table.windows(2, 3, "inner");
        inner.progress.identities = {{"inner", {{"inner.gz", 1, "", std::nullopt, ""}}}};
        must(table.publish(inner));
        return AuditVerdict{};
    };
    must(table.publish(outer));
    EXPECT_THAT(table.rows(), ElementsAre("0 old", "1 outer", "2 inner"));
    EXPECT_EQ(must(load_identities(table.location(), table.progress())).size(), 2U);
    EXPECT_THAT(table.stray_progress(), IsEmpty());

    // The same, and the other run has published the very window: the commit is lost for good.
    once = true;
    PublishRequest beaten = table.windows(5, 6, "outer");
    beaten.audit = [&](const StagedTable&) -> Result<AuditVerdict> {
        must(table.publish(table.windows(5, 6, "inner")));
        return AuditVerdict{};
    };
    EXPECT_FALSE(table.publish(beaten));
    EXPECT_THAT(table.stray_progress(), IsEmpty());
}

TEST(Publish, OfTwoRunsOfOneWindowOneWinsAndTheOtherSaysSo) {
    TableUnderTest table;
    PublishRequest outer = table.windows(0, 1, "outer");
    outer.audit = [&](const StagedTable&) -> Result<AuditVerdict> {
        must(table.publish(table.windows(0, 1, "inner")));
        return AuditVerdict{};
    };
    const auto result = table.publish(outer);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCommitConflict);
    EXPECT_THAT(result.error().message, HasSubstr("was published by another run"));
    EXPECT_THAT(table.rows(), ElementsAre("0 inner"));
    EXPECT_THAT(table.orphans(), IsEmpty());
}

TEST(Publish, AWindowPublishedBetweenPlanAndPublishIsNotAppendedTwice) {
    TableUnderTest table;
    PublishRequest late = table.windows(0, 1, "late");
    late.mode = AppendRows{};
    late.planned_on = delta::SnapshotPtr();  // There was no table when the work was planned.
    PublishRequest early = table.windows(0, 1, "early");
    early.mode = AppendRows{};
    must(table.publish(early));
    const auto result = table.publish(late);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCommitConflict);
    EXPECT_THAT(table.rows(), ElementsAre("0 early"));
}

// ---- faults

struct FaultCase {
    StoreOperation operation;
    Fault fault;
    bool is_read;
};
std::string name_of(const testing::TestParamInfo<FaultCase>& info) {
    const char* const operations[] = {"List",        "Head",   "Read",   "ReadRange", "Put",
                                      "PutIfAbsent", "Create", "Append", "Finish",    "Remove"};
    const char* const faults[] = {"Fails", "IsSlow", "IsTorn", "LosesItsReply"};
    return std::string(operations[static_cast<int>(info.param.operation)]) +
           faults[static_cast<int>(info.param.fault)];
}

class EveryFault : public testing::TestWithParam<FaultCase> {
protected:
    /// Fails call 1, 2, ... of the operation, until the publish does not get that far.
    template <class Request>
    void sweep(const std::vector<std::string>& before, const std::vector<std::string>& after,
               Request make, const std::string& select) {
        int injected = 0;
        for (std::uint64_t nth = 1; nth < 200; ++nth) {
            SCOPED_TRACE(fmt::format("call {}", nth));
            TableUnderTest table;
            prepare(table);
            const PublishRequest request = make(table);
            const PublishRequest again = make(table);
            const std::int64_t version = table.version();
            FaultRule rule;
            rule.operation = GetParam().operation;
            rule.fault = GetParam().fault;
            rule.nth = nth;
            table.store().add_rule(rule);
            const Result<PublishResult> result = table.publish(request);
            const bool reached = !table.store().injected().empty();
            table.store().heal();

            const auto rows = table.rows(select);
            if (result) {
                EXPECT_EQ(rows, after);
                EXPECT_EQ(table.version(), version + 1);
            } else {
                EXPECT_NE(result.error().code, ErrorCode::kCommitUnknown) << "one fault is settled";
                EXPECT_EQ(rows, before) << result.error().to_string();
                EXPECT_EQ(table.version(), version);
            }
            const bool can_clean_up = GetParam().operation != StoreOperation::kRemove;
            if (can_clean_up) {
                EXPECT_THAT(table.orphans(), IsEmpty());
            }
            // A number whose file is unclear may be another writer's: `table fsck` finds out.
            const bool numbers_are_clear = GetParam().operation != StoreOperation::kPutIfAbsent ||
                                           GetParam().fault != Fault::kLoseReply;
            if (can_clean_up && numbers_are_clear) {
                EXPECT_THAT(table.stray_progress(), IsEmpty());
            }
            if (!result) must(table.publish(again));
            EXPECT_EQ(table.rows(select), after);
            if (!reached) break;
            ++injected;
        }
        RecordProperty("faults", injected);
        if (GetParam().operation == StoreOperation::kPutIfAbsent) {
            EXPECT_GE(injected, 2);
        }
        if (GetParam().operation == StoreOperation::kAppend) {
            EXPECT_GE(injected, 1);
        }
    }
    virtual void prepare(TableUnderTest& table) { must(table.publish(table.windows(0, 4, "old"))); }
};

TEST_P(EveryFault, LeavesAReplacedWindowOldOrNew) {
    sweep(
        {"0 old", "1 old", "2 old", "3 old"}, {"0 old", "1 old", "2 new", "3 new", "4 new"},
        [](TableUnderTest& table) { return table.windows(2, 5, "new"); },
        "epoch(ts)::BIGINT // 3600, value");
}

class EveryFaultOfAnUpsert : public EveryFault {
protected:
    void prepare(TableUnderTest& table) override {
        must(
            table.publish(table.request("SELECT i::BIGINT AS id, 0::BIGINT AS seen, 'old' AS name, "
                                        "0::DOUBLE AS score FROM range(3) t(i)",
                                        UpsertByKey{{"id"}, {"seen"}}, keyed())));
    }
};

TEST_P(EveryFaultOfAnUpsert, LeavesTheTableOldOrNew) {
    sweep(
        {"0 old", "1 old", "2 old"}, {"0 old", "1 old", "2 new", "3 new"},
        [](TableUnderTest& table) {
            PublishRequest request = table.request(
                "SELECT i::BIGINT AS id, 1::BIGINT AS seen, 'new' AS name, 0::DOUBLE AS score "
                "FROM range(2, 4) t(i)",
                UpsertByKey{{"id"}, {"seen"}}, keyed());
            TableUnderTest::record(request, hours(0, 1));
            return request;
        },
        "id, name");
}

/// The first publish, with rejected rows.
class EveryFaultOfAQuarantine : public EveryFault {
protected:
    void prepare(TableUnderTest&) override {}
};

PublishRequest split_request(TableUnderTest& table) {
    PublishRequest request = table.windows(0, 4, "x");
    request.select.sql =
        "SELECT *, CASE WHEN epoch(ts) < 7200 THEN 'EARLY' END AS _reject_reason, ts AS w FROM (" +
        request.select.sql + ")";
    request.splits = true;
    request.quarantine =
        Quarantine{table.quarantine(),
                   {{{{"w", TypeId::kTimestamp}, {"_reject_reason", TypeId::kString}}}, {}, {}, ""},
                   "w"};
    return request;
}

TEST_P(EveryFaultOfAQuarantine, LosesNoRowAndDoublesNone) {
    sweep({}, {"2 x", "3 x"}, split_request, "epoch(ts)::BIGINT // 3600, value");
}

constexpr FaultCase kFaults[] = {
    {StoreOperation::kList, Fault::kFail, true},
    {StoreOperation::kHead, Fault::kFail, true},
    {StoreOperation::kRead, Fault::kFail, true},
    {StoreOperation::kReadRange, Fault::kFail, true},
    {StoreOperation::kPut, Fault::kFail, false},
    {StoreOperation::kPut, Fault::kLoseReply, false},
    {StoreOperation::kPutIfAbsent, Fault::kFail, false},
    {StoreOperation::kPutIfAbsent, Fault::kLoseReply, false},
    {StoreOperation::kCreate, Fault::kFail, false},
    {StoreOperation::kAppend, Fault::kFail, false},
    {StoreOperation::kAppend, Fault::kTear, false},
    {StoreOperation::kFinish, Fault::kFail, false},
    {StoreOperation::kFinish, Fault::kLoseReply, false},
    {StoreOperation::kRemove, Fault::kFail, false},
    {StoreOperation::kRemove, Fault::kLoseReply, false},
};
INSTANTIATE_TEST_SUITE_P(Store, EveryFault, testing::ValuesIn(kFaults), name_of);
INSTANTIATE_TEST_SUITE_P(Store, EveryFaultOfAnUpsert, testing::ValuesIn(kFaults), name_of);
INSTANTIATE_TEST_SUITE_P(Store, EveryFaultOfAQuarantine, testing::ValuesIn(kFaults), name_of);

/// The commit lands, its reply is lost, and for a while nobody can look.
void lose_sight_of_commit(TableUnderTest& table, const std::string& path) {
    FaultRule lost;
    lost.operation = StoreOperation::kPutIfAbsent;
    lost.path_glob = path;
    lost.fault = Fault::kLoseReply;
    lost.times = 100;
    table.store().add_rule(lost);
    FaultRule blind;
    blind.operation = StoreOperation::kRead;
    blind.path_glob = path;
    blind.times = 100;
    table.store().add_rule(blind);
}

TEST(Publish, AnUnknownOutcomeKeepsTheFilesThatMayBeInTheLog) {
    TableUnderTest table;
    must(table.publish(table.windows(0, 4, "old")));
    const PublishRequest request = table.windows(2, 5, "new");
    lose_sight_of_commit(table, "silver/t/_delta_log/*1.json");
    const auto result = table.publish(request);
    table.store().heal();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCommitUnknown);
    EXPECT_THAT(table.rows(), ElementsAre("0 old", "1 old", "2 new", "3 new", "4 new"));
}

TEST(Publish, AnUnknownOutcomeOfTheQuarantineKeepsTheRejectedRows) {
    TableUnderTest table;
    const PublishRequest request = split_request(table);
    lose_sight_of_commit(table, "quarantine/*_delta_log/*0.json");
    const auto result = table.publish(request);
    table.store().heal();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kCommitUnknown);
    EXPECT_EQ(table.version(), -1);
    EXPECT_THAT(TableUnderTest::rows_of(table.snapshot_of(table.quarantine()), "_reject_reason"),
                ElementsAre("EARLY", "EARLY"));
    must(table.publish(split_request(table)));
    EXPECT_THAT(TableUnderTest::rows_of(table.snapshot_of(table.quarantine()), "_reject_reason"),
                ElementsAre("EARLY", "EARLY"));
}

// ---- input history

TEST(InputChanges, ACommitThatLogCleanupRemovedTouchesEverything) {
    TableUnderTest table;
    must(table.publish(table.windows(0, 2, "a")));
    const delta::SnapshotPtr first = table.snapshot();
    must(table.publish(table.windows(0, 1, "b")));
    PublishRequest gone = table.windows(1, 2, "c");
    gone.select.sql += " WHERE false";  // Rows vanish, and no file comes.
    must(table.publish(gone));
    must(delta::write_checkpoint(*table.snapshot(), shared_engine().parquet(), table.clock()));
    must(table.publish(table.windows(5, 6, "d")));
    must(table.store().remove("silver/t/_delta_log/00000000000000000002.json"));
    const InputHistory history =
        must(input_changes(*table.snapshot(), {first->version(), first->timestamp()}, "ts"));
    ASSERT_EQ(history.changes.size(), 2U);
    EXPECT_TRUE(history.changes[0].everything);
    EXPECT_EQ(history.changes[0].version, delta::TableVersion(2));
    EXPECT_FALSE(history.changes[1].everything);
    EXPECT_TRUE(history.changes[1].touched.overlaps(hours(5, 6)));
    EXPECT_FALSE(history.changes[1].touched.overlaps(hours(0, 5)));
}

/// Rows (loaded, ts, value): the hour in whose file a row came, and its own time.
const Schema& loaded_rows() {
    static const Schema schema{
        {{"loaded", TypeId::kTimestamp}, {"ts", TypeId::kTimestamp}, {"value", TypeId::kString}}};
    return schema;
}

/// The rows that the files of hours [from, to) hold now: pairs of the file's hour and the own one.
PublishRequest load(TableUnderTest& table, int from, int to,
                    const std::vector<std::pair<int, int>>& rows) {
    std::string values;
    for (const auto& [loaded, own] : rows)
        values += fmt::format("{}({}, {})", values.empty() ? "" : ", ", loaded, own);
    PublishRequest request = table.request(
        fmt::format("SELECT make_timestamptz((l * 3600000000)::BIGINT) AS loaded, "
                    "make_timestamptz((o * 3600000000 + 1800000000)::BIGINT) AS ts, 'v' AS value "
                    "FROM (VALUES {}) t(l, o)",
                    values),
        ReplaceRange{"loaded", IntervalSet({hours(from, to)}), /*is_own_time=*/false},
        loaded_rows());
    TableUnderTest::record(request, hours(from, to));
    return request;
}

/// The hours below 30 that the last commit touched.
std::set<int> touched_hours(TableUnderTest& table, const delta::SnapshotPtr& before) {
    const InputHistory history =
        must(input_changes(*table.snapshot(), {before->version(), before->timestamp()}, "ts"));
    std::set<int> touched;
    for (int h = 0; h < 30; ++h) {
        for (const InputChange& change : history.changes) {
            if (change.everything || change.touched.overlaps(hours(h, h + 1))) touched.insert(h);
        }
    }
    return touched;
}

TEST(InputChanges, ALateRowThatLeavesTheFileOfAnotherHourTouchesItsOwnTime) {
    TableUnderTest table;
    // One file with all hours, so that its other rows are rewritten; then one of a single hour.
    must(table.publish(load(table, 0, 10, {{2, 2}, {3, 3}, {9, 9}, {9, 5}, {9, 7}})));
    must(table.publish(load(table, 20, 21, {{20, 20}, {20, 25}})));
    const delta::SnapshotPtr partly = table.snapshot();
    must(table.publish(load(table, 9, 10, {{9, 9}})));
    EXPECT_EQ(touched_hours(table, partly), (std::set<int>{5, 6, 7, 8, 9}));
    const delta::SnapshotPtr wholly = table.snapshot();
    must(table.publish(load(table, 20, 21, {{20, 20}})));
    EXPECT_EQ(touched_hours(table, wholly), (std::set<int>{20, 21, 22, 23, 24, 25}));
    const delta::SnapshotPtr own = table.snapshot();
    must(table.publish(load(table, 2, 3, {{2, 2}})));
    EXPECT_EQ(touched_hours(table, own), (std::set<int>{2}));
}

TEST(InputChanges, AMergedRowThatMovesInTimeTouchesWhereItWas) {
    TableUnderTest table;
    const auto merge = [&](int window, const std::string& rows) {
        PublishRequest request = table.request(
            fmt::format("SELECT make_timestamptz((h * 3600000000)::BIGINT) AS ts, value "
                        "FROM (VALUES {}) t(h, value)",
                        rows),
            UpsertByKey{{"value"}, {"ts"}});
        TableUnderTest::record(request, hours(window, window + 1));
        must(table.publish(request));
    };
    merge(3, "(3, 'a'), (5, 'b')");
    const delta::SnapshotPtr before = table.snapshot();
    merge(9, "(9, 'a')");
    EXPECT_THAT(table.rows(), ElementsAre("5 b", "9 a"));
    EXPECT_TRUE(touched_hours(table, before).contains(3));
}

TEST(InputChanges, TimesThatCannotBeToldTouchEverything) {
    const TimesByColumn times{{"a", IntervalSet({hours(1, 2), hours(5, 6)})}, {"b", std::nullopt}};
    EXPECT_EQ(must(read_times(write_times(times))), times);
    for (const char* bad : {"", "[]", R"({"a": 1})", R"({"a": [["x", "y"]]})"}) {
        const Result<TimesByColumn> read = read_times(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code, ErrorCode::kCorruptData);
    }
}

}  // namespace
}  // namespace ingot::publish
