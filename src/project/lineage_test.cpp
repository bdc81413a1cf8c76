#include "project/lineage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const std::map<std::string, std::string> kFiles = {
    {"sources/events.yml",
     "table: bronze.events\nload: snapshot\nfrom: {files: a.csv}\n"
     "columns: {id: bigint, name: varchar}\n"},
    {"sources/loose.yml", "table: bronze.loose\nload: snapshot\nfrom: {files: b.csv}\n"},
    {"models/silver/a.sql", "SELECT id, name AS title FROM bronze.events"},
    {"models/gold/b.sql", "/* --- kind: table --- */ SELECT title AS what FROM silver.a"},
    {"models/gold/c.sql", "/* --- kind: table --- */ SELECT x FROM bronze.loose"}};

ProjectPtr load(ProjectFolder& folder) {
    LoadOptions options;
    options.lineage = false;
    const LoadResult result = folder.load(options);
    EXPECT_TRUE(result.project) << result.problems[0].to_string();
    return result.project;
}

TEST(ColumnLineage, FollowsColumnsThroughModels) {
    ProjectFolder folder(kFiles);
    const ProjectPtr project = load(folder);
    const auto lineage = column_lineage(*project, folder.facts);
    ASSERT_TRUE(lineage);
    EXPECT_THAT(lineage->problems, ElementsAre());
    const TableColumns& b = lineage->tables.at({"gold", "b"});
    ASSERT_EQ(b.columns.size(), 1u);
    EXPECT_EQ(b.columns[0].column.name, "what");
    EXPECT_EQ(b.columns[0].column.type, DataType(TypeId::kString));
    EXPECT_THAT(b.columns[0].sources, ElementsAre(Pair("silver.a", "title")));
}

TEST(ColumnLineage, EachColumnOfAProgramComesFromAllThatItReads) {
    std::map<std::string, std::string> files = kFiles;
    files["models/gold/p.sql"] =
        "/* ---\nkind: command\ncommand: [a]\ncolumns: {score: double, who: varchar}\n--- */ "
        "SELECT id, title FROM silver.a";
    ProjectFolder folder(files);
    const auto lineage = column_lineage(*load(folder), folder.facts);
    ASSERT_TRUE(lineage);
    const TableColumns& p = lineage->tables.at({"gold", "p"});
    ASSERT_EQ(p.columns.size(), 2u);
    EXPECT_EQ(p.columns[0].column.name, "score");
    for (const sql::ColumnLineage& column : p.columns) {
        EXPECT_THAT(column.sources, ElementsAre(Pair("silver.a", "id"), Pair("silver.a", "title")));
    }
}

TEST(ColumnLineage, UnknownColumnsAreSaidNotGuessed) {
    ProjectFolder folder(kFiles);
    const ProjectPtr project = load(folder);
    const auto lineage = column_lineage(*project, folder.facts);
    ASSERT_TRUE(lineage);
    EXPECT_THAT(lineage->tables.at({"gold", "c"}).unknown,
                HasSubstr("bronze.loose are neither declared nor loaded yet"));
    ColumnLineageOptions options;
    options.lake = [](const TableName& name) -> std::optional<Schema> {
        if (name != TableName("bronze", "loose")) return std::nullopt;
        return Schema{{{"x", TypeId::kDouble}}};
    };
    const auto known = column_lineage(*project, folder.facts, options);
    ASSERT_TRUE(known);
    EXPECT_EQ(known->tables.at({"gold", "c"}).columns[0].column.type, DataType(TypeId::kDouble));
}

TEST(ColumnLineage, TheCacheAnswersUntilSqlOrInputsChange) {
    ProjectFolder folder(kFiles);
    ColumnLineageOptions options;
    options.cache_file = folder.path() + "/.ingot/columns.txt";
    const auto first = column_lineage(*load(folder), folder.facts, options);
    EXPECT_EQ(first->bound, 2u);
    EXPECT_EQ(first->cached, 0u);
    const auto second = column_lineage(*load(folder), folder.facts, options);
    EXPECT_EQ(second->bound, 0u);
    EXPECT_EQ(second->cached, 2u);
    EXPECT_EQ(second->tables.at({"gold", "b"}).columns[0].sources,
              first->tables.at({"gold", "b"}).columns[0].sources);
    // A type upstream changes what everything below is bound to.
    folder.write("sources/events.yml",
                 "table: bronze.events\nload: snapshot\nfrom: {files: a.csv}\n"
                 "columns: {id: bigint, name: double}\n");
    const auto third = column_lineage(*load(folder), folder.facts, options);
    EXPECT_EQ(third->bound, 2u);
    EXPECT_EQ(third->tables.at({"gold", "b"}).columns[0].column.type, DataType(TypeId::kDouble));
}

TEST(ColumnLineage, ADamagedCacheIsBoundAnew) {
    ProjectFolder folder(kFiles);
    ColumnLineageOptions options;
    options.cache_file = folder.path() + "/.ingot/columns.txt";
    const auto first = column_lineage(*load(folder), folder.facts, options);
    ASSERT_EQ(first->bound, 2u);
    std::ifstream in(options.cache_file);
    const std::string good((std::istreambuf_iterator<char>(in)), {});
    for (std::size_t cut = 0; cut < good.size(); cut += 7) {
        folder.write(".ingot/columns.txt", good.substr(0, cut));
        const auto again = column_lineage(*load(folder), folder.facts, options);
        ASSERT_TRUE(again);
        ASSERT_EQ(again->tables.at({"gold", "b"}).columns[0].sources,
                  first->tables.at({"gold", "b"}).columns[0].sources)
            << cut;
    }
    folder.write(".ingot/columns.txt", "ingot column lineage 1\nM\tx\nC\nS\t\t\n\xff");
    EXPECT_EQ(column_lineage(*load(folder), folder.facts, options)->bound, 2u);
}

TEST(TableGraph, KnowsStepsInBothDirections) {
    ProjectFolder folder(kFiles);
    const TableGraph graph(*load(folder));
    EXPECT_THAT(graph.upstream({"gold", "b"}),
                ElementsAre(TableName("bronze", "events"), TableName("silver", "a")));
    EXPECT_THAT(graph.upstream({"gold", "b"}, 1), ElementsAre(TableName("silver", "a")));
    EXPECT_THAT(graph.downstream({"bronze", "events"}, 1), ElementsAre(TableName("silver", "a")));
    EXPECT_THAT(graph.upstream({"no", "table"}), ElementsAre());
}

}  // namespace
}  // namespace ingot::project
