// From files, servers and commands to tables, with the real engine.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/process.hpp"
#include "format/arrow_stream.hpp"
#include "net/http_test_server.hpp"
#include "task/runner.hpp"

namespace ingot::task {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().to_string());
    return *std::move(result);
}

/// A project folder with its lake, gone when the test is over.
class IngestTask : public testing::Test {
protected:
    void SetUp() override {
        static std::atomic<int> next{0};
        root_ = fs::temp_directory_path() / fmt::format("ingot_ingest_{}_{}", ::getpid(), next++);
        write("project.yml", "name: test\nlake: ./lake\n");
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(const std::string& name, std::string_view text) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name, std::ios::binary) << text;
    }
    void pack(const std::string& name) const {
        ASSERT_TRUE(must(run_process({{"gzip", "-f", (root_ / name).string()}})).success());
    }
    std::string path(const std::string& name) const { return (root_ / name).string(); }
    /// `from`, and the rest of the file, of the one source.
    void source(const std::string& from, const std::string& rest) const {
        write("sources/s.yml", "table: bronze.t\nfrom: " + from + "\n" + rest);
    }

    static engine::Engine& engine() {
        static const std::unique_ptr<engine::Engine> shared =
            must(engine::Engine::open({1ULL << 30, 2, ""}));
        return *shared;
    }
    Workspace open() const {
        project::LoadOptions load;
        load.root = root_.string();
        project::ProjectPtr project = must(project::open_project(load, engine().sql_facts()));
        Lake lake = must(Lake::open(project->lake));
        return {project, std::move(lake), std::nullopt, engine(), system_clock(), nullptr};
    }
    static Interval hours(int first, int last) {
        const auto at = [](int hour) {
            return Timestamp::from_micros((1'420'070'400LL + hour * 3600LL) * 1'000'000);
        };
        return {at(first), at(last + 1)};
    }
    TableReport run(std::optional<Interval> window = std::nullopt, bool full = false) const {
        const Workspace workspace = open();
        RunOptions options;
        options.select = "bronze.*";
        options.window = window;
        options.full = full;
        const RunReport report = must(run_tables(workspace, options, {}, {}));
        return report.tables.at(0);
    }
    /// The first column of a query, as text.
    std::vector<std::string> ask(const std::string& sql) const {
        const Workspace workspace = open();
        Pins pins(workspace);
        const auto session = must(pins.open_session());
        const auto batch = session->query_all({sql, {}});
        if (!batch) return {batch.error().to_string()};
        std::vector<std::string> values;
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            const Column& column = batch->columns.at(0);
            values.emplace_back(column.is_null(row) ? "null" : std::string(column.text(row)));
        }
        return values;
    }
    std::vector<std::string> ids() const {
        return ask("SELECT id::varchar FROM bronze.t ORDER BY id");
    }
    std::vector<std::string> kept_inputs() const {
        std::vector<std::string> names;
        if (!fs::exists(root_ / ".ingot/inputs/s")) return names;
        for (const auto& entry : fs::directory_iterator(root_ / ".ingot/inputs/s")) {
            if (entry.path().filename() != ".lock") names.push_back(entry.path().filename());
        }
        return names;
    }

private:
    fs::path root_;
};

constexpr const char* kHourly =
    "load: window\nwindow: hour\nformat: ndjson\ncolumns: {id: bigint}\n";
constexpr const char* kHourFile = "{window.start:%Y-%m-%d-%-H}.json";

std::string text_of(const TableReport& report) {
    return report.error ? report.error->to_string() : "no error";
}

void expect_counts_add_up(const TableReport& report) {
    EXPECT_EQ(report.rows_selected, report.rows_published + report.rows_rejected);
    std::int64_t reasons = 0;
    for (const auto& [reason, count] : report.reasons) reasons += count;
    EXPECT_EQ(reasons, report.rows_rejected);
}

TEST_F(IngestTask, BadLinesGoToQuarantineWithTheirPlaceAndTheOthersLoad) {
    source(fmt::format("{{files: \"in/{}\"}}", kHourFile), kHourly);
    write("in/2015-01-01-0.json",
          "{\"id\":1}\nnot "
          "json\n{\"id\":\"x\"}\n{\"id\":2,\"pull_request\":null}\n{\"id\":3,\"text\":\"" +
              std::string(300'000, 'a') + "\"}\n");
    const TableReport report = run(hours(0, 0));
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    expect_counts_add_up(report);
    EXPECT_EQ(report.rows_selected, 5);
    EXPECT_EQ(report.rows_rejected, 2);
    EXPECT_THAT(ids(), ElementsAre("1", "2", "3"));
    const Workspace workspace = open();
    const std::string quarantine = workspace.project->sources[0].tables[0].name.quarantine().text();
    const std::string sql =
        "SELECT _file || ' ' || _line || ' ' || _raw FROM " + quarantine + " ORDER BY _line";
    EXPECT_THAT(ask(sql),
                ElementsAre("2015-01-01-0.json 2 not json", "2015-01-01-0.json 3 {\"id\":\"x\"}"));
    write("in/2015-01-01-0.json", "{\"id\":1}\nworse\n");
    EXPECT_EQ(run(hours(0, 0), true).rows_rejected, 1);
    EXPECT_THAT(ask(sql), ElementsAre("2015-01-01-0.json 2 worse")) << "replaced, not added";
}

TEST_F(IngestTask, AWindowOfRefusedRecordsIsRedAndTheOthersPublish) {
    source(fmt::format("{{files: \"in/{}\"}}", kHourFile),
           "load: window\nwindow: hour\ncolumns: {id: bigint}\n"
           "format: {ndjson: {refuse_when: [{has_field: repository, reason: legacy format}]}}\n");
    write("in/2015-01-01-0.json", "{\"id\":1}\n");
    write("in/2015-01-01-1.json", "{\"id\":2,\"repository\":{}}\n");
    write("in/2015-01-01-2.json", "{\"id\":3}\n{\"id\":4,\"repository\":{}}\n");
    const TableReport report = run(hours(0, 2));
    EXPECT_EQ(report.status, TableStatus::kFailed);
    EXPECT_THAT(text_of(report), HasSubstr("legacy format"));
    EXPECT_EQ(report.windows_failed, 1);
    EXPECT_THAT(report.reasons, ElementsAre(Pair("legacy format", 1)));
    expect_counts_add_up(report);
    EXPECT_THAT(ids(), ElementsAre("1", "3"));
    EXPECT_THAT(ask("SELECT _file || ' ' || _line FROM quarantine.bronze_t ORDER BY 1"),
                ElementsAre("2015-01-01-1.json 1", "2015-01-01-2.json 2"))
        << "those of the window that published nothing too";
}

TEST_F(IngestTask, ATruncatedGzipNamesTheFileAndTheOtherWindowsPublish) {
    source(fmt::format("{{files: \"in/{}.gz\"}}", kHourFile), kHourly);
    for (const int hour : {0, 1, 2}) {
        const std::string name = fmt::format("in/2015-01-01-{}.json", hour);
        std::string lines;
        for (int i = 0; i < 2000; ++i)
            lines += fmt::format("{{\"id\":{}}}\n", hour * 10'000 + i * i % 9973);
        write(name, lines);
        pack(name);
    }
    fs::resize_file(path("in/2015-01-01-1.json.gz"),
                    fs::file_size(path("in/2015-01-01-1.json.gz")) / 2);
    const TableReport report = run(hours(0, 2));
    EXPECT_EQ(report.status, TableStatus::kFailed);
    EXPECT_THAT(text_of(report), HasSubstr("2015-01-01-1.json.gz"));
    EXPECT_EQ(report.rows_published, 4000);
    EXPECT_THAT(ask("SELECT count(*)::varchar FROM bronze.t WHERE id >= 10000 AND id < 20000"),
                ElementsAre("0"));
}

TEST_F(IngestTask, AWrongSourceFolderIsRed) {
    source(fmt::format("{{files: \"nowhere/{}\"}}", kHourFile),
           std::string(kHourly) + "missing: {allow: 100%}\n");
    const TableReport report = run(hours(0, 3));
    EXPECT_EQ(report.status, TableStatus::kFailed);
    EXPECT_THAT(text_of(report), HasSubstr("all 4 windows"));
}

TEST_F(IngestTask, AnEmptyFolderAndAMissingFileAreErrors) {
    source("{files: \"in/*.csv\"}", "load: files\nformat: csv\ncolumns: {id: bigint}\n");
    fs::create_directories(path("in"));
    EXPECT_THAT(text_of(run()), HasSubstr("no file at"));
    source("{files: in/x.csv}", "load: snapshot\nformat: csv\ncolumns: {id: bigint}\n");
    EXPECT_THAT(text_of(run()), HasSubstr("no file at"));
}

TEST_F(IngestTask, OneHourMoreIsNotTakenForAShrunkenTable) {
    source(fmt::format("{{files: \"in/{}\"}}", kHourFile), kHourly);
    std::string many;
    for (int i = 0; i < 100; ++i) many += fmt::format("{{\"id\":{}}}\n", i);
    write("in/2015-01-01-0.json", many);
    write("in/2015-01-01-1.json", "{\"id\":1000}\n");
    ASSERT_EQ(run(hours(0, 0)).status, TableStatus::kPublished);
    const TableReport report = run(hours(1, 1));
    EXPECT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_EQ(run(hours(0, 1)).status, TableStatus::kUpToDate);
}

TEST_F(IngestTask, ANewFieldBecomesAColumnAndOldRowsHaveNull) {
    source("{files: \"in/*.json\"}",
           "load: files\ncolumns: {id: bigint}\n"
           "format: {ndjson: {unknown_fields: add}}\n");
    write("in/a.json", "{\"id\":1}\n");
    ASSERT_EQ(run().status, TableStatus::kPublished);
    write("in/b.json", "{\"id\":2,\"colour\":\"red\"}\n");
    const TableReport report = run();
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_EQ(report.rows_published, 1) << "a.json is not loaded again";
    EXPECT_THAT(ask("SELECT colour FROM bronze.t ORDER BY id"), ElementsAre("null", "red"));
}

TEST_F(IngestTask, WindowsWhoseFilesHaveOneNameAreKeptApart) {
    source("{files: \"in/{window.start:%H}/t.json\"}", kHourly);
    write("in/00/t.json", "{\"id\":1}\n");
    write("in/01/t.json", "{\"id\":2}\n");
    const TableReport report = run(hours(0, 1));
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(
        ask("SELECT id || ' ' || hour(_window) || ' ' || _source_file FROM bronze.t ORDER BY id"),
        ElementsAre("1 0 00/t.json", "2 1 01/t.json"));
}

TEST_F(IngestTask, WindowsThatShareAFileAreRefusedByName) {
    source("{files: \"in/{window.start:%Y-%m-%d}.json\"}", kHourly);
    write("in/2015-01-01.json", "{\"id\":1}\n");
    const TableReport report = run(hours(0, 1));
    EXPECT_EQ(report.status, TableStatus::kFailed);
    EXPECT_THAT(text_of(report),
                AllOf(HasSubstr("sources/s.yml:1:1: "),
                      HasSubstr("in/2015-01-01.json is the input of two windows")));
}

TEST_F(IngestTask, ASnapshotOfTheSameBytesIsNoCommit) {
    source("{files: in/x.csv}", "load: snapshot\nformat: csv\ncolumns: {id: bigint}\n");
    write("in/x.csv", "id\n1\n2\n");
    ASSERT_EQ(run().status, TableStatus::kPublished);
    fs::last_write_time(path("in/x.csv"), fs::file_time_type::clock::now() + std::chrono::hours(1));
    EXPECT_EQ(run().status, TableStatus::kUpToDate);
    write("in/x.csv", "id\n1\n3\n");
    EXPECT_EQ(run().status, TableStatus::kPublished);
    EXPECT_THAT(ids(), ElementsAre("1", "3"));
}

TEST_F(IngestTask, AppendAddsAtEachRun) {
    source("{files: in/x.csv}", "load: append\nformat: csv\ncolumns: {id: bigint}\n");
    write("in/x.csv", "id\n1\n");
    run();
    EXPECT_EQ(run().status, TableStatus::kPublished);
    EXPECT_THAT(ids(), ElementsAre("1", "1"));
}

TEST_F(IngestTask, ACommandsOutputIsLoadedAndNotKept) {
    source(
        "{command: [sh, -c, \"echo '{{\\\"id\\\":7}}'; echo '{{\\\"id\\\":{window.start:%H}}}'\"], "
        "emits: ndjson}",
        "load: window\nwindow: hour\ncolumns: {id: bigint}\n");
    const TableReport report = run(hours(11, 12));
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(ids(), ElementsAre("7", "7", "11", "12"));
    EXPECT_THAT(kept_inputs(), IsEmpty());
}

TEST_F(IngestTask, ACommandsArrowStreamIsLoadedAndCastToWhatIsDeclared) {
    BatchBuilder rows(Schema{{{"id", TypeId::kLong, true, {}}, {"day", TypeId::kDate, true, {}}}});
    for (const std::int64_t id : {3, 4}) {
        rows.column(0).append_integer(id);
        rows.column(1).append_integer(18262);
    }
    std::string stream;
    const auto writer =
        must(format::ArrowStreamWriter::open(rows.schema(), [&](std::string_view bytes) -> Status {
            stream += bytes;
            return {};
        }));
    ASSERT_TRUE(writer->write(rows.finish()));
    ASSERT_TRUE(writer->finish());
    write("rows.arrows", stream);
    source("{command: [cat, rows.arrows], emits: arrow}",
           "load: snapshot\ncolumns: {id: integer, day: timestamptz}\n");
    const TableReport report = run();
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(ask("SELECT concat_ws(' ', id, typeof(id), epoch(day), _source_line) FROM bronze.t "
                    "ORDER BY id"),
                ElementsAre("3 INTEGER 1577836800.0 1", "4 INTEGER 1577836800.0 2"));
    EXPECT_THAT(kept_inputs(), IsEmpty());

    write("rows.arrows", stream.substr(0, stream.size() / 2));
    EXPECT_THAT(text_of(run()), HasSubstr("the Arrow stream is cut off"));
    EXPECT_THAT(ids(), ElementsAre("3", "4"));
}

TEST_F(IngestTask, WholeNumbersOfATypedFileAreNotRounded) {
    source("{files: in/x.parquet}", "load: snapshot\nformat: parquet\ncolumns: {id: bigint}\n");
    write("in/.keep", "");
    const auto save = [&](const std::string& rows) {
        const std::string sql = fmt::format("COPY ({}) TO '{}'", rows, path("in/x.parquet"));
        const Workspace workspace = open();
        Pins pins(workspace);
        return must(pins.open_session())->query_all({sql, {}}).has_value();
    };
    ASSERT_TRUE(save("SELECT unnest([7.0, NULL, -3])::DOUBLE AS id"));
    const TableReport whole = run();
    ASSERT_EQ(whole.status, TableStatus::kPublished) << text_of(whole);
    EXPECT_THAT(ids(), ElementsAre("-3", "7", "null"));
    ASSERT_TRUE(save("SELECT 1.7::DECIMAL(3, 1) AS id"));
    EXPECT_THAT(text_of(run()), HasSubstr("1.7 in column id is no long: declare it decimal(3,1)"));
    EXPECT_THAT(ids(), ElementsAre("-3", "7", "null"));
}

TEST_F(IngestTask, ACommandThatFailsSaysWhy) {
    source(
        "{command: [sh, -c, \"echo '{{}}'; echo broken pipe to the bank >&2; exit 3\"], retries: "
        "0}",
        "load: snapshot\nformat: ndjson\ncolumns: {id: bigint}\n");
    const std::string text = text_of(run());
    EXPECT_THAT(text, HasSubstr("exit code 3"));
    EXPECT_THAT(text, HasSubstr("broken pipe to the bank"));
    source("{command: [sh, -c, \"sleep 60\"], retries: 0, timeout: 1s}",
           "load: snapshot\nformat: ndjson\ncolumns: {id: bigint}\n");
    EXPECT_THAT(text_of(run()), HasSubstr("time limit"));
}

TEST_F(IngestTask, ADeltaTableIsReadWhereItIs) {
    source("{files: in/x.csv}", "load: snapshot\nformat: csv\ncolumns: {id: bigint}\n");
    write("in/x.csv", "id\n5\n");
    ASSERT_EQ(run().status, TableStatus::kPublished);
    fs::rename(path("lake/bronze/t"), path("elsewhere"));
    source("{delta: elsewhere}", "");
    EXPECT_EQ(run().status, TableStatus::kView);
    EXPECT_THAT(ids(), ElementsAre("5"));
    EXPECT_FALSE(fs::exists(path("lake/bronze/t")));
    source("{delta: nowhere}", "");
    EXPECT_THAT(text_of(run()), HasSubstr("there is no Delta table at"));
}

TEST_F(IngestTask, AUrlIsDownloadedOncePerWindowAndAnAbsentOneIsMissing) {
    net::HttpTestServer server([](const net::TestRequest& request, net::TestConnection& client) {
        if (request.target == "/2015-01-01-1.json") return client.respond(404, "", "no");
        client.respond(200, "ETag: \"a\"\r\n", "{\"id\":" + request.target.substr(12, 1) + "}\n");
    });
    source(fmt::format("{{files: \"{}{}\", retries: 0}}", server.url("/"), kHourFile),
           std::string(kHourly) + "missing: {allow: 50%}\n");
    TableReport report = run(hours(0, 2));
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_EQ(report.windows_missing, 1);
    EXPECT_EQ(report.windows_done, 2);
    EXPECT_THAT(
        ask("SELECT id || ' ' || hour(_window) || ' ' || _source_file FROM bronze.t ORDER BY id"),
        ElementsAre("0 0 2015-01-01-0.json", "2 2 2015-01-01-2.json"));
    EXPECT_THAT(kept_inputs(), IsEmpty());
    EXPECT_EQ(server.requests().size(), 3u);
    report = run(hours(0, 2));
    EXPECT_EQ(server.requests().size(), 4u) << "only the missing one is asked for again";
    EXPECT_EQ(report.status, TableStatus::kUpToDate) << text_of(report);
}

TEST_F(IngestTask, AServersErrorNamesTheUrlAndWhatCameIsKeptForTheNextRun) {
    std::atomic<bool> healthy = false;
    net::HttpTestServer server([&](const net::TestRequest& request, net::TestConnection& client) {
        if (request.header("if-none-match") == "\"a\"") return client.respond(304, "", "");
        if (!healthy) return client.respond(403, "", "no entry");
        client.respond(200, "ETag: \"a\"\r\n", "{\"id\":1}\n");
    });
    source(
        fmt::format("{{files: \"{}x.json?token=hidden\", retries: 0}}", server.url("/")),
        "load: snapshot\nformat: ndjson\ncolumns: {id: bigint}\nchecks: [{row_count: {min: 2}}]\n");
    const std::string text = text_of(run());
    EXPECT_THAT(text, HasSubstr("403"));
    EXPECT_THAT(text, HasSubstr("x.json"));
    EXPECT_THAT(text, testing::Not(HasSubstr("hidden")));
    healthy = true;
    EXPECT_EQ(run().status, TableStatus::kFailed) << "the check";
    EXPECT_EQ(kept_inputs().size(), 2u);
    source(fmt::format("{{files: \"{}x.json?token=hidden\", retries: 0}}", server.url("/")),
           "load: snapshot\nformat: ndjson\ncolumns: {id: bigint}\n");
    EXPECT_EQ(run().status, TableStatus::kPublished) << "from the kept file";
    EXPECT_EQ(server.requests().back().header("if-none-match"), "\"a\"");
    EXPECT_THAT(kept_inputs(), IsEmpty());
    EXPECT_EQ(run().status, TableStatus::kUpToDate) << "not modified";
}

TEST_F(IngestTask, EachTableTakesItsMembersOfAnArchive) {
    write("in/users.csv", "id\n1\n");
    write("in/repos.csv", "id\n2\n3\n");
    ASSERT_TRUE(must(run_process({{"tar", "-czf", path("all.tgz"), "-C", path("in"), "users.csv",
                                   "repos.csv"}}))
                    .success());
    write("sources/s.yml",
          "load: snapshot\nfrom: {files: all.tgz}\nformat: csv\ntables:\n"
          "  bronze.t: {member: users.csv, columns: {id: bigint}}\n"
          "  bronze.u: {member: repos.csv, columns: {id: bigint}}\n");
    const TableReport report = run();
    ASSERT_EQ(report.status, TableStatus::kPublished) << text_of(report);
    EXPECT_THAT(ids(), ElementsAre("1"));
    EXPECT_THAT(ask("SELECT id::varchar FROM bronze.u ORDER BY id"), ElementsAre("2", "3"));
}

}  // namespace
}  // namespace ingot::task
