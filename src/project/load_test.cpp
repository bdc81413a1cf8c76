#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

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
    ASSERT_EQ(source.format.refuse_when.size(), 2u);
    EXPECT_EQ(source.format.refuse_when[0].has_field, "repository");
    EXPECT_EQ(source.format.refuse_when[0].reason, "legacy format");
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

TEST(Load, TheSpillFolderLiesInTheProjectUnlessItIsAbsolute) {
    const auto spill = [](const std::string& engine) {
        ProjectFolder folder({{"project.yml", "name: p\n" + engine}});
        const LoadResult loaded = folder.load();
        return loaded.project ? loaded.project->engine.spill : "";
    };
    EXPECT_THAT(spill(""), ::testing::EndsWith("/.ingot/spill"));
    EXPECT_THAT(spill(""), ::testing::StartsWith("/"));
    EXPECT_THAT(spill("engine: {spill: big}\n"), ::testing::EndsWith("/big"));
    EXPECT_EQ(spill("engine: {spill: /var/big}\n"), "/var/big");
}

const std::string kWindowed =
    "table: bronze.events\nload: window\nwindow: hour\nfrom: {files: "
    "\"in/{window.start}.ndjson\"}\n"
    "columns: {id: bigint, at: timestamptz}\n";

std::string hash_of(const std::map<std::string, std::string>& files, const TableName& table,
                    LoadOptions options = {}) {
    ProjectFolder folder(files);
    options.lineage = false;
    const LoadResult result = folder.load(options);
    EXPECT_TRUE(result.project) << result.problems[0].to_string();
    return result.project ? result.project->find_model(table)->code_hash : "";
}

TEST(CodeHash, ChangesWithWhatDecidesRowsAndWithNothingElse) {
    std::map<std::string, std::string> files = {
        {"project.yml",
         "name: t\nparams: {y: {type: integer, default: 1}, z: {type: integer, default: 1}}\n"},
        {"sources/e.yml", kWindowed},
        {"macros/m.sql", "CREATE MACRO f(x) AS x + 1;\nCREATE MACRO g(x) AS x;"},
        {"models/silver/v.sql", "SELECT id FROM bronze.events"},
        {"models/gold/a.sql",
         "/* ---\nkind: table\nkey: id\n--- */\nSELECT f(id) AS id FROM silver.v WHERE id > "
         "$params.y"}};
    const TableName table("gold", "a");
    const std::string before = hash_of(files, table);
    EXPECT_EQ(before.size(), 64u);
    const auto after = [&](const std::string& file, const std::string& from,
                           const std::string& to) {
        auto changed = files;
        const std::size_t at = changed[file].find(from);
        EXPECT_NE(at, std::string::npos) << from;
        changed[file].replace(at, from.size(), to);
        return hash_of(changed, table);
    };
    const std::string model = "models/gold/a.sql";
    // What decides nothing.
    EXPECT_EQ(after(model, "SELECT f", "-- note\nSELECT\n   f"), before);
    EXPECT_EQ(after(model, "key: id", "key: id\ndescription: words\ntags: [a]\nowner: me"), before);
    EXPECT_EQ(after(model, "key: id", "key: id\nchecks: [{unique: id}]\npartition: id"), before);
    EXPECT_EQ(after("macros/m.sql", "AS x;", "AS x + 5;"), before) << "a macro that is not used";
    EXPECT_EQ(
        after("project.yml", "z: {type: integer, default: 1", "z: {type: integer, default: 2"),
        before);
    // What decides.
    EXPECT_NE(after(model, "id > $", "id >= $"), before);
    EXPECT_NE(after(model, "key: id", "key: [id, id]"), before);
    EXPECT_NE(after(model, "key: id", "key: id\nreject: [{reason: A, when: id = 1}]"), before);
    EXPECT_NE(after("macros/m.sql", "x + 1", "x + 2"), before);
    EXPECT_NE(after("models/silver/v.sql", "SELECT id", "SELECT id + 1 AS id"), before)
        << "a view is part of its reader";
    EXPECT_NE(
        after("project.yml", "y: {type: integer, default: 1", "y: {type: integer, default: 2"),
        before);
    LoadOptions options;
    options.params = {{"y", "7"}};
    EXPECT_NE(hash_of(files, table, options), before);
}

TEST(CodeHash, OfACommandCoversItsScript) {
    const TableName table("gold", "t");
    std::map<std::string, std::string> files = {
        {"models/gold/t.sql",
         "/* ---\nkind: command\ncommand: [sh, tools/score.sh]\ncolumns: {id: bigint}\n--- */ "
         "SELECT 1 AS x"},
        {"tools/score.sh", "echo 1\n"}};
    const std::string before = hash_of(files, table);
    files["tools/score.sh"] = "echo 2\n";
    const std::string after = hash_of(files, table);
    EXPECT_NE(after, before);
    files["tools/other.sh"] = "echo 3\n";
    EXPECT_EQ(hash_of(files, table), after);
    files["models/gold/t.sql"].replace(files["models/gold/t.sql"].find("columns"), 0,
                                       "emits: csv\n");
    EXPECT_NE(hash_of(files, table), after);
}

TEST(Load, MatrixMakesACopyPerCombination) {
    ProjectFolder folder({{"sources/e.yml", kWindowed},
                          {"models/gold/t.sql",
                           "/* ---\nkind: table\nname: t_{days}d\nmatrix: {days: [7, 30]}\n--- */\n"
                           "SELECT id FROM bronze.events WHERE id > $matrix.days"}});
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    const Model* week = result.project->find_model({"gold", "t_7d"});
    const Model* month = result.project->find_model({"gold", "t_30d"});
    ASSERT_TRUE(week != nullptr && month != nullptr);
    EXPECT_EQ(*week->matrix.at("days").integer(), 7);
    EXPECT_NE(week->code_hash, month->code_hash);
}

TEST(Load, WindowsComeFromTheCoarsestInputThroughViews) {
    ProjectFolder folder(
        {{"sources/e.yml", kWindowed},
         {"models/silver/v.sql", "SELECT id, at FROM bronze.events"},
         {"models/silver/d.sql",
          "/* --- {kind: incremental, time: at, window: day} --- */ SELECT id, at FROM silver.v"},
         {"models/gold/a.sql",
          "/* --- {kind: incremental, time: at} --- */ SELECT id, at FROM silver.v"},
         {"models/gold/b.sql",
          "/* --- {kind: incremental, time: at} --- */ SELECT id, at FROM silver.d"},
         {"models/gold/m.sql", "/* --- {kind: merge, key: id} --- */ SELECT id FROM silver.d"}});
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    EXPECT_EQ(result.project->find_model({"gold", "a"})->window->to_string(), "hour");
    EXPECT_EQ(result.project->find_model({"gold", "b"})->window->to_string(), "day");
    EXPECT_FALSE(result.project->find_model({"gold", "m"})->is_windowed());
    EXPECT_FALSE(result.project->find_model({"silver", "v"})->is_windowed());
}

TEST(Load, MacrosAreFoundThroughEachOtherInTheOrderOfTheirMaking) {
    ProjectFolder folder(
        {{"sources/e.yml", kWindowed},
         {"macros/m.sql",
          "CREATE OR REPLACE MACRO outer_one(x) AS inner_one(x) * 2;\n"
          "CREATE MACRO inner_one(x) AS x + 1, (x, y) AS x + y;\n"
          "CREATE MACRO recent() AS TABLE SELECT id FROM bronze.events;"},
         {"models/gold/a.sql", "SELECT outer_one(1) AS id, recent() AS r FROM bronze.events"}});
    LoadOptions options;
    options.lineage = false;
    const LoadResult result = folder.load(options);
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    const Model* model = result.project->find_model({"gold", "a"});
    EXPECT_THAT(model->macros, ElementsAre("inner_one", "outer_one", "recent"));
    EXPECT_THAT(result.project->macro_statements(*model)[0], HasSubstr("(x, y) AS x + y"));
    EXPECT_EQ(result.project->macros[0].name, "inner_one") << "outer_one stands first in the file";
    EXPECT_EQ(result.project->macros[2].name, "outer_one");
}

TEST(Load, EnvironmentsChangeLakeParamsAndConnections) {
    const std::map<std::string, std::string> files = {
        {"project.yml",
         "name: t\nlake: ./lake\nparams: {n: {type: integer, default: 1}}\n"
         "connections: {w: {type: postgres, host: a, password: $secret.P}}\n"
         "environments:\n  dev: {lake: ./dev, read_from: prod, params: {n: 2}, connections: {w: "
         "{host: b}}}\n"
         "  prod: {lake: \"s3://bucket/{params.n}\", confirm: on}\n"}};
    ProjectFolder folder(files);
    const auto plain = folder.load().project;
    EXPECT_EQ(plain->lake, plain->root + "/lake");
    LoadOptions dev;
    dev.environment = "dev";
    const auto project = folder.load(dev).project;
    ASSERT_TRUE(project);
    EXPECT_EQ(project->lake, project->root + "/dev");
    EXPECT_EQ(project->read_from_lake, "s3://bucket/2");
    EXPECT_EQ(project->params.at("n").to_json(), "2");
    EXPECT_EQ(project->connections.at("w").fields.at("host")[0].text(), "b");
    EXPECT_EQ(project->connections.at("w").fields.at("password")[0].text(), "$secret.P");
    dev.params = {{"n", "9"}};
    dev.lake = "/elsewhere";
    EXPECT_EQ(folder.load(dev).project->lake, "/elsewhere");
    EXPECT_EQ(folder.load(dev).project->params.at("n").to_json(), "9");
    LoadOptions prod;
    prod.environment = "prod";
    EXPECT_TRUE(folder.load(prod).project->confirm);
}

TEST(Load, SeedsAreModelsWithTheHashOfTheirBytes) {
    ProjectFolder folder(
        {{"seeds/words.csv", "term\na\n"},
         {"seeds/words.yml", "columns: {term: varchar}\nchecks: [{unique: term}]\n"},
         {"seeds/boxes.json", "[{\"x\": 1}]"},
         {"models/gold/a.sql", "/* --- kind: table --- */ SELECT term FROM seeds.words"}});
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    const Model* words = result.project->find_model({"seeds", "words"});
    ASSERT_NE(words, nullptr);
    EXPECT_EQ(words->checks.size(), 1u);
    EXPECT_EQ(words->seed->path, "seeds/words.csv");
    const std::string before = words->code_hash;
    folder.write("seeds/words.csv", "term\nb\n");
    EXPECT_NE(folder.load().project->find_model({"seeds", "words"})->code_hash, before);
}

TEST(Load, ManyFilesAreReadByThreadsWithTheSameResult) {
    std::map<std::string, std::string> files = {{"sources/e.yml", kWindowed}};
    for (int i = 0; i < 300; ++i) {
        const std::string input =
            i == 0 ? "bronze.events" : "silver.m" + std::to_string((i + 1) / 2);
        files["models/silver/m" + std::to_string(i + 1) + ".sql"] =
            "/* ---\nkind: table\n--- */\nSELECT id FROM " + input;
    }
    ProjectFolder folder(files);
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    ASSERT_EQ(result.project->models.size(), 300u);
    std::set<TableName> seen = {{"bronze", "events"}};
    for (const Model& model : result.project->models) {
        for (const TableName& input : model.inputs)
            EXPECT_TRUE(seen.contains(input)) << model.name.text();
        seen.insert(model.name);
    }
}

TEST(Load, PipelinesAreReadWhole) {
    ProjectFolder folder(
        {{"project.yml",
          "name: t\npools: {pg: 2}\nconnections: {wh: {type: postgres, host: a}}\n"
          "notify: {oncall: {webhook: $secret.HOOK}}\n"},
         {"sources/e.yml", kWindowed},
         {"models/gold/u.sql", "/* --- kind: table --- */ SELECT id FROM bronze.events"},
         {"pipelines/hourly.yml",
          "schedule: \"5 * * * mon-fri\"\nwindow: hour\ncatchup: all\ndeadline: {within: 45m, "
          "after: queued, notify: oncall}\n"
          "limits: {active_runs: 2, active_tasks: 3}\nbackfill: {order: newest_first, active_runs: "
          "4, redo: "
          "failed}\npublish: together\n"
          "params: {x: {type: string, default: y}}\ntasks:\n"
          "  report: {command: [./r.sh, \"{item}\", \"{params.x}\"], each: [eu, us], timeout: 10m, "
          "after: [to_pg], when: all_done, on_fail: warn, priority: 7}\n"
          "  to_pg: {after: build, pool: pg, export: [{from: gold.u, to: wh.public.u, mode: "
          "upsert, key: id}]}\n"
          "  build: {models: \"silver.* gold.*\", after: load}\n"
          "  load: {ingest: [bronze.events], retries: 5}\n"
          "  tidy: {maintain: {select: \"*\", optimize: true, vacuum: true}, after: report}\n"}});
    folder.write("models/silver/x.sql", "SELECT id FROM bronze.events");
    const LoadResult result = folder.load();
    ASSERT_TRUE(result.project) << result.problems[0].to_string();
    const Pipeline& pipeline = result.project->pipelines.at(0);
    EXPECT_EQ(pipeline.tasks.size(), 5u);
    EXPECT_EQ(pipeline.tasks[0].name, "load");
    EXPECT_EQ(pipeline.tasks[4].name, "tidy");
    EXPECT_EQ(pipeline.active_tasks, 3);
    EXPECT_EQ(pipeline.tasks[3].name, "report");
    EXPECT_EQ(pipeline.tasks[3].when, PipelineTask::When::kDone);
    EXPECT_TRUE(pipeline.tasks[3].tolerated);
    EXPECT_FALSE(pipeline.tasks[1].tolerated);
    EXPECT_EQ(pipeline.tasks[3].priority, 7);
    EXPECT_EQ(pipeline.backfill.active_runs, 4);
    EXPECT_EQ(pipeline.deadline->within, std::chrono::minutes(45));
    EXPECT_EQ(std::get<ModelsTask>(pipeline.tasks[1].body).select, "silver.* gold.*");
}

TEST(Load, ATaskSaysWhereItIsCarriedOutOrElseItsPipeline) {
    const std::map<std::string, std::string> files = {
        {"pipelines/a.yml", "tasks: {x: {command: [b]}, y: {command: [b], isolation: process}}\n"},
        {"pipelines/b.yml",
         "isolation: process\ntasks: {x: {command: [b]}, y: {command: [b], isolation: thread}}\n"}};
    ProjectFolder folder(files);
    const auto loaded = folder.load();
    ASSERT_TRUE(loaded.project) << loaded.problems.at(0).to_string();
    const std::vector<Pipeline>& pipelines = loaded.project->pipelines;
    EXPECT_FALSE(pipelines[0].tasks[0].isolated);
    EXPECT_TRUE(pipelines[0].tasks[1].isolated);
    EXPECT_TRUE(pipelines[1].tasks[0].isolated);
    EXPECT_FALSE(pipelines[1].tasks[1].isolated);
}

}  // namespace
}  // namespace ingot::project
