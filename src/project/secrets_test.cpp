#include "project/secrets.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

TEST(Secrets, ComeFromTheFirstPlaceThatHasThem) {
    ::setenv("INGOT_TEST_SECRET", "from-env", 1);
    const std::map<std::string, std::string> files = {
        {".env",
         "# comment\nINGOT_TEST_SECRET=from-file\nexport OTHER=\"a b\\n\" # x\nPLAIN = v # c\n"}};
    ProjectFolder folder(files);
    auto store = SecretStore::open({"env", "file:.env"}, folder.path());
    ASSERT_TRUE(store);
    EXPECT_EQ(*(*store)->resolve({"INGOT_TEST_SECRET"}), "from-env");
    EXPECT_EQ(*(*store)->resolve({"OTHER"}), "a b\n");
    EXPECT_EQ(*(*store)->resolve({"PLAIN"}), "v");
    const auto absent = (*store)->resolve({"INGOT_TEST_ABSENT"});
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().message,
              "the secret INGOT_TEST_ABSENT is not in the environment or .env; set it there");
}

TEST(Secrets, ValuesThatWereGivenAreMasked) {
    ::setenv("INGOT_TEST_A", "hunter22", 1);
    ::setenv("INGOT_TEST_B", "hunter22-long", 1);
    ::setenv("INGOT_TEST_C", "abc", 1);
    auto store = SecretStore::open({"env"}, "/");
    ASSERT_TRUE(store);
    EXPECT_EQ((*store)->mask("hunter22"), "hunter22") << "not given yet";
    for (const char* name : {"INGOT_TEST_A", "INGOT_TEST_B", "INGOT_TEST_C"}) {
        ASSERT_TRUE((*store)->resolve({name}));
    }
    EXPECT_EQ((*store)->mask("x hunter22-long y hunter22 abc"), "x *** y *** abc");
}

TEST(Secrets, AWrongFileIsNamedWithoutItsText) {
    const std::map<std::string, std::string> files = {{".env", "A=1\nhunter22\n"}};
    ProjectFolder folder(files);
    const auto store = SecretStore::open({"file:.env"}, folder.path());
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().message, ".env:2: expected NAME=value");
    EXPECT_FALSE(SecretStore::open({"vault"}, folder.path()));
    EXPECT_TRUE(SecretStore::open({"file:absent"}, folder.path()));
}

TEST(Secrets, AllThatTasksMayAskForAreKnown) {
    const std::map<std::string, std::string> files = {
        {"project.yml",
         "name: a\nlake: ./lake\nconnections:\n"
         "  pg: {type: postgres, host: h, database: d, user: u, password: "
         "$secret.OF_CONNECTION}\n"},
        {"sources/s.yml",
         "table: bronze.s\nload: snapshot\n"
         "from: {http: {url: \"http://x/$secret.OF_URL\", headers: {A: $secret.OF_HEADER}}}\n"
         "format: {ndjson: {}}\ncolumns: {id: bigint}\n"},
        {"sources/c.yml",
         "table: bronze.c\nload: snapshot\n"
         "from: {command: [a, $secret.OF_ARGUMENT], environment: {A: $secret.OF_VARIABLE}}\n"
         "columns: {id: bigint}\n"},
        {"pipelines/p.yml",
         "tasks: {a: {command: [b, $secret.OF_TASK], environment: {A: $secret.OF_HEADER}}}\n"}};
    ProjectFolder folder(files);
    const auto project = folder.load();
    ASSERT_TRUE(project.project) << project.problems.at(0).to_string();
    std::string names;
    for (const SecretRef& secret : secrets_of_tasks(*project.project)) names += secret.name + ' ';
    EXPECT_EQ(names, "OF_ARGUMENT OF_CONNECTION OF_HEADER OF_TASK OF_URL OF_VARIABLE ");
}

}  // namespace
}  // namespace ingot::project
