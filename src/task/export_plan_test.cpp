#include "task/export_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::task {
namespace {

using project::ExportItem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Rows = ExportPlan::Rows;

constexpr std::string_view kDefinition =
    R"(upsert key ("id") of "id" bigint, "name" text, "at" timestamp with time zone)";

class ExportPlanTest : public ::testing::Test {
protected:
    ExportPlanTest() {
        item_.from = *project::TableName::parse("gold.users");
        item_.to = project::ExportTable{"warehouse", "public", "users"};
        item_.mode = ExportItem::Mode::kUpsert;
        item_.key = {"id"};
        item_.place = {"pipelines/p.yml", 3, 5};
    }
    ExportPlan plan(bool again = false) {
        const auto planned = plan_export(item_, source_, target_, record_, again);
        EXPECT_TRUE(planned) << planned.error().to_string();
        return planned ? *planned : ExportPlan();
    }
    Error refused() {
        const auto planned = plan_export(item_, source_, target_, record_, false);
        EXPECT_FALSE(planned);
        return planned ? make_error(ErrorCode::kInternal, "not refused") : planned.error();
    }
    void exported(std::int64_t version) {
        target_ = TargetTable{{{"id", "bigint", true, false},
                               {"name", "text", false, false},
                               {"at", "timestamp with time zone", false, false}},
                              {{"id"}},
                              {"users_pkey"},
                              true};
        record_ = ExportRecord{"gold.users", "a1", version, std::string(kDefinition)};
    }

    ExportItem item_;
    ExportSource source_{
        "a1", 7, 7,
        Schema{{{"id", TypeId::kLong}, {"name", TypeId::kString}, {"at", TypeId::kTimestamp}}}};
    std::optional<TargetTable> target_;
    std::optional<ExportRecord> record_;
};

TEST_F(ExportPlanTest, AMissingTableIsMadeAndItsKeyComesAfterTheRows) {
    item_.indexes = {{"name"}, {"at", "name"}};
    const ExportPlan made = plan();
    EXPECT_EQ(made.rows, Rows::kAll);
    EXPECT_FALSE(made.staged) << "there is nothing to meet";
    EXPECT_THAT(made.before,
                ElementsAre(R"(CREATE TABLE "public"."users" ("id" bigint, "name" text, )"
                            R"("at" timestamp with time zone))"));
    EXPECT_THAT(
        made.after,
        ElementsAre(R"(ALTER TABLE "public"."users" ADD PRIMARY KEY ("id"))",
                    R"(CREATE INDEX "users_name_idx" ON "public"."users" ("name"))",
                    R"(CREATE INDEX "users_at_name_idx" ON "public"."users" ("at", "name"))"));
    EXPECT_EQ(made.definition, kDefinition);
}

TEST_F(ExportPlanTest, TheSameVersionIsNothingToDo) {
    exported(7);
    const ExportPlan nothing = plan();
    EXPECT_EQ(nothing.rows, Rows::kNone);
    EXPECT_THAT(nothing.before, IsEmpty());
    EXPECT_THAT(nothing.after, IsEmpty());
    EXPECT_EQ(plan(true).rows, Rows::kAll) << "unless everything is asked for again";
}

TEST_F(ExportPlanTest, AnUpsertSendsWhatWasWrittenSinceAndAnOverwriteAll) {
    exported(5);
    EXPECT_EQ(plan().rows, Rows::kChanged);
    EXPECT_TRUE(plan().staged);
    item_.mode = ExportItem::Mode::kOverwrite;
    EXPECT_EQ(plan().rows, Rows::kAll);
    EXPECT_TRUE(plan().empties);
}

TEST_F(ExportPlanTest, WhatAnotherExporterDidMeanwhileStays) {
    exported(9);
    source_.newest = 9;
    EXPECT_EQ(plan().rows, Rows::kNone);
}

TEST_F(ExportPlanTest, ALakeThatWentBackIsExportedAsAWhole) {
    exported(9);
    EXPECT_EQ(plan().rows, Rows::kAll);
    item_.mode = ExportItem::Mode::kAppend;
    EXPECT_THAT(refused().message, HasSubstr("the lake went back"));
}

TEST_F(ExportPlanTest, AnotherTableOrDefinitionIsExportedAsAWhole) {
    exported(7);
    source_.id = "b2";
    EXPECT_EQ(plan().rows, Rows::kAll);
    source_.id = "a1";
    item_.columns = {"id", "name"};
    EXPECT_EQ(plan().rows, Rows::kAll);
    item_.columns = {};
    target_->columns.pop_back();
    EXPECT_EQ(plan().rows, Rows::kAll) << "a column was dropped";
    EXPECT_THAT(
        plan().before,
        ElementsAre(R"(ALTER TABLE "public"."users" ADD COLUMN "at" timestamp with time zone)"));
}

TEST_F(ExportPlanTest, AppendSendsOnlyWhatIsNewAndNeverAgain) {
    item_.mode = ExportItem::Mode::kAppend;
    exported(5);
    EXPECT_EQ(plan().rows, Rows::kNew);
    EXPECT_EQ(plan(true).rows, Rows::kNew);
    exported(7);
    EXPECT_EQ(plan(true).rows, Rows::kNone);
    source_.id = "b2";
    EXPECT_EQ(refused().code, ErrorCode::kUnsupported);
}

TEST_F(ExportPlanTest, EveryColumnThatDoesNotFitIsNamedAtOnce) {
    exported(5);
    target_->columns[0].type = "integer";
    target_->columns[1].generated = true;
    target_->columns.push_back({"tenant", "text", true, false});
    const Error error = refused();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message, HasSubstr("pipelines/p.yml:3:5"));
    EXPECT_THAT(error.message, HasSubstr("id is integer there, which cannot hold every long"));
    EXPECT_THAT(error.message, HasSubstr("name is filled by the database"));
    EXPECT_THAT(error.message, HasSubstr("tenant there must not be null"));
}

TEST_F(ExportPlanTest, AColumnThatIsNotThereIsNamedWithTheNearest) {
    item_.key = {"idd"};
    EXPECT_THAT(refused().message, HasSubstr("no column idd for its key; did you mean 'id'?"));
    item_.key = {"id"};
    item_.columns = {"name"};
    EXPECT_THAT(refused().message, HasSubstr("id for its key is not among its `columns`"));
}

TEST_F(ExportPlanTest, NamesOfAnExistingTableAreFoundWithoutCase) {
    exported(5);
    source_.schema.fields[0].name = "Id";
    item_.key = {"ID"};
    const ExportPlan found = plan();
    EXPECT_EQ(found.columns[0].target.name, "id");
    EXPECT_THAT(found.before, IsEmpty());
    EXPECT_EQ(upsert_statement(item_, found, "staged"),
              R"(INSERT INTO "public"."users" AS t ("id", "name", "at") SELECT "id", "name", "at" )"
              R"(FROM staged ON CONFLICT ("id") DO UPDATE SET "name" = excluded."name", "at" = )"
              R"(excluded."at" WHERE t."name" IS DISTINCT FROM excluded."name" OR t."at" IS )"
              R"(DISTINCT FROM excluded."at")");
}

TEST_F(ExportPlanTest, AMissingUniqueIndexIsMadeBeforeRowsMeet) {
    exported(5);
    target_->unique = {{"id", "name"}};
    EXPECT_THAT(plan().before, ElementsAre(R"(CREATE UNIQUE INDEX ON "public"."users" ("id"))"));
}

TEST_F(ExportPlanTest, ALongIndexNameIsCutAndStaysTheSame) {
    item_.indexes = {{"name"}};
    item_.to = project::ExportTable{"w", "s", std::string(60, 'x')};
    const std::string statement = plan().after.back();
    EXPECT_EQ(statement, plan().after.back());
    const std::string name = statement.substr(14, statement.find('"', 14) - 14);
    EXPECT_EQ(name.size(), 63u) << name;
}

}  // namespace
}  // namespace ingot::task
