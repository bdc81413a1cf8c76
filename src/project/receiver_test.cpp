// `notify:`, and those who name somebody of it.
#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

constexpr const char* kMail =
    "connections: {mail: {type: smtp, host: mx, from: a@b.example}, pg: {type: postgres, host: "
    "x}}\n";

std::string problems(const std::string& project, const std::string& pipeline = "") {
    ProjectFolder folder({{"project.yml", "name: t\n" + project}});
    folder.write("sources/e.yml",
                 "table: bronze.events\nload: window\nwindow: hour\nfrom: {files: "
                 "\"in/{window.start}.ndjson\"}\ncolumns: {id: bigint, at: timestamptz}\n");
    if (!pipeline.empty()) folder.write("pipelines/p.yml", pipeline);
    return folder.problems();
}

TEST(Receivers, AreReadByKind) {
    ProjectFolder folder(
        {{"project.yml", "name: t\n" + std::string(kMail) +
                             "notify:\n"
                             "  hook: {webhook: $secret.HOOK, headers: {X-Key: $secret.KEY}}\n"
                             "  chat: {slack: $secret.SLACK}\n"
                             "  team: {email: [a@x.example, b@x.example], connection: mail}\n"
                             "  pager: {command: [./page.sh, now]}\n"
                             "on_failure: {notify: chat}\n"}});
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    const auto& receivers = result.project->receivers;
    EXPECT_EQ(receivers.at("hook").kind, Receiver::Kind::kWebhook);
    EXPECT_EQ(receivers.at("hook").headers.at(0).first, "X-Key");
    EXPECT_EQ(receivers.at("chat").kind, Receiver::Kind::kSlack);
    EXPECT_EQ(receivers.at("team").addresses.size(), 2u);
    EXPECT_EQ(receivers.at("pager").argv.size(), 2u);
    EXPECT_EQ(result.project->notify_on_failure, "chat");
    EXPECT_TRUE(result.project->notify);
}

TEST(Receivers, WhatCannotWorkIsRefused) {
    EXPECT_EQ(problems("notify: {a: {email: a@b.example}}\n"),
              "project.yml:2:13: 'email' needs 'connection': a connection of the type smtp\n");
    EXPECT_EQ(problems(std::string(kMail) + "notify: {a: {email: x, connection: mial}}\n"),
              "project.yml:3:36: there is no connection 'mial'; did you mean 'mail'?\n");
    EXPECT_EQ(problems(std::string(kMail) + "notify: {a: {email: x, connection: pg}}\n"),
              "project.yml:3:36: the connection 'pg' is not of the type smtp\n");
    EXPECT_EQ(problems("connections: {mail: {type: smtp, host: mx}}\n"
                       "notify: {a: {email: x, connection: mail}}\n"),
              "project.yml:2:21: 'from' is missing: mail is sent over this connection\n");
    EXPECT_EQ(problems("notify: {a: {slack: x, headers: {X: y}}}\n"),
              "project.yml:2:33: 'headers' goes with 'webhook'\n");
    EXPECT_NE(problems("notify: {a: {slack: x, webhook: y}}\n"), "");
}

TEST(Receivers, EverybodyWhoIsNamedIsThere) {
    const std::string project = "notify: {oncall: {slack: $secret.S}}\n";
    const std::string tasks = "tasks: {a: {ingest: bronze.events}}\n";
    EXPECT_EQ(problems(project, "on_failure: {notify: oncall}\n" + tasks), "");
    EXPECT_EQ(problems(project, "on_failure: {notify: oncal}\n" + tasks),
              "pipelines/p.yml:1:22: nobody is called 'oncal' in `notify:` of project.yml; did you "
              "mean 'oncall'?\n");
    EXPECT_NE(problems(project, "deadline: {within: 1h, notify: me}\n" + tasks), "");
    EXPECT_NE(problems(project, "tasks: {a: {ingest: bronze.events, on_failure: {notify: me}}}\n"),
              "");
    EXPECT_NE(problems("on_failure: {notify: me}\n"), "");
}

TEST(Deadlines, RunsGoWithAnAverage) {
    const std::string tasks = "tasks: {a: {ingest: bronze.events}}\n";
    EXPECT_EQ(problems("", "deadline: {within: 1h, after: average, runs: 5}\n" + tasks), "");
    EXPECT_EQ(problems("", "deadline: {within: 1h, runs: 5}\n" + tasks),
              "pipelines/p.yml:1:30: 'runs' goes with `after: average`\n");
}

}  // namespace
}  // namespace ingot::project
