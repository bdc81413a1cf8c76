#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

using ::testing::HasSubstr;

const char* const kProject = "name: test\nparams: {input: {type: string, default: a.json.gz}}\n";
const char* const kSource = R"(table: bronze.rows
load: snapshot
from: {files: "{params.input}"}
format: [{json: {records: rows}}, parquet, {csv: {delimiter: ";"}}]
columns: {id: bigint, payload: json, raw: {type: JSON}, text: varchar}
)";

Format format_for(const std::string& input) {
    ProjectFolder folder({{"project.yml", kProject}, {"sources/rows.yml", kSource}});
    LoadOptions options;
    if (!input.empty()) options.params["input"] = input;
    const LoadResult loaded = folder.load(options);
    EXPECT_TRUE(loaded.project) << folder.problems(options);
    return loaded.project ? loaded.project->sources[0].format : Format{};
}

TEST(SourceFormat, OfAListTheOneThatTheNameOfTheInputEndsWithIsTaken) {
    const Format json = format_for("");
    ASSERT_TRUE(std::holds_alternative<JsonFormat>(json.kind));
    EXPECT_EQ(std::get<JsonFormat>(json.kind).records, "rows");
    EXPECT_TRUE(std::holds_alternative<ParquetFormat>(format_for("dir/b.parquet").kind));
    const Format csv = format_for("s3://bucket/c.csv.zst");
    ASSERT_TRUE(std::holds_alternative<CsvFormat>(csv.kind));
    EXPECT_EQ(std::get<CsvFormat>(csv.kind).delimiter, ';');
}

TEST(SourceFormat, ANameThatFitsNoFormatOfTheListIsAnError) {
    ProjectFolder folder({{"project.yml", kProject}, {"sources/rows.yml", kSource}});
    LoadOptions options;
    options.params["input"] = "x.xlsx";
    EXPECT_THAT(
        folder.problems(options),
        HasSubstr("sources/rows.yml:4:9: none of these formats goes with the name 'x.xlsx'"));
}

TEST(SourceFormat, JsonColumnsAreToldFromText) {
    ProjectFolder folder({{"project.yml", kProject}, {"sources/rows.yml", kSource}});
    const LoadResult loaded = folder.load();
    ASSERT_TRUE(loaded.project) << folder.problems();
    const auto& columns = loaded.project->sources[0].tables[0].columns;
    ASSERT_EQ(columns.size(), 4U);
    EXPECT_FALSE(columns[0].type->is_json());
    EXPECT_TRUE(columns[1].type->is_json());
    EXPECT_TRUE(columns[2].type->is_json());
    EXPECT_FALSE(columns[3].type->is_json());
}

}  // namespace
}  // namespace ingot::project
