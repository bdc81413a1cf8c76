// `metrics:`, where numbers are sent.
#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

std::string problems(const std::string& project) {
    return ProjectFolder({{"project.yml", "name: t\n" + project}}).problems();
}

TEST(Metrics, StatsdIsReadWithParametersPutIn) {
    const std::string text =
        "name: t\nparams: {statsd: {type: string, default: ''}}\n"
        "metrics: {statsd: {host: \"{params.statsd}\", port: 9125, prefix: data, tags: datadog, "
        "constant_tags: {env: prod}}}\n";
    ProjectFolder folder({{"project.yml", text}});
    EXPECT_FALSE(folder.load().project->statsd);
    LoadOptions options;
    options.params["statsd"] = "metrics.example";
    const LoadResult result = folder.load(options);
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    const StatsdSettings expected{
        "metrics.example", 9125, "data", StatsdSettings::Tags::kDatadog, {{"env", "prod"}}};
    EXPECT_EQ(result.project->statsd, expected);
}

TEST(Metrics, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_EQ(problems("metrics: {statsd: {hots: a}}\n"),
              "project.yml:2:19: 'host' is missing in this statsd\n"
              "project.yml:2:20: unknown key 'hots' in a statsd; did you mean 'host'?\n");
    EXPECT_EQ(problems("metrics: {statsd: {host: a, port: 70000}}\n"),
              "project.yml:2:35: 'port' is a number from 1 to 65535, not '70000'\n");
    EXPECT_EQ(problems("metrics: {statsd: {host: a, prefix: 'a:b'}}\n"),
              "project.yml:2:37: 'prefix' is the beginning of a name, such as `airflow` or "
              "`data.prod`\n");
    EXPECT_EQ(problems("metrics: {statsd: {host: a, constant_tags: {env: x}}}\n"),
              "project.yml:2:44: 'constant_tags' goes with `tags: influxdb` or `tags: datadog`\n");
    EXPECT_NE(problems("metrics: {statsd: {host: \"{params.nobody}\"}}\n"), "");
}

}  // namespace
}  // namespace ingot::project
