// How long a project of many models takes to load, and where the time goes.
//   project_load_bench [MODELS]   (2,000 by default; see bench/README.md)
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
#include <unistd.h>
#include <vector>

#include "engine/engine.hpp"
#include "project/files_internal.hpp"
#include "project/lineage.hpp"
#include "project/project.hpp"
#include "project/sql_text_internal.hpp"
#include "project/yaml_internal.hpp"

namespace {

namespace fs = std::filesystem;
using ingot::project::column_lineage;
using ingot::project::list_files;
using ingot::project::LoadOptions;
using ingot::project::open_project;
using ingot::project::Problems;
using ingot::project::read_file;
using ingot::project::read_yaml;
using ingot::project::split_sql_file;
using ingot::project::SqlFile;

constexpr int kRepetitions = 9;

/// Layers of a tenth each; every model reads two of the layer before.
void generate(const fs::path& root, int models) {
    fs::create_directories(root / "sources");
    std::ofstream(root / "project.yml") << "name: generated\n";
    std::ofstream(root / "sources/events.yml")
        << "table: bronze.events\nload: window\nwindow: hour\n"
           "from: {files: \"in/{window.start:%Y-%m-%d-%-H}.json.gz\"}\nformat: ndjson\n"
           "columns: {id: bigint, name: varchar, amount: double, at: timestamptz}\n";
    const int layer_size = std::max(1, models / 10);
    for (int i = 0; i < models; ++i) {
        const int layer = i / layer_size;
        const auto input = [&](int k) {
            if (layer == 0) return std::string("bronze.events");
            const int of = (layer - 1) * layer_size + (i * 7 + k * 13) % layer_size;
            return fmt::format("layer{}.m{}", layer - 1, of);
        };
        const fs::path folder = root / "models" / fmt::format("layer{}", layer);
        fs::create_directories(folder);
        std::ofstream(folder / fmt::format("m{}.sql", i)) << fmt::format(
            "/* ---\nkind: table\ndescription: Model number {}\nkey: [id]\ntags: [generated]\n"
            "columns: {{id: {{type: bigint, checks: [not_null]}}}}\nchecks:\n  - {{unique: [id]}}\n"
            "--- */\nSELECT a.id, upper(a.name) AS name, a.amount + b.amount AS amount, a.at\n"
            "FROM {} AS a\nINNER JOIN {} AS b ON a.id = b.id\nWHERE a.amount > {}\n",
            i, input(0), input(1), i);
    }
}

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Median and spread of the wall time, and the CPU time of all threads.
void measure(const char* what, const std::function<void()>& work) {
    std::vector<double> wall;
    const double cpu_before = cpu_seconds();
    for (int i = 0; i < kRepetitions; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        wall.push_back(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    const double cpu = (cpu_seconds() - cpu_before) / kRepetitions;
    std::sort(wall.begin(), wall.end());
    fmt::print("{:<34} {:8.1f} ms median   {:8.1f} .. {:8.1f} ms   cpu {:8.1f} ms\n", what,
               wall[wall.size() / 2] * 1e3, wall.front() * 1e3, wall.back() * 1e3, cpu * 1e3);
}

int run(const fs::path& root, int models) {
    auto engine = ingot::engine::Engine::open({.spill_dir = (root / "spill").string()});
    if (!engine) {
        fmt::print(stderr, "{}\n", engine.error().to_string());
        return 1;
    }
    ingot::sql::SqlFacts& facts = (*engine)->sql_facts();
    LoadOptions options;
    options.root = root.string();
    options.lineage = false;
    const auto first = open_project(options, facts);
    if (!first) {
        fmt::print(stderr, "{}\n", first.error().to_string());
        return 1;
    }
    fmt::print("{} models, {} repetitions, {} bytes of SQL and front matter each\n", models,
               kRepetitions,
               fs::file_size(root / "models/layer1" / fmt::format("m{}.sql", models / 10)));
    const auto files = *list_files(root.string(), "models");
    std::vector<std::string> texts;
    for (const std::string& file : files) texts.push_back(*read_file(root.string() + "/" + file));

    measure("load and table dependencies", [&] { (void)*open_project(options, facts); });
    measure("  of it: list and read files", [&] {
        const auto found = list_files(root.string(), "models");
        for (const std::string& file : *found) {
            (void)*read_file(root.string() + "/" + file);
        }
    });
    measure("  of it: YAML (one thread)", [&] {
        for (const std::string& text : texts) {
            Problems problems;
            const SqlFile file = split_sql_file(text, "x", problems);
            (void)read_yaml(file.yaml, file.yaml_origin, problems);
        }
    });
    measure("  of it: SQL facts (one thread)", [&] {
        for (const std::string& text : texts) {
            Problems problems;
            (void)*facts.parse(split_sql_file(text, "x", problems).sql);
        }
    });
    const std::string cache = (root / ".ingot/column_lineage.txt").string();
    const auto bind = [&] {
        const auto lineage = column_lineage(**first, facts, {{}, cache});
        if (!lineage || !lineage->problems.empty()) std::abort();
    };
    measure("column lineage, cold", [&] {
        fs::remove(cache);
        bind();
    });
    measure("column lineage, cached", bind);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const int models = argc > 1 ? std::atoi(argv[1]) : 2000;
    if (models < 20) {
        fmt::print(stderr, "usage: project_load_bench [MODELS]   at least 20\n");
        return 2;
    }
    const fs::path root =
        fs::temp_directory_path() / fmt::format("ingot_project_load_{}", ::getpid());
    generate(root, models);
    const int code = run(root, models);
    fs::remove_all(root);
    return code;
}
