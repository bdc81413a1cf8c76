#pragma once
// A project folder with its lake, and runs of it, for the tests of this module.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

#include "task/runner.hpp"

namespace ingot::task {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().to_string());
    return *std::move(result);
}

/// Gone when the test is over. The clock stands still until a test moves it.
class ProjectRun : public testing::Test {
protected:
    void SetUp() override {
        static std::atomic<int> next{0};
        root_ = std::filesystem::temp_directory_path() /
                fmt::format("ingot_task_{}_{}", ::getpid(), next++);
        write("project.yml", "name: test\nlake: ./lake\n");
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void write(const std::string& name, std::string_view text) const {
        std::filesystem::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name, std::ios::binary) << text;
    }

    const std::filesystem::path& root() const { return root_; }

    static engine::Engine& engine() {
        static const std::unique_ptr<engine::Engine> shared =
            must(engine::Engine::open({1ULL << 30, 2, ""}));
        return *shared;
    }
    Workspace open() {
        project::LoadOptions load;
        load.root = root_.string();
        project::ProjectPtr project = must(project::open_project(load, engine().sql_facts()));
        Lake lake = must(Lake::open(project->lake));
        return {project, std::move(lake), std::nullopt, engine(), clock_, nullptr};
    }
    /// 2015-01-01 and so many hours.
    static Timestamp hour(int hours) {
        return Timestamp::from_micros((1'420'070'400LL + hours * 3600LL) * 1'000'000);
    }
    RunReport run(const RunOptions& options = {}) {
        const Workspace workspace = open();
        return must(run_tables(workspace, options, {}, {}));
    }
    /// The report of one table, brought up to date with everything before it.
    TableReport run_table(const std::string& table, RunOptions options = {}) {
        options.select = "+" + table;
        RunReport report = run(options);
        for (TableReport& each : report.tables) {
            if (each.table.text() == table) return std::move(each);
        }
        throw std::runtime_error(table + " did not run");
    }
    /// Rows of a query, their values separated by blanks.
    std::vector<std::string> ask(const std::string& sql) {
        const Workspace workspace = open();
        Pins pins(workspace);
        const auto session = must(pins.open_session());
        const auto batch = session->query_all({sql, {}});
        if (!batch) return {batch.error().to_string()};
        std::vector<std::string> rows;
        for (std::int64_t row = 0; row < batch->rows; ++row) {
            std::string line;
            for (const Column& column : batch->columns)
                line += (line.empty() ? "" : " ") + scalar_at(column, row).to_string();
            rows.push_back(line);
        }
        return rows;
    }
    static std::string text_of(const TableReport& report) {
        return report.error ? report.error->to_string() : "no error";
    }

    ManualClock clock_{hour(0)};

private:
    std::filesystem::path root_;
};

}  // namespace ingot::task
