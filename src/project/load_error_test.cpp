// One test per kind of mistake: the whole message, with its place.
#include <gtest/gtest.h>

#include "project/project_folder_test.hpp"

namespace ingot::project {
namespace {

constexpr const char* kSource =
    "table: bronze.events\n"
    "load: window\n"
    "window: hour\n"
    "from: {files: \"in/{window.start:%Y-%m-%d-%-H}.json.gz\"}\n"
    "format: ndjson\n"
    "columns: {id: bigint, at: timestamptz, kind: varchar}\n";

std::string errors(std::map<std::string, std::string> files, LoadOptions options = {}) {
    ProjectFolder folder(files);
    return folder.problems(std::move(options));
}

/// The problems of one model beside a source that is right.
std::string model_errors(const std::string& text, const std::string& path = "models/silver/a.sql") {
    return errors({{"sources/events.yml", kSource}, {path, text}});
}

std::string source_errors(const std::string& text) {
    return errors({{"sources/s.yml", text}});
}

TEST(LoadErrors, ARightProjectHasNone) {
    EXPECT_EQ(model_errors("SELECT id FROM bronze.events"), "");
}

// --- files

TEST(LoadErrors, FolderWithoutProjectFile) {
    ProjectFolder folder({});
    std::filesystem::remove(folder.path() + "/project.yml");
    EXPECT_EQ(folder.problems(),
              "project.yml: not found in " + folder.path() +
                  ": a project folder has one; `ingot init` makes it, -C DIR says "
                  "where it is\n");
}

TEST(LoadErrors, FolderThatIsNotThere) {
    FakeSqlFacts facts;
    LoadOptions options;
    options.root = "/nonexistent/folder";
    const auto loaded = open_project(options, facts);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message, "/nonexistent/folder: there is no such folder");
}

TEST(LoadErrors, EmptyFiles) {
    EXPECT_EQ(errors({{"project.yml", ""}}),
              "project.yml:1:1: the file is empty: it needs at least `name: ...`\n");
    EXPECT_EQ(errors({{"project.yml", "# only a comment\n"}}),
              "project.yml:1:1: the file is empty: it needs at least `name: ...`\n");
    EXPECT_EQ(source_errors(""),
              "sources/s.yml:1:1: the file is empty: a source has at least 'table', 'load' and "
              "'from'\n");
    EXPECT_EQ(errors({{"pipelines/p.yml", "\n\n"}}),
              "pipelines/p.yml:1:1: the file is empty: a pipeline has at least 'tasks'\n");
    EXPECT_EQ(model_errors(""), "models/silver/a.sql:1:1: there is no SELECT in this model\n");
    EXPECT_EQ(model_errors("/* ---\nkind: table\n--- */\n"),
              "models/silver/a.sql:4:1: there is no SELECT in this model\n");
}

TEST(LoadErrors, WrongEndingsAndPlaces) {
    EXPECT_EQ(model_errors("SELECT 1 AS one", "models/a.sql"),
              "models/a.sql: a model lies in the folder of its layer: models/silver/a.sql\n");
    EXPECT_EQ(model_errors("kind: view", "models/silver/a.yml"),
              "models/silver/a.yml: models/ holds .sql files\n");
    EXPECT_EQ(errors({{"sources/s.sql", "SELECT 1"}}),
              "sources/s.sql: sources/ holds .yml files\n");
    EXPECT_EQ(
        model_errors("SELECT 1 AS one", "models/silver/a-b.sql"),
        "models/silver/a-b.sql: 'silver.a-b' is no table name: write layer.name with letters, "
        "digits and '_'\n");
    EXPECT_EQ(model_errors("SELECT 1 AS one", "models/seeds/a.sql"),
              "models/seeds/a.sql: the layer 'seeds' is reserved\n");
}

// --- YAML

TEST(LoadErrors, YamlThatIsNone) {
    EXPECT_EQ(errors({{"project.yml", "name: test\nlake: [a\n"}}),
              "project.yml:3:1: a '[' is not closed\n");
    EXPECT_EQ(errors({{"project.yml", "name: test\nlake: \"a\n"}}),
              "project.yml:2:7: this quote is not closed\n");
    EXPECT_EQ(errors({{"project.yml", "name: test: x\n"}}),
              "project.yml:1:11: a ':' is not expected here: quote the value if it holds ': '\n");
    EXPECT_EQ(errors({{"project.yml", "name: test\ndefaults:\n\ttimezone: UTC\n"}}),
              "project.yml:3:1: a tab in the indentation: YAML wants blanks\n");
    EXPECT_EQ(errors({{"project.yml", std::string("name: a\0b\n", 10)}}),
              "project.yml:1: a zero byte: this is not a text file in UTF-8\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\ndescription: caf\xE9\n"}}),
              "project.yml:2: bytes that are not UTF-8: save the file as UTF-8\n");
}

TEST(LoadErrors, SqlThatIsNoText) {
    EXPECT_EQ(model_errors(std::string("SELECT 1 AS a\n\0, 2 AS b", 23)),
              "models/silver/a.sql:2: a zero byte: this is not a text file in UTF-8\n");
    EXPECT_EQ(model_errors("SELECT 'caf\xE9' AS a"),
              "models/silver/a.sql:1: bytes that are not UTF-8: save the file as UTF-8\n");
    EXPECT_EQ(model_errors("SELECT '\xED\xA0\x80' AS a"),
              "models/silver/a.sql:1: bytes that are not UTF-8: save the file as UTF-8\n");
    EXPECT_EQ(model_errors("SELECT 'caf\u00E9 \u20AC \U0001F600' AS a"), "");
}

TEST(LoadErrors, YamlThatTheFormatDoesNotHave) {
    EXPECT_EQ(errors({{"project.yml", "name: &n test\nlake: *n\n"}}),
              "project.yml:1:7: an anchor (`&name`) is not allowed: write the value where it is "
              "used\n"
              "project.yml:2:7: an alias (`*name`) is not allowed: write the value itself\n");
    EXPECT_EQ(errors({{"project.yml", "name: !x test\n"}}),
              "project.yml:1:7: a tag (`!x`) is not allowed\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\nlake: x\nname: b\n"}}),
              "project.yml:3:1: the key 'name' is there twice; first in line 1\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\n---\nname: b\n"}}),
              "project.yml:3:1: a second document (`---`): one file is one document\n");
    EXPECT_EQ(errors({{"project.yml", "? [a, b]\n: 1\n"}}),
              "project.yml:1:3: a key must be plain text, not a list\n");
}

TEST(LoadErrors, DeepNestingIsRefusedNotFollowed) {
    EXPECT_TRUE(errors({{"project.yml", "name: " + std::string(5000, '[')}})
                    .ends_with(": nested more than 64 levels deep\n"));
}

TEST(LoadErrors, ByteOrderMarkAndWindowsLineEndsAreNoMistake) {
    EXPECT_EQ(errors({{"project.yml", "\xEF\xBB\xBFname: test\r\nlake: ./lake\r\n"},
                      {"sources/events.yml", kSource},
                      {"models/silver/a.sql",
                       "\xEF\xBB\xBF/* ---\r\nkind: table\r\n--- */\r\nSELECT id\r\nFROM "
                       "bronze.events\r\n"}}),
              "");
}

TEST(LoadErrors, PlacesHoldAfterWindowsLineEnds) {
    EXPECT_EQ(
        model_errors("/* ---\r\nkind: table\r\nknd: x\r\n--- */\r\nSELECT id FROM bronze.events"),
        "models/silver/a.sql:3:1: unknown key 'knd' in a model; did you mean 'kind'?\n");
}

// --- shape

TEST(LoadErrors, UnknownKey) {
    EXPECT_EQ(source_errors("table: bronze.a\nwidow: hour\nload: snapshot\nfrom: {files: a.csv}\n"),
              "sources/s.yml:2:1: unknown key 'widow' in a source; did you mean 'window'?\n");
    EXPECT_EQ(
        errors({{"project.yml", "name: a\nengine: {zzz: 1}\n"}}),
        "project.yml:2:10: unknown key 'zzz' in a engine; known are memory, threads or spill\n");
}

TEST(LoadErrors, TextWithACommaInsideBraces) {
    EXPECT_EQ(
        source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.csv}\n"
                      "columns: {a: {type: varchar, description: one, two three}}\n"),
        "sources/s.yml:4:48: unknown key 'two three' in a column: inside {...} a comma ends a "
        "value; put text that holds one in quotes\n");
}

TEST(LoadErrors, WrongType) {
    EXPECT_EQ(errors({{"project.yml", "name: a\ndefaults: {retries: often}\n"}}),
              "project.yml:2:21: 'retries' must be a whole number, not 'often'\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\ndefaults: {retries: \"3\"}\n"}}),
              "project.yml:2:21: 'retries' must be a whole number, not '3'\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\npools: [a]\n"}}),
              "project.yml:2:8: 'pools' must be a map (name: a whole number), not a list\n");
    EXPECT_EQ(errors({{"project.yml", "- name: a\n"}}),
              "project.yml:1:1: the project must be a map (project), not a list\n");
    EXPECT_EQ(errors({{"project.yml", "name:\n"}}),
              "project.yml:1:1: 'name' must be a name, not nothing\n");
    EXPECT_EQ(model_errors("/* ---\nallow_empty: maybe\n--- */ SELECT id FROM bronze.events"),
              "models/silver/a.sql:2:14: 'allow_empty' must be true or false, not 'maybe'\n");
    EXPECT_EQ(
        model_errors("/* ---\nkey: {a: b}\n--- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:2:6: 'key' must be a column or a list (of a column), not a map\n");
}

TEST(LoadErrors, ValuesThatDoNotRead) {
    EXPECT_EQ(errors({{"project.yml", "name: a\ndefaults: {retry_delay: soon}\n"}}).substr(0, 29),
              "project.yml:2:25: 'retry_dela");
    EXPECT_EQ(errors({{"project.yml", "name: a\ndefaults: {timezone: Mars/One}\n"}}),
              "project.yml:2:22: 'timezone': 'Mars/One' is no time zone: use a name such as "
              "Europe/Paris or UTC\n");
    EXPECT_EQ(
        source_errors("table: events\nload: snapshot\nfrom: {files: a.csv}\n"),
        "sources/s.yml:1:8: 'table': 'events' is no table name: write layer.name with letters, "
        "digits and '_'\n");
    EXPECT_EQ(
        source_errors("table: bronze.a\nload: window\nwindow: fortnight\n"
                      "from: {files: \"{window.start}.csv\"}\n"),
        "sources/s.yml:3:9: 'window': 'fortnight' is no window: write minute, hour, day, week, "
        "month, year, or several as 15m or 6h\n");
    EXPECT_EQ(
        source_errors("table: bronze.a\nload: window\nwindow: 7m\n"
                      "from: {files: \"{window.start}.csv\"}\n"),
        "sources/s.yml:3:9: 'window': windows of 7 minutes do not fill an hour: use 1, 2, 3, 4, "
        "5, 6, 10, 12, 15, 20, 30 or 60\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: window\nwindow: hour\nmissing: {allow: 120%}\n"
                            "from: {files: \"{window.start}.csv\"}\n"),
              "sources/s.yml:4:18: 'allow': '120%' is no share: write 0% to 100%, or 0 to 1\n");
    EXPECT_NE(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.csv}\n"
                            "columns: {a: bigitn}\n")
                  .find("sources/s.yml:4:14: 'a': "),
              std::string::npos);
}

TEST(LoadErrors, RefusalsThatSayNothing) {
    const std::string source = "table: bronze.a\nload: snapshot\nfrom: {files: a.json}\n";
    EXPECT_EQ(source_errors(source + "format: {ndjson: {refuse_when: [{has_field: url}]}}\n"),
              "sources/s.yml:4:33: 'reason' is missing in this refusal\n");
    EXPECT_EQ(source_errors(source + "format:\n  ndjson:\n    refuse_when:\n"
                                     "      - {has_field: \"\", reason: old}\n"),
              "sources/s.yml:7:9: 'refuse_when' needs a field and a reason that are not empty\n");
}

TEST(LoadErrors, Choice) {
    EXPECT_EQ(
        model_errors("/* ---\nkind: incrementl\n--- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:2:7: 'kind' must be view, table, incremental, merge, append, scd2, "
        "seed, stream or command, not 'incrementl'; did you mean 'incremental'?\n");
}

TEST(LoadErrors, ExactlyOneOf) {
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {retries: 1}\n"),
              "sources/s.yml:3:7: this from needs one of files, http, command, delta, postgres or "
              "kafka\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.csv, delta: b}\n"),
              "sources/s.yml:3:7: this from has 'files' and 'delta'; only one of them can be\n");
    EXPECT_EQ(source_errors("load: snapshot\nfrom: {files: a.csv}\n"),
              "sources/s.yml:1:1: this source needs one of table or tables\n");
}

TEST(LoadErrors, MissingKey) {
    EXPECT_EQ(errors({{"project.yml", "lake: ./lake\n"}}),
              "project.yml:1:1: 'name' is missing in this project\n");
    EXPECT_EQ(model_errors("/* ---\nkind: table\nreject:\n  - {reason: A}\n--- */ SELECT id FROM "
                           "bronze.events"),
              "models/silver/a.sql:4:5: 'when' is missing in this rule\n");
}

TEST(LoadErrors, SeveralAtOnceSortedByPlaceAndCut) {
    std::string text = "name: a\npools:\n";
    for (int i = 0; i < 30; ++i) text += "  p" + std::to_string(i) + ": x\n";
    ProjectFolder folder({{"project.yml", text}});
    const LoadResult result = folder.load();
    ASSERT_EQ(result.problems.size(), 20u);
    EXPECT_EQ(result.problem_count, 30u);
    EXPECT_EQ(result.problems[0].place.line, 3);
    EXPECT_EQ(result.problems[19].place.line, 22);
    LoadOptions options;
    options.root = folder.path();
    const auto opened = open_project(options, folder.facts);
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().message.ends_with("\n... and 10 more")) << opened.error().message;
}

TEST(LoadErrors, OfSeveralFilesTogether) {
    EXPECT_EQ(
        errors({{"sources/events.yml", kSource},
                {"models/silver/a.sql", "/* ---\nknd: table\n--- */ SELECT id FROM bronze.events"},
                {"models/silver/b.sql", "SELECT id FROM silver.a"},
                {"pipelines/p.yml", "tasks: {a: {model: x}}\n"}}),
        "models/silver/a.sql:2:1: unknown key 'knd' in a model; did you mean 'kind'?\n"
        "pipelines/p.yml:1:12: this task needs one of ingest, models, check, export, sql, "
        "command, http, sensor, branch or maintain\n"
        "pipelines/p.yml:1:13: unknown key 'model' in a task; did you mean 'models'?\n");
}

// --- tasks

std::string task_errors(const std::string& tasks) {
    return errors({{"sources/events.yml", kSource}, {"pipelines/p.yml", "tasks:\n" + tasks}});
}

TEST(LoadErrors, TasksOfEveryKindThatAreRight) {
    EXPECT_EQ(
        task_errors("  wait: {sensor: {file: \"in/{window.start:%Y}.done\"}, every: 30s, "
                    "timeout: 2h, on_timeout: skip}\n"
                    "  rows: {sensor: {sql: SELECT id FROM bronze.events}}\n"
                    "  up: {sensor: {http: \"http://x/{run.time}\", status: [200, 204], "
                    "contains: ready, headers: {A: b}}}\n"
                    "  ask: {sensor: {command: [./ask]}, environment: {A: b}}\n"
                    "  load: {command: [./load], after: wait}\n"
                    "  pick: {branch: {sql: SELECT id FROM bronze.events}, after: load}\n"
                    "  tell: {http: {url: \"http://x/{tasks.load.rows}\", method: POST, body: "
                    "\"{tasks.load.id}\", expect_status: 201, idempotency_key: auto}, "
                    "after: pick}\n"),
        "");
}

TEST(LoadErrors, ValuesOfATaskThatIsNotThereOrNotBefore) {
    EXPECT_EQ(task_errors("  load: {command: [./l]}\n"
                          "  tell: {command: [./t, \"{tasks.laod.rows}\"], after: load}\n"),
              "pipelines/p.yml:3:9: task 'tell' uses {tasks.laod...}: there is no task 'laod'; did "
              "you mean 'load'?\n");
    EXPECT_EQ(task_errors("  load: {command: [./l]}\n"
                          "  tell: {command: [./t, \"{tasks.load.rows}\"]}\n"),
              "pipelines/p.yml:3:9: task 'tell' uses {tasks.load...}: 'load' does not come before "
              "it: add it to 'after'\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nformat: ndjson\n"
                            "from: {files: \"in/{tasks.load.x}\"}\n"),
              "sources/s.yml:4:15: '{tasks...}' is known in tasks of pipelines only\n");
}

TEST(LoadErrors, ItemsThatNoTaskRightBeforeGives) {
    const auto load = [](const std::string& keys) {
        return task_errors("  list: {command: [./l]}\n  load: {command: [./t], " + keys + "}\n");
    };
    EXPECT_EQ(load(R"(each: "{tasks.list.files}", max_items: 5, after: list)"), "");
    EXPECT_EQ(load(R"(each: "{tasks.lst.files}", after: list)"),
              "pipelines/p.yml:3:32: the items of task 'load' are {tasks.lst.files}: there is no "
              "task 'lst'; did you mean 'list'?\n");
    EXPECT_EQ(load(R"(each: "{tasks.list.files}")"),
              "pipelines/p.yml:3:32: the items of task 'load' are {tasks.list.files}: 'list' does "
              "not come right before it: add it to 'after'\n");
    for (const char* each : {"\"{tasks.list.files}x\"", "files", "\"{run.time}\"", "\"\""}) {
        EXPECT_EQ(load(fmt::format("each: {}, after: list", each)),
                  "pipelines/p.yml:3:32: 'each' must be a list, or what a task gave: "
                  "\"{tasks.NAME.KEY}\"\n")
            << each;
    }
    EXPECT_EQ(load("each: [a], max_items: 3"),
              "pipelines/p.yml:3:48: 'max_items' goes with items that a task gives: 'each: "
              "\"{tasks.NAME.KEY}\"'\n");
    EXPECT_EQ(load(R"(each: "{tasks.list.files}", max_items: 200000, after: list)"),
              "pipelines/p.yml:3:65: 'max_items' must be at most 100000\n");
    EXPECT_EQ(task_errors("  a: {command: [./a]}\n"
                          "  b: {branch: {command: [./b]}, each: \"{tasks.a.x}\", after: a}\n"
                          "  c: {command: [./c], after: b}\n"),
              "pipelines/p.yml:3:39: 'each' goes with 'a task that is no branch'\n");
}

TEST(LoadErrors, KeysThatGoWithOtherKindsOfTasks) {
    EXPECT_EQ(task_errors("  a: {command: [./a], every: 5m, on_timeout: skip}\n"),
              "pipelines/p.yml:2:30: 'every' goes with 'sensor'\n"
              "pipelines/p.yml:2:46: 'on_timeout' goes with 'sensor'\n");
    EXPECT_EQ(task_errors("  a: {ingest: bronze.events, skip_exit_code: 3}\n"),
              "pipelines/p.yml:2:46: 'skip_exit_code' goes with 'command'\n");
    EXPECT_EQ(task_errors("  a: {sensor: {file: x, status: 200}, every: 10ms}\n"),
              "pipelines/p.yml:2:33: 'status' goes with 'http'\n"
              "pipelines/p.yml:2:46: 'every' must be at least 1s\n");
    EXPECT_EQ(task_errors("  a: {http: {url: \"http://x\", body: b, expect_status: 99}}\n"),
              "pipelines/p.yml:2:37: a GET has no body: write 'method: POST'\n"
              "pipelines/p.yml:2:55: 99 is no status of HTTP\n");
}

TEST(LoadErrors, WhereATaskIsCarriedOut) {
    EXPECT_EQ(task_errors("  a: {command: [b], isolation: proces}\n"),
              "pipelines/p.yml:2:32: 'isolation' must be thread or process, not 'proces'; did you "
              "mean 'process'?\n");
    EXPECT_EQ(
        task_errors("  a: {command: [b], isolated: process}\n"),
        "pipelines/p.yml:2:21: unknown key 'isolated' in a task; did you mean 'isolation'?\n");
}

TEST(LoadErrors, ABranchWithNothingToChooseFrom) {
    EXPECT_EQ(task_errors("  a: {branch: {command: [./a]}}\n"),
              "pipelines/p.yml:2:6: no task comes after the branch 'a': it has nothing to choose "
              "from\n");
}

TEST(LoadErrors, SqlOfATask) {
    EXPECT_EQ(task_errors("  a: {sensor: {sql: SELECT id FROM bronze.evnts}}\n"),
              "pipelines/p.yml:2:36: there is no table bronze.evnts; did you mean "
              "'bronze.events'?\n");
    EXPECT_EQ(task_errors("  a: {sensor: {sql: SELECT $params.x}}\n"),
              "pipelines/p.yml:2:28: $params.x is not known here\n");
}

// --- front matter

TEST(LoadErrors, FrontMatterThatIsNotClosed) {
    EXPECT_EQ(model_errors("/* ---\nkind: table\n*/\nSELECT id FROM bronze.events"),
              "models/silver/a.sql:1:1: the front matter is not closed: '--- */' is missing\n");
}

TEST(LoadErrors, FrontMatterOnItsFirstLine) {
    EXPECT_EQ(
        model_errors("/* --- kind: table\nkey: [id]\n--- */\nSELECT id FROM bronze.events"),
        "models/silver/a.sql:1:8: the front matter begins on the line after '/* ---': move this "
        "key there\n");
    EXPECT_EQ(model_errors("/* --- kind: table --- */ SELECT id FROM bronze.events"), "");
    EXPECT_EQ(model_errors("/* --- models/silver/a.sql -> silver.a\nkind: table\n--- */ SELECT id "
                           "FROM bronze.events"),
              "");
    EXPECT_EQ(model_errors("/* --- knd: table --- */ SELECT id FROM bronze.events"),
              "models/silver/a.sql:1:8: unknown key 'knd' in a model; did you mean 'kind'?\n");
}

// --- SQL

TEST(LoadErrors, SqlSyntaxWithLinesOfTheFile) {
    EXPECT_EQ(model_errors("/* ---\nkind: table\n--- */\nSELECT id\nFROM oops"),
              "models/silver/a.sql:5:6: syntax error at or near \"oops\"\n");
    EXPECT_EQ(model_errors("/* --- kind: table --- */  SELECT oops"),
              "models/silver/a.sql:1:35: syntax error at or near \"oops\"\n");
}

TEST(LoadErrors, SqlOfRulesAndChecks) {
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nreject:\n  - {reason: A, when: \"id = oops\"}\n--- */ "
                     "SELECT id FROM bronze.events"),
        "models/silver/a.sql:4:29: syntax error at or near \"oops\"\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nreject:\n  - {reason: A, when: \"id in (select id from "
                     "bronze.events)\"}\n--- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:4:24: this is about one row: it can't read the table "
        "bronze.events\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nchecks:\n  - {sql: \"count(*\"}\n--- */ SELECT id FROM "
                     "bronze.events"),
        "models/silver/a.sql:4:5: the brackets of this expression do not close\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nreject:\n  - {reason: A, when: \"id = 1) or (1 = 1\"}"
                     "\n--- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:4:24: the brackets of this expression do not close\n");
}

TEST(LoadErrors, MissingTable) {
    EXPECT_EQ(model_errors("SELECT id\nFROM bronze.event"),
              "models/silver/a.sql:2:6: there is no table bronze.event; did you mean "
              "'bronze.events'?\n");
    EXPECT_EQ(model_errors("SELECT id FROM events"),
              "models/silver/a.sql:1:16: 'events' is no table: write layer.name; did you mean "
              "'bronze.events'?\n");
}

TEST(LoadErrors, MissingColumn) {
    EXPECT_EQ(model_errors("SELECT id,\n  knd\nFROM bronze.events"),
              "models/silver/a.sql:2:3: there is no column 'knd'; did you mean 'kind'?\n");
}

TEST(LoadErrors, UnknownParameterInSql) {
    EXPECT_EQ(
        errors({{"project.yml", "name: a\nparams: {year: {type: integer, default: 1}}\n"},
                {"sources/events.yml", kSource},
                {"models/silver/a.sql", "SELECT id\nFROM bronze.events WHERE $params.yaer = 1"}}),
        "models/silver/a.sql:2:26: $params.yaer is not known here; did you mean "
        "'params.year'?\n");
}

TEST(LoadErrors, Cycle) {
    EXPECT_EQ(
        errors({{"models/silver/a.sql", "SELECT id FROM silver.b"},
                {"models/silver/b.sql", "SELECT id\nFROM silver.c"},
                {"models/silver/c.sql", "SELECT id FROM silver.a"}}),
        "models/silver/a.sql:1:16: a cycle: silver.a reads silver.b (models/silver/a.sql:1:16), "
        "silver.b reads silver.c (models/silver/b.sql:2:6), silver.c reads silver.a "
        "(models/silver/c.sql:1:16)\n");
    EXPECT_EQ(errors({{"models/silver/a.sql", "SELECT id FROM silver.a"}}),
              "models/silver/a.sql:1:16: silver.a reads itself\n");
}

TEST(LoadErrors, TablesThatAreThereTwice) {
    EXPECT_EQ(errors({{"models/silver/a.sql", "SELECT 1 AS one FROM seeds.s"},
                      {"seeds/s.csv", "x\n1\n"},
                      {"models/silver/deeper/A.sql", "SELECT 2 AS two FROM seeds.s"}}),
              "models/silver/deeper/A.sql:1:1: silver.A is defined twice; first in "
              "models/silver/a.sql:1:1\n");
}

TEST(LoadErrors, Macros) {
    EXPECT_EQ(errors({{"macros/m.sql", "SELECT 1"}}),
              "macros/m.sql:1:1: a file of macros/ holds only CREATE MACRO name(...) AS ... "
              "statements\n");
    EXPECT_EQ(errors({{"macros/m.sql", "CREATE MACRO f(x) AS\n  x + oops"}}),
              "macros/m.sql:2:7: syntax error at or near \"oops\"\n");
    EXPECT_EQ(errors({{"macros/m.sql", "CREATE MACRO f(x) AS g(x);\nCREATE MACRO g(x) AS f(x);"},
                      {"models/silver/a.sql", "SELECT f(1) AS one FROM seeds.s"},
                      {"seeds/s.csv", "x\n1\n"}}),
              "macros/m.sql:1:1: the macro 'f' uses itself\n");
    EXPECT_EQ(errors({{"macros/m.sql", "CREATE MACRO f(x) AS x;\nCREATE MACRO F(x) AS x + 1;"}}),
              "macros/m.sql:2:1: the macro 'F' is defined twice; first in macros/m.sql:1:1\n");
}

// --- meaning

TEST(LoadErrors, KeysThatAKindNeedsOrRefuses) {
    EXPECT_EQ(model_errors("/* --- kind: incremental --- */ SELECT id FROM bronze.events"),
              "models/silver/a.sql:1:1: `kind: incremental` needs 'time': the column that says in "
              "which window a row is\n");
    EXPECT_EQ(
        model_errors("/* --- kind: merge --- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:1:1: `kind: merge` needs 'key': the columns that identify a row\n");
    EXPECT_EQ(
        model_errors("/* ---\nreject: [{reason: A, when: id = 1}]\n--- */ SELECT id FROM "
                     "bronze.events"),
        "models/silver/a.sql:2:9: 'reject' does not go with `kind: view`: a view stores nothing\n");
    EXPECT_EQ(model_errors("/* --- kind: seed --- */ SELECT id FROM bronze.events"),
              "models/silver/a.sql:1:14: a seed is a file of seeds/, not a model\n");
    EXPECT_EQ(model_errors("/* ---\nkind: table\nduplicates: newest\n--- */ SELECT id FROM "
                           "bronze.events"),
              "models/silver/a.sql:3:13: 'duplicates' needs 'key'\n"
              "models/silver/a.sql:3:13: `duplicates: newest` needs 'order_by'\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nemits: csv\n--- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:3:8: 'emits' does not go with `kind: table`: they go with `kind: "
        "command`\n");
}

TEST(LoadErrors, CommandModels) {
    const auto errors_of = [](const std::string& front) {
        return model_errors("/* ---\nkind: command\n" + front +
                            "\n--- */ SELECT id, at FROM bronze.events");
    };
    EXPECT_EQ(errors_of("command: [a]\ncolumns: {id: bigint}"), "");
    EXPECT_EQ(errors_of("command: [a]\ncolumns: {id: bigint, at: timestamptz}\ntime: at"), "");
    EXPECT_EQ(errors_of("columns: {id: {checks: [not_null]}}"),
              "models/silver/a.sql:1:1: `kind: command` needs 'command': the program\n"
              "models/silver/a.sql:3:11: `kind: command` needs the type of 'id'\n");
    EXPECT_EQ(errors_of("command: [a]\ncolumns: {id: bigint}\nwindow: hour"),
              "models/silver/a.sql:5:9: 'window' does not go with `kind: command`: without 'time' "
              "it is rebuilt whole; 'time' names the column that says in which window a row is\n");
    EXPECT_EQ(errors_of("command: [a, '{window.start}']\ncolumns: {id: bigint}"),
              "models/silver/a.sql:1:1: `kind: command` without 'time' is rebuilt whole and has no "
              "window; 'time' names the column that says in which window a row is\n");
    EXPECT_EQ(errors_of("command: [a]\ncolumns: {id: bigint}\nkey: idd"),
              "models/silver/a.sql:1:1: 'key' names the column 'idd', which the contract of "
              "silver.a does not have; did you mean 'id'?\n");
}

TEST(LoadErrors, Windows) {
    EXPECT_EQ(
        errors({{"seeds/s.csv", "x\n1\n"},
                {"models/silver/a.sql",
                 "/* --- {kind: incremental, time: x} --- */ SELECT x FROM seeds.s"}}),
        "models/silver/a.sql:1:1: silver.a works by windows, but none of its inputs has any: say "
        "'window: hour' (or day, ...)\n");
    EXPECT_EQ(
        model_errors("/* --- kind: table --- */ SELECT id FROM bronze.events WHERE at > "
                     "$window.start"),
        "models/silver/a.sql:1:67: `kind: table` is rebuilt whole and has no window; use `kind: "
        "incremental`\n");
    EXPECT_EQ(model_errors("SELECT id FROM bronze.events WHERE at > $window.start"),
              "models/silver/a.sql:1:41: a view has no window: what reads it chooses the rows\n");
}

TEST(LoadErrors, Sources) {
    EXPECT_EQ(source_errors("table: bronze.a\nfrom: {files: a.csv}\n"),
              "sources/s.yml:1:1: 'load' is missing in this source\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.json}\n"),
              "sources/s.yml:1:1: 'format' is missing: the name of the input does not tell it\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: window\nwindow: hour\nfrom: {files: a.csv}\n"),
              "sources/s.yml:4:7: nothing here depends on the window: use {window.start:...}, or "
              "another 'load'\n");
    EXPECT_EQ(
        source_errors("table: bronze.a\nload: window\nfrom: {files: \"{window.start}.csv\"}\n"),
        "sources/s.yml:2:7: `load: window` needs 'window': hour, day, ...\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.csv, emits: csv}\n"),
              "sources/s.yml:3:29: 'emits' goes with `command`, not with `files`\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: \"{params.x}.csv\"}\n"),
              "sources/s.yml:3:15: the parameter 'x' is not declared under `params:`\n");
    EXPECT_EQ(
        source_errors("table: bronze.a\nload: snapshot\nfrom: {files: \"{parms.x}.csv\"}\n"),
        "sources/s.yml:3:15: 'files': '{parms.x}' is not understood: known are {window.start}, "
        "{window.end}, {run.time}, {params.NAME}, {matrix.NAME}, {item}, and in tasks "
        "{tasks.NAME.KEY}; a brace of the text itself is written {{ or }}\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {http: {url: http://a, rate: "
                            "often}}\nformat: json\n"),
              "sources/s.yml:3:36: 'often' is no rate: write 10/s, 100/m or 1000/h\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.csv}\nformat: {csv: "
                            "{delimiter: ab}}\n"),
              "sources/s.yml:4:27: 'delimiter' must be one character (or tab), not 'ab'\n");
}

TEST(LoadErrors, Checks) {
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\ncolumns: {id: {checks: [{range: [9, 1]}]}}\n--- */ "
                     "SELECT id FROM bronze.events"),
        "models/silver/a.sql:3:33: the range is empty: 9 is greater than 1\n");
    EXPECT_EQ(model_errors("/* ---\nkind: table\ncolumns: {id: {checks: [{range: [9]}]}}\n--- */ "
                           "SELECT id FROM bronze.events"),
              "models/silver/a.sql:3:33: 'range' must have 2 items, not 1\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nchecks: [{name: a, unique: id}, {name: a, not_null: "
                     "id}]\n--- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:3:33: two checks are named 'a'\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nchecks: [{relationships: {columns: id, to: bronze.x}}]"
                     "\n--- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:3:10: there is no table bronze.x\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\ncolumns: {id: {checks: [notnull]}}\n--- */ SELECT id "
                     "FROM bronze.events"),
        "models/silver/a.sql:3:25: an item of 'checks' must be not_null or unique, not "
        "'notnull'; did you mean 'not_null'?\n");
}

TEST(LoadErrors, Contract) {
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nkey: idd\ncolumns:\n  knd: varchar\n  id: varchar\n"
                     "--- */ SELECT id, kind FROM bronze.events"),
        "models/silver/a.sql:1:1: 'key' names the column 'idd', which the SELECT of silver.a "
        "does not have; did you mean 'id'?\n"
        "models/silver/a.sql:5:3: the SELECT of silver.a has no column 'knd'; did you mean "
        "'kind'?\n"
        "models/silver/a.sql:6:3: column 'id' is declared VARCHAR, but the SELECT gives BIGINT: "
        "cast it (`::VARCHAR`) or change the contract\n");
}

TEST(LoadErrors, TestsAndRequirementsNameInputs) {
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nrequires: {bronze.evens: {max_age: 1h}}\ntests:\n  - "
                     "{name: a, given: {bronze.evnts: []}, expect: []}\n--- */ SELECT id FROM "
                     "bronze.events"),
        "models/silver/a.sql:3:12: requires: silver.a does not read bronze.evens; did you mean "
        "'bronze.events'?\n"
        "models/silver/a.sql:5:5: tests: silver.a does not read bronze.evnts; did you mean "
        "'bronze.events'?\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nrequires: {bronze.events: {windows: many}}\n--- */ "
                     "SELECT id FROM bronze.events"),
        "models/silver/a.sql:3:37: 'many' is not understood: write '>= 12 of 24'\n");
}

TEST(LoadErrors, Matrix) {
    EXPECT_EQ(model_errors("/* ---\nkind: table\nmatrix: {days: [7, 30]}\n--- */ SELECT id FROM "
                           "bronze.events"),
              "models/silver/a.sql:3:9: the copies of a matrix need different names: `name: "
              "a_{days}`\n");
    EXPECT_EQ(
        model_errors("/* ---\nkind: table\nname: a_{dys}\nmatrix: {days: [7, 30]}\n--- */ SELECT "
                     "id FROM bronze.events"),
        "models/silver/a.sql:3:7: {matrix.dys} is not known here\n");
}

TEST(LoadErrors, ParametersAndEnvironments) {
    const std::map<std::string, std::string> files = {
        {"project.yml",
         "name: a\nparams: {year: {type: integer, minimum: 2000, default: 2022}}\n"
         "environments: {dev: {lake: ./dev}, prod: {lake: ./prod}}\n"}};
    LoadOptions options;
    options.params = {{"yaer", "2020"}};
    EXPECT_EQ(errors(files, options),
              "--param yaer: the project has no parameter 'yaer'; did you mean 'year'?\n");
    options.params = {{"year", "soon"}};
    EXPECT_EQ(errors(files, options),
              "--param year: parameter 'year': expected integer, found string \"soon\"\n");
    options.params = {{"year", "1999"}};
    EXPECT_EQ(errors(files, options), "--param year: parameter 'year': 1999 is less than 2000\n");
    options.params = {};
    options.environment = "prd";
    EXPECT_EQ(errors(files, options),
              "--env: there is no environment 'prd'; did you mean 'prod'?\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\nparams: {y: {type: integer}}\n"}}),
              "project.yml:2:13: the parameter 'y' has no default: give --param y=...\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\nparams: {y: {type: integer, default: x}}\n"}}),
              "project.yml:2:38: parameter 'y': expected integer, found string \"x\"\n");
    EXPECT_EQ(
        errors({{"project.yml", "name: a\nenvironments: {dev: {read_from: prd}, prod: {}}\n"}}),
        "project.yml:2:33: there is no environment 'prd'; did you mean 'prod'?\n");
}

TEST(LoadErrors, Connections) {
    EXPECT_EQ(
        errors({{"project.yml",
                 "name: a\nconnections: {w: {type: postgres, brokers: [a], password: abc}}\n"}}),
        "project.yml:2:35: a postgres connection has no 'brokers'; known are host, port, "
        "database, user, password, sslmode or ca\n"
        "project.yml:2:59: 'password' must be a reference: write `$secret.NAME`\n");
}

TEST(LoadErrors, NotYet) {
    EXPECT_EQ(source_errors("table: bronze.a\nload: stream\nfrom: {kafka: {connection: k, topic: "
                            "t}}\n"),
              "sources/s.yml:2:7: not yet: load: stream\nsources/s.yml:3:8: not yet: from kafka\n");
    EXPECT_EQ(
        source_errors("table: bronze.a\nload: snapshot\nfrom: {postgres: {connection: k, table: "
                      "t}}\n"),
        "sources/s.yml:3:8: not yet: from postgres\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a}\nformat: avro\n"),
              "sources/s.yml:4:9: not yet: format avro\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.csv}\n"
                            "format: {csv: {max_record: 1MB}}\n"),
              "sources/s.yml:4:16: not yet: max_record\n");
    EXPECT_EQ(model_errors("/* --- kind: stream --- */ SELECT id FROM bronze.events"),
              "models/silver/a.sql:1:14: not yet: kind: stream\n");
    EXPECT_EQ(source_errors("table: bronze.a\nload: snapshot\nfrom: {files: a.csv}\n"
                            "retention: {rows: 90d}\n"),
              "sources/s.yml:4:1: not yet: retention\n");
    EXPECT_EQ(model_errors("/* ---\nkind: table\nretention: {log: 30d}\n--- */ SELECT id FROM "
                           "bronze.events"),
              "models/silver/a.sql:3:1: not yet: retention\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\nstore: postgres://x\nserver: {listen: x}\n"}}),
              "project.yml:3:1: not yet: server\n");
    EXPECT_EQ(errors({{"project.yml", "name: a\nstore: postgres://x\n"}}),
              "project.yml:2:8: not yet: store in PostgreSQL\n");
}

TEST(LoadErrors, Histories) {
    EXPECT_EQ(
        model_errors("/* --- kind: scd2 --- */ SELECT id FROM bronze.events"),
        "models/silver/a.sql:1:1: `kind: scd2` needs 'key': the columns that identify a row\n");
    EXPECT_EQ(model_errors("/* ---\nkind: merge\nkey: [id]\ndeletes: close\n--- */ SELECT id FROM "
                           "bronze.events"),
              "models/silver/a.sql:4:10: 'deletes' does not go with `kind: merge`: only a history "
              "can end\n");
    const std::string by_windows = model_errors(
        "/* ---\nkind: scd2\nkey: [id]\ndeletes: close\nwindow: hour\n--- */ SELECT id FROM "
        "bronze.events WHERE created_at >= $window.start");
    EXPECT_NE(by_windows.find("models/silver/a.sql:1:1: `kind: scd2` by windows needs 'time'"),
              std::string::npos)
        << by_windows;
    EXPECT_NE(by_windows.find("`deletes: close` does not go with windows"), std::string::npos)
        << by_windows;
}

TEST(LoadErrors, NotYetIsItsOwnCode) {
    const std::map<std::string, std::string> files = {
        {"sources/s.yml", "table: bronze.a\nload: stream\nfrom: {files: a.csv}\n"}};
    ProjectFolder folder(files);
    LoadOptions options;
    options.root = folder.path();
    const auto opened = open_project(options, folder.facts);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
}

// --- pipelines

std::string pipeline_errors(const std::string& text) {
    return errors({{"project.yml", "name: a\npools: {pg: 1}\n"},
                   {"sources/events.yml", kSource},
                   {"pipelines/p.yml", text}});
}

TEST(LoadErrors, APipelineMayCheckAcrossTables) {
    const std::string task = "tasks: {a: {check: \"checks.*\"}}\n";
    EXPECT_EQ(errors({{"sources/events.yml", kSource},
                      {"checks/late.sql", "SELECT id FROM bronze.events WHERE id < 0"},
                      {"pipelines/p.yml", task}}),
              "");
    EXPECT_EQ(pipeline_errors(task),
              "pipelines/p.yml:1:12: task 'a': no table matches 'checks.*'\n");
}

TEST(LoadErrors, Pipelines) {
    EXPECT_EQ(
        pipeline_errors("schedule: sometimes\ntasks: {a: {ingest: bronze.events}}\n"),
        "pipelines/p.yml:1:11: 'sometimes' is no schedule: write five fields as in '5 * * * *', "
        "'@daily', 'every 5m', or `on:`\n");
    EXPECT_EQ(pipeline_errors("schedule: \"61 * * * *\"\ntasks: {a: {ingest: bronze.events}}\n"),
              "pipelines/p.yml:1:11: '61' is no minute (0 to 59) in the schedule '61 * * * *'\n");
    EXPECT_EQ(pipeline_errors("tasks: {a: {ingest: bronze.event}}\n"),
              "pipelines/p.yml:1:12: task 'a': no table matches 'bronze.event'; did you mean "
              "'bronze.events'?\n");
    EXPECT_EQ(
        pipeline_errors("schedule: {on: \"bronze.events & bronze.event\"}\ntasks: {a: {ingest: "
                        "bronze.events}}\n"),
        "pipelines/p.yml:1:1: there is no table bronze.event; did you mean 'bronze.events'?\n");
    EXPECT_EQ(pipeline_errors("tasks: {a: {ingest: bronze.events, after: b}}\n"),
              "pipelines/p.yml:1:12: task 'a' comes after 'b', which is no task\n");
    EXPECT_EQ(pipeline_errors("tasks:\n  a: {ingest: bronze.events, after: b}\n  b: {ingest: "
                              "bronze.events, after: a}\n"),
              "pipelines/p.yml:2:6: task 'a' waits for itself through 'after'\n");
    EXPECT_EQ(pipeline_errors("tasks: {a: {ingest: bronze.events, pool: pgg}}\n"),
              "pipelines/p.yml:1:42: there is no pool 'pgg' in project.yml; did you mean 'pg'?\n");
}

}  // namespace
}  // namespace ingot::project
