#include "project/selector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

using ::testing::HasSubstr;

Model model(const std::string& name, const std::vector<std::string>& inputs) {
    Model out;
    out.name = *TableName::parse(name);
    out.path = "models/" + out.name.layer() + "/" + out.name.name() + ".sql";
    out.kind = ModelKind::kTable;
    for (const std::string& input : inputs) out.inputs.push_back(*TableName::parse(input));
    return out;
}

/// bronze.e -> silver.a -> gold.x, gold.y;  bronze.f -> silver.b -> gold.y
Project small_project() {
    Project project;
    Source source;
    source.name = "feed";
    source.place.file = "sources/feed.yml";
    for (const char* name : {"e", "f"}) {
        SourceTable table;
        table.name = {"bronze", name};
        source.tables.push_back(table);
    }
    project.sources.push_back(source);
    project.models = {model("silver.a", {"bronze.e"}), model("silver.b", {"bronze.f"}),
                      model("gold.x", {"silver.a"}), model("gold.y", {"silver.a", "silver.b"})};
    project.models[0].tags = {"daily"};
    project.models[2].tags = {"daily", "report"};
    project.models[1].kind = ModelKind::kMerge;
    project.models[3].owner = "finance";
    return project;
}

/// As the loader does: models can be found by name.
void index_for_test(Project& project) {
    for (std::size_t i = 0; i < project.models.size(); ++i)
        project.index.models.emplace(project.models[i].name, i);
}

std::string selected(const Project& project, const Selection& selection) {
    const auto tables = select_tables(project, TableGraph(project), selection);
    if (!tables) return tables.error().message;
    std::string text;
    for (const TableName& table : *tables) text += (text.empty() ? "" : " ") + table.text();
    return text;
}

/// Tables, and checks behind a bar.
std::string selected_work(const Project& project, const Selection& selection) {
    const auto work = select_work(project, TableGraph(project), selection);
    if (!work) return work.error().message;
    std::string text;
    for (const TableName& table : work->tables) text += table.text() + " ";
    text += "|";
    for (const TableCheckFile* check : work->checks) text += " " + check->name;
    return text;
}

TEST(Selector, ChecksGoWithTheTablesThatTheyRead) {
    Project project = small_project();
    project.models[3].kind = ModelKind::kView;
    TableCheckFile orphans;
    orphans.name = "orphans";
    orphans.check.place.file = "checks/orphans.sql";
    orphans.inputs = {{"bronze", "e"}, {"gold", "x"}};
    orphans.tags = {"nightly"};
    TableCheckFile totals;
    totals.name = "totals";
    totals.inputs = {{"gold", "y"}};
    project.checks = {orphans, totals};
    index_for_test(project);
    const std::map<std::string, std::string> cases = {
        {"", "bronze.e bronze.f silver.a silver.b gold.x gold.y | orphans totals"},
        {"bronze.e", "bronze.e | orphans"},
        {"silver.b", "silver.b | totals"},  // what a view reads
        {"checks.orphans", "| orphans"},
        {"checks.*", "| orphans totals"},
        {"kind:check,tag:nightly", "| orphans"},
        {"path:checks", "| orphans"},
        {"1+orphans", "bronze.e gold.x | orphans"},
        {"orfans", "no table matches 'orfans'; did you mean 'orphans'?"},
    };
    for (const auto& [select, expected] : cases)
        EXPECT_EQ(selected_work(project, {select, "", nullptr}), expected) << select;
    EXPECT_EQ(selected_work(project, {"", "gold.x tag:nightly", nullptr}),
              "bronze.e bronze.f silver.a silver.b gold.y | totals");
    EXPECT_EQ(selected(project, {"path:checks", "", nullptr}), "no table matches 'path:checks'")
        << "where tables are asked for";
}

TEST(Selector, NamesGlobsAndProperties) {
    const Project project = small_project();
    const std::map<std::string, std::string> cases = {
        {"", "bronze.e bronze.f silver.a silver.b gold.x gold.y"},
        {"silver.a", "silver.a"},
        {"y", "gold.y"},
        {"*", "bronze.e bronze.f silver.a silver.b gold.x gold.y"},
        {"gold.*", "gold.x gold.y"},
        {"*.[ab]", "silver.a silver.b"},
        {"gold.?", "gold.x gold.y"},
        {"+gold.x", "bronze.e silver.a gold.x"},
        {"1+gold.x", "silver.a gold.x"},
        {"bronze.e+1", "bronze.e silver.a"},
        {"bronze.e+", "bronze.e silver.a gold.x gold.y"},
        {"1+silver.a+1", "bronze.e silver.a gold.x gold.y"},
        {"+silver.a+", "bronze.e silver.a gold.x gold.y"},
        {"@silver.b", "bronze.e bronze.f silver.a silver.b gold.y"},
        {"tag:daily", "silver.a gold.x"},
        {"tag:daily,gold.*", "gold.x"},
        {"tag:report silver.b", "silver.b gold.x"},
        {"kind:merge", "silver.b"},
        {"kind:source", "bronze.e bronze.f"},
        {"owner:finance", "gold.y"},
        {"path:models/gold", "gold.x gold.y"},
        {"path:./models/gold/x.sql", "gold.x"},
        {"source:feed", "bronze.e bronze.f"},
        {"source:bronze.e", "bronze.e"},
        {"source:feed+1", "bronze.e bronze.f silver.a silver.b"},
        {"+tag:report,tag:daily", "silver.a gold.x"}};
    for (const auto& [select, expected] : cases) {
        EXPECT_EQ(selected(project, {select, "", nullptr}), expected) << select;
    }
    EXPECT_EQ(selected(project, {"", "gold.* bronze.f", nullptr}), "bronze.e silver.a silver.b");
    EXPECT_EQ(selected(project, {"+gold.y", "+silver.b", nullptr}), "bronze.e silver.a gold.y");
}

TEST(Selector, MistakesAreExplained) {
    const Project project = small_project();
    EXPECT_EQ(selected(project, {"silver.aa", "", nullptr}),
              "no table matches 'silver.aa'; did you mean 'silver.a'?");
    EXPECT_EQ(selected(project, {"tag:dialy", "", nullptr}),
              "no table matches 'tag:dialy'; did you mean 'daily'?");
    EXPECT_THAT(selected(project, {"tga:daily", "", nullptr}), HasSubstr("did you mean 'tag'?"));
    EXPECT_THAT(selected(project, {"silver.a,", "", nullptr}), HasSubstr("a comma stands between"));
    EXPECT_THAT(selected(project, {"@x+", "", nullptr}),
                HasSubstr("'@' and '+' don't go together"));
    EXPECT_THAT(selected(project, {"+", "", nullptr}), HasSubstr("there is no name"));
    EXPECT_THAT(selected(project, {"a+b", "", nullptr}), HasSubstr("a number only"));
    EXPECT_THAT(selected(project, {"state:modified", "", nullptr}),
                HasSubstr("needs a stored state"));
}

TEST(Selector, StateComparesCodeHashes) {
    Project project = small_project();
    for (Model& one : project.models) one.code_hash = "1";
    for (Source& one : project.sources) one.code_hash = "1";
    Manifest before = *Manifest::parse(Manifest::of(project).to_json());
    EXPECT_EQ(selected(project, {"state:modified", "", &before}), "");
    project.models[0].code_hash = "2";
    before.code_hashes.erase({"gold", "y"});
    EXPECT_EQ(selected(project, {"state:modified", "", &before}), "silver.a gold.y");
    EXPECT_EQ(selected(project, {"state:new", "", &before}), "gold.y");
    EXPECT_EQ(selected(project, {"state:modified+", "", &before}), "silver.a gold.x gold.y");
    EXPECT_FALSE(Manifest::parse("{}"));
    EXPECT_FALSE(Manifest::parse("{\"format\": 2, \"code_hashes\": {}}"));
    EXPECT_FALSE(Manifest::parse("nonsense ["));
}

/// Brute force over random graphs: paths by repeated squaring of the edge relation.
TEST(Selector, GraphOperatorsAreWhatBruteForceGives) {
    std::mt19937 random(20260101);
    for (int round = 0; round < 60; ++round) {
        const std::size_t size = 2 + random() % 14;
        std::vector<std::vector<bool>> edge(size, std::vector<bool>(size, false));
        Project project;
        for (std::size_t i = 0; i < size; ++i) {
            std::vector<std::string> inputs;
            for (std::size_t j = 0; j < i; ++j) {
                if (random() % 4 != 0) continue;
                edge[j][i] = true;
                inputs.push_back("m.t" + std::to_string(j));
            }
            project.models.push_back(model("m.t" + std::to_string(i), inputs));
        }
        // distance[i][j]: fewest steps from i to j
        std::vector<std::vector<std::size_t>> distance(size, std::vector<std::size_t>(size, 1000));
        for (std::size_t i = 0; i < size; ++i) {
            distance[i][i] = 0;
            for (std::size_t j = 0; j < size; ++j) {
                if (edge[i][j]) distance[i][j] = 1;
            }
        }
        for (std::size_t k = 0; k < size; ++k) {
            for (std::size_t i = 0; i < size; ++i) {
                for (std::size_t j = 0; j < size; ++j) {
                    distance[i][j] = std::min(distance[i][j], distance[i][k] + distance[k][j]);
                }
            }
        }
        const TableGraph graph(project);
        for (std::size_t t = 0; t < size; ++t) {
            const std::size_t up = random() % 4;
            const std::size_t down = random() % 4;
            const std::string name = "m.t" + std::to_string(t);
            const auto expect = [&](const std::string& select, const auto& holds) {
                std::string wanted;
                for (std::size_t i = 0; i < size; ++i) {
                    if (holds(i))
                        wanted += (wanted.empty() ? "" : " ") + ("m.t" + std::to_string(i));
                }
                EXPECT_EQ(selected(project, {select, "", nullptr}), wanted) << select;
            };
            expect("+" + name, [&](std::size_t i) { return distance[i][t] < 1000; });
            expect(name + "+", [&](std::size_t i) { return distance[t][i] < 1000; });
            expect(std::to_string(up) + "+" + name + "+" + std::to_string(down),
                   [&](std::size_t i) { return distance[i][t] <= up || distance[t][i] <= down; });
            expect("@" + name, [&](std::size_t i) {
                for (std::size_t user = 0; user < size; ++user) {
                    if (distance[t][user] < 1000 && distance[i][user] < 1000) return true;
                }
                return false;
            });
            const std::size_t other = random() % size;
            const std::string second = "m.t" + std::to_string(other);
            expect("+" + name + "," + second + "+", [&](std::size_t i) {
                return distance[i][t] < 1000 && distance[other][i] < 1000;
            });
        }
    }
}

}  // namespace
}  // namespace ingot::project
