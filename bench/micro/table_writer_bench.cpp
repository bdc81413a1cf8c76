// What writing a table costs: rows for 10,000 partitions under a memory limit, and wide rows beside
// the engine's plain COPY of the same rows.
//   table_writer_bench [ROWS]   (5,000,000 narrow rows by default; see bench/README.md)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "engine/engine.hpp"

namespace {

namespace fs = std::filesystem;
using ingot::Field;
using ingot::Result;
using ingot::TypeId;
using ingot::engine::Engine;
using ingot::engine::Session;
using ingot::engine::WriteTarget;

constexpr int kRepetitions = 5;
constexpr std::uint64_t kMemoryBytes = 400ULL << 20;
/// Several pieces of a scan, so that all threads have some.
constexpr int kWideRows = 400'000;

template <class T>
T must(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "table_writer_bench: {}\n", result.error().to_string());
        std::exit(1);
    }
    return *std::move(result);
}

double seconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Cost {
    double wall;
    double processor;
};

Cost cost_of(const std::function<void()>& work) {
    const Cost before{seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
    work();
    return {seconds(CLOCK_MONOTONIC) - before.wall,
            seconds(CLOCK_PROCESS_CPUTIME_ID) - before.processor};
}

long peak_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

WriteTarget target(std::shared_ptr<ingot::storage::ObjectStore> store, std::string path,
                   const std::vector<Field>& fields, std::vector<std::string> partition_columns) {
    WriteTarget result;
    result.location = {std::move(store), std::move(path)};
    for (const auto& field : fields) {
        result.columns.push_back({field, field.name, std::nullopt, std::nullopt});
    }
    result.partition_columns = std::move(partition_columns);
    return result;
}

void measure_partitions(Session& session, const std::shared_ptr<ingot::storage::ObjectStore>& store,
                        long rows) {
    const auto to =
        target(store, "partitions",
               {{"id", TypeId::kLong}, {"p", TypeId::kInteger}, {"n", TypeId::kDouble}}, {"p"});
    std::size_t files = 0;
    const auto cost = cost_of([&] {
        files =
            must(session.write({fmt::format("SELECT range AS id, (range * 7919 % 10000)::INTEGER"
                                            " AS p, range / 7 AS n FROM range({})",
                                            rows),
                                {}},
                               to))
                .files.size();
    });
    fmt::print("{} rows into {} partitions: {:.2f} s, processor {:.2f} s, peak {} MiB\n", rows,
               files, cost.wall, cost.processor, peak_mib());
}

void report(const char* name, std::vector<Cost> costs) {
    std::sort(costs.begin(), costs.end(),
              [](const Cost& a, const Cost& b) { return a.wall < b.wall; });
    const auto& median = costs[costs.size() / 2];
    fmt::print("  {:12} {:.3f} s ({:.3f} to {:.3f}), processor {:.3f} s\n", name, median.wall,
               costs.front().wall, costs.back().wall, median.processor);
}

/// The ways take turns, so that what else the machine does touches them alike.
void measure_wide(Session& session, const std::shared_ptr<ingot::storage::ObjectStore>& store,
                  const fs::path& folder) {
    const auto made = session.execute(
        {fmt::format("CREATE TABLE wide AS SELECT range AS id, '{{\"body\":\"' || array_to_string("
                     "list_transform(range(6 + range % 40), lambda x: md5((range * 64 + x // "
                     "2)::VARCHAR)), ' commits to main ') || '\"}}' AS payload FROM range({})",
                     kWideRows),
         {}});
    if (!made) {
        fmt::print(stderr, "table_writer_bench: {}\n", made.error().to_string());
        std::exit(1);
    }
    const std::vector<Field> fields{{"id", TypeId::kLong}, {"payload", TypeId::kString}};
    const auto to = target(store, "wide", fields, {});
    const auto rejected = target(store, "rejected", fields, {});
    std::vector<Cost> copy;
    std::vector<Cost> write;
    std::vector<Cost> split;
    for (int i = 0; i < kRepetitions; ++i) {
        copy.push_back(cost_of([&] {
            must(session.query_all({fmt::format("COPY wide TO '{}/copy.parquet' (FORMAT parquet, "
                                                "COMPRESSION zstd, COMPRESSION_LEVEL 1)",
                                                folder.string()),
                                    {}}));
        }));
        write.push_back(cost_of([&] { must(session.write({"FROM wide", {}}, to)); }));
        split.push_back(cost_of([&] {
            must(session.write_split({"SELECT *, CASE WHEN id % 50 = 0 THEN 'bad' END AS "
                                      "_reject_reason FROM wide",
                                      {}},
                                     to, rejected));
        }));
    }
    fmt::print("{} wide rows, median of {}:\n", kWideRows, kRepetitions);
    report("COPY", copy);
    report("write", write);
    report("write_split", split);
}

}  // namespace

int main(int count, char** arguments) {
    const long rows = count > 1 ? std::atol(arguments[1]) : 5'000'000;
    std::string pattern = (fs::current_path() / "table-writer-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        fmt::print(stderr, "table_writer_bench: no folder for the tables\n");
        return 1;
    }
    const fs::path folder = pattern;
    {
        const std::shared_ptr store = must(ingot::storage::open_store(pattern));
        std::unique_ptr<Engine> engine;
        std::unique_ptr<Session> session;
        const auto opening = cost_of([&] {
            engine = must(Engine::open(
                {.memory_bytes = kMemoryBytes, .spill_dir = (folder / "spill").string()}));
            session = must(engine->session(nullptr));
            must(session->query_all({"SELECT 1", {}}));
        });
        fmt::print("opening the engine and SELECT 1: {:.1f} ms\n", opening.wall * 1000);
        measure_partitions(*session, store, rows);
        session.reset();
        engine = must(Engine::open({.memory_bytes = 2ULL << 30, .spill_dir = ""}));
        session = must(engine->session(nullptr));
        measure_wide(*session, store, folder);
    }
    fs::remove_all(folder);
    return 0;
}
