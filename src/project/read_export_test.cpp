#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kProject =
    "name: t\n"
    "connections:\n"
    "  wh: {type: postgres, host: a}\n"
    "  other: {type: postgres, host: b}\n"
    "  bus: {type: kafka, brokers: a}\n";

ProjectFolder folder_with(const std::string& tasks) {
    return ProjectFolder(
        {{"project.yml", kProject},
         {"sources/e.yml",
          "table: bronze.events\nload: snapshot\nfrom: {files: a.ndjson}\n"
          "columns: {id: bigint}\n"},
         {"models/gold/v.sql", "/* --- kind: view --- */ SELECT id FROM bronze.events"},
         {"pipelines/p.yml", tasks}});
}

std::string problems(const std::string& items) {
    return folder_with("tasks:\n  a:\n    export:\n" + items).problems();
}

TEST(ReadExport, ItemsAreReadWhole) {
    ProjectFolder folder = folder_with(
        "tasks:\n"
        "  a:\n"
        "    export:\n"
        "      - {from: bronze.events, to: wh.public.my.events, mode: append, columns: [id],\n"
        "         key: id, indexes: [id, [id, other]]}\n"
        "  b: {export: [{from: bronze.events, to: \"out/{run.time:%Y}/e.ndjson.zst\"}]}\n");
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    const Pipeline& pipeline = result.project->pipelines.at(0);
    const auto& tables = std::get<ExportTask>(pipeline.tasks[0].body);
    EXPECT_EQ(*tables.connection(), "wh");
    const ExportItem& item = tables.items.at(0);
    const auto& table = std::get<ExportTable>(item.to);
    EXPECT_EQ(table.schema, "public");
    EXPECT_EQ(table.table, "my.events");
    EXPECT_EQ(item.mode, ExportItem::Mode::kAppend);
    EXPECT_THAT(item.indexes, ElementsAre(ElementsAre("id"), ElementsAre("id", "other")));
    const auto& files = std::get<ExportTask>(pipeline.tasks[1].body);
    EXPECT_EQ(files.connection(), nullptr);
    const auto& file = std::get<ExportFile>(files.items.at(0).to);
    EXPECT_EQ(file.format, ExportFile::Format::kNdjson);
    EXPECT_EQ(file.compression, Compression::kZstd);
}

TEST(ReadExport, WhatATargetLacksIsSaid) {
    EXPECT_THAT(problems("      - {from: bronze.events, to: hw.public.e}\n"),
                HasSubstr("pipelines/p.yml:4:35: there is no connection 'hw'; did you mean 'wh'?"));
    EXPECT_THAT(problems("      - {from: bronze.events, to: wh.e}\n"),
                HasSubstr("a table is written with its schema: wh.public.e"));
    EXPECT_THAT(problems("      - {from: bronze.events, to: bus.public.e}\n"),
                HasSubstr("'bus' is another"));
    EXPECT_THAT(problems("      - {from: bronze.events, to: wh.public.e, mode: upsert}\n"),
                HasSubstr("`mode: upsert` needs 'key'"));
    EXPECT_THAT(problems("      - {from: bronze.event, to: wh.public.e}\n"),
                HasSubstr("there is no table bronze.event; did you mean 'bronze.events'?"));
    EXPECT_THAT(problems("      - {from: gold.v, to: wh.public.v}\n"),
                HasSubstr("not yet: the export of a view"));
}

TEST(ReadExport, WhatOneTransactionCannotHoldIsRefused) {
    const std::string first = "      - {from: bronze.events, to: wh.public.e}\n";
    EXPECT_THAT(problems(first + "      - {from: bronze.events, to: other.public.e}\n"),
                HasSubstr("pipelines/p.yml:5:9: a task exports in one transaction"));
    EXPECT_THAT(problems(first + "      - {from: bronze.events, to: ./e.csv}\n"),
                HasSubstr("files are no part of a transaction"));
    EXPECT_THAT(problems(first + first), HasSubstr("wh.public.e is written twice by this task"));
}

TEST(ReadExport, AFileIsKnownByItsEndingAndReplacedWhole) {
    EXPECT_THAT(problems("      - {from: bronze.events, to: ./e.xlsx}\n"),
                HasSubstr("the ending says what is written: .parquet, .csv, .json, .ndjson"));
    EXPECT_THAT(problems("      - {from: bronze.events, to: ./e.parquet.gz}\n"),
                HasSubstr("a Parquet file is packed inside"));
    EXPECT_THAT(problems("      - {from: bronze.events, to: ./e.csv, mode: append}\n"),
                HasSubstr("a file is replaced as a whole"));
    EXPECT_THAT(problems("      - {from: bronze.events, to: ./e.csv, key: id}\n"),
                HasSubstr("'key' goes with a table"));
    EXPECT_THAT(problems("      - {from: bronze.events, to: \"s3://bucket/e.csv\"}\n"),
                HasSubstr("not yet: exports to s3://"));
}

TEST(ReadSqlTask, StatementsNeedAConnectionOfTheRightType) {
    EXPECT_THAT(folder_with("tasks: {a: {sql: {connection: bus, run: SELECT 1}}}\n").problems(),
                HasSubstr("there is no connection 'bus' of type postgres"));
    ProjectFolder folder = folder_with("tasks: {a: {sql: {connection: wh, run: VACUUM}}}\n");
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    EXPECT_EQ(std::get<SqlTask>(result.project->pipelines[0].tasks[0].body).connection, "wh");
}

TEST(ReadSqlTask, ASelectOverTheLakeNamesTablesThatExist) {
    EXPECT_THAT(folder_with("tasks: {a: {sql: SELECT id FROM bronze.event}}\n").problems(),
                HasSubstr("there is no table bronze.event; did you mean 'bronze.events'?"));
    ProjectFolder folder = folder_with("tasks: {a: {sql: SELECT id FROM bronze.events}}\n");
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    EXPECT_EQ(std::get<SqlTask>(result.project->pipelines[0].tasks[0].body).inputs.at(0).text(),
              "bronze.events");
}

}  // namespace
}  // namespace ingot::project
