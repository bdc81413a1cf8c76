#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/lineage.hpp"
#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ProjectPtr load_example(const std::string& name, FakeSqlFacts& facts) {
    LoadOptions options;
    options.root = std::string(INGOT_SOURCE_DIR) + "/examples/" + name;
    options.lineage = false;  // the real binder's work
    const auto loaded = open_project(options, facts);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *loaded : nullptr;
}

TEST(Load, GhArchiveExampleIsRead) {
    FakeSqlFacts facts;
    const ProjectPtr project = load_example("gharchive", facts);
    ASSERT_TRUE(project);
    EXPECT_EQ(project->name, "gharchive");
    ASSERT_EQ(project->sources.size(), 1u);
    const Source& source = project->sources[0];
    EXPECT_EQ(source.load, LoadKind::kWindow);
    ASSERT_TRUE(source.window);
    EXPECT_EQ(source.window->to_string(), "hour");
    EXPECT_DOUBLE_EQ(source.missing.allow, 1.0);
    EXPECT_EQ(source.format.adapter, "gharchive_legacy");
    EXPECT_EQ(std::get<FilesOrigin>(source.from).retry.retries, 5);
    const Model* events = project->find_model({"gold", "events"});
    ASSERT_NE(events, nullptr);
    EXPECT_EQ(events->kind, ModelKind::kIncremental);
    EXPECT_THAT(events->inputs, ElementsAre(TableName("silver", "events")));
    ASSERT_TRUE(events->window) << "taken from bronze.events through silver.events";
    EXPECT_EQ(events->window->to_string(), "hour");
    EXPECT_EQ(project->pipelines.size(), 1u);
}

TEST(Load, ProcurementExampleIsRead) {
    FakeSqlFacts facts;
    const ProjectPtr project = load_example("procurement", facts);
    ASSERT_TRUE(project);
    EXPECT_EQ(project->sources.size(), 3u);
    EXPECT_GE(project->macros.size(), 6u);
    const Model* contracts = project->find_model({"silver", "contracts"});
    ASSERT_NE(contracts, nullptr);
    EXPECT_FALSE(contracts->is_windowed());
}

}  // namespace
}  // namespace ingot::project
