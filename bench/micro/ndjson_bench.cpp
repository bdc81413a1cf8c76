// How fast NDJSON files become column batches, beside the limit: inflating the same bytes and
// throwing them away.
//   ndjson_bench FILE.gz...
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fmt/core.h>
#include <thread>
#include <vector>

#include "format/byte_stream_internal.hpp"
#include "format/source.hpp"

namespace {

using ingot::DataType;
using ingot::Result;
using ingot::Status;

constexpr int kRepetitions = 7;

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<ingot::format::ColumnSpec> github_columns() {
    const auto type = [](const char* text) { return *ingot::parse_data_type(text); };
    const DataType account = type(
        "struct(id bigint, login varchar, gravatar_id varchar, avatar_url varchar, url varchar)");
    return {{.name = "id"},
            {.name = "type"},
            {.name = "actor", .type = account},
            {.name = "repo", .type = type("struct(id bigint, name varchar, url varchar)")},
            {.name = "org", .type = account},
            {.name = "payload", .is_json = true},
            {.name = "public", .type = ingot::TypeId::kBoolean},
            {.name = "created_at", .type = ingot::TypeId::kTimestamp}};
}

Result<std::int64_t> inflate_all(const std::vector<ingot::format::InputFile>& files) {
    std::vector<std::byte> buffer(512U << 10);
    std::int64_t bytes = 0;
    for (const auto& file : files) {
        INGOT_TRY_ASSIGN(auto stream, ingot::format::open_byte_stream(file));
        while (true) {
            INGOT_TRY_ASSIGN(const std::size_t got, stream->read(buffer));
            if (got == 0) break;
            bytes += static_cast<std::int64_t>(got);
        }
    }
    return bytes;
}

Status drain(ingot::BatchSource& source) {
    INGOT_TRY_ASSIGN(auto reader, source.open_reader());
    while (true) {
        INGOT_TRY_ASSIGN(const auto batch, reader->next());
        if (!batch) return {};
    }
}

Result<std::int64_t> read_all(const std::vector<ingot::format::InputFile>& files,
                              std::size_t threads) {
    ingot::format::FormatSpec spec;
    spec.columns = github_columns();
    spec.unknown_fields = ingot::format::UnknownFields::kReject;
    ingot::format::ScanOptions options;
    options.metadata = {{"_file", ingot::format::MetadataColumn::Kind::kFile},
                        {"_line", ingot::format::MetadataColumn::Kind::kLine}};
    options.readers_max = threads;
    INGOT_TRY_ASSIGN(auto source, ingot::format::open_source(files, spec, options));
    std::vector<Status> results(threads);
    std::vector<std::jthread> pool;
    for (Status& result : results) pool.emplace_back([&] { result = drain(*source); });
    pool.clear();
    for (Status& result : results) INGOT_TRY(std::move(result));
    const auto report = source->report();
    if (report.rejected() > 0) {
        return ingot::make_error(ingot::ErrorCode::kCorruptData, "{} records were rejected",
                                 report.rejected());
    }
    return report.good();
}

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Processor time beside the time that passed: the first hardly depends on what else runs.
template <class Run>
double best_of(Run&& run) {
    double best = 1e9;
    double worst = 0;
    double busy = 1e9;
    for (int each = 0; each < kRepetitions; ++each) {
        const auto start = std::chrono::steady_clock::now();
        const double busy_start = processor_seconds();
        run();
        const double seconds = seconds_since(start);
        best = std::min(best, seconds);
        worst = std::max(worst, seconds);
        busy = std::min(busy, processor_seconds() - busy_start);
    }
    fmt::print("  {:.3f} to {:.3f} s, processor {:.3f} s", best, worst, busy);
    return best;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<ingot::format::InputFile> files;
    for (int index = 1; index < argc; ++index) files.push_back({.path = argv[index]});
    if (files.empty()) {
        fmt::print(stderr, "usage: ndjson_bench FILE...\n");
        return 2;
    }
    const Result<std::int64_t> bytes = inflate_all(files);
    if (!bytes) {
        fmt::print(stderr, "{}\n", bytes.error().to_string());
        return 1;
    }
    const double gigabytes = static_cast<double>(*bytes) / 1e9;
    fmt::print("{} files, {:.1f} MB unpacked, {} repetitions, best to worst\n", files.size(),
               gigabytes * 1000, kRepetitions);
    fmt::print("inflate only, 1 thread: ");
    const double limit = best_of([&] { (void)inflate_all(files); });
    fmt::print(", {:.2f} GB/s\n", gigabytes / limit);
    for (const std::size_t threads : {1U, 2U}) {
        Result<std::int64_t> rows = std::int64_t{0};
        fmt::print("to batches, {} thread{}: ", threads, threads == 1 ? " " : "s");
        const double best = best_of([&] { rows = read_all(files, threads); });
        if (!rows) {
            fmt::print("\n{}\n", rows.error().to_string());
            return 1;
        }
        fmt::print(", {:.2f} GB/s, {:.2f} x inflate, {} rows\n", gigabytes / best, best / limit,
                   *rows);
    }
    return 0;
}
