#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cli/verbs.hpp"

namespace ingot::cli {
namespace {

struct ProjectFile {
    const char* path;
    const char* text;
};

constexpr std::array kFiles{
    ProjectFile{"project.yml",
                R"text(name: starter
description: Orders by day, from CSV files to a checked table.
lake: ./lake
)text"},
    ProjectFile{"sources/orders.yml",
                R"text(table: bronze.orders
description: Orders as the shop sends them, one file a month; a file is loaded once.
load: files
from: {files: "./data/orders-*.csv"}
format: csv
columns:
  order_id: {type: bigint, checks: [not_null]}
  ordered_at: timestamptz
  customer: varchar
  amount: decimal(12,2)
)text"},
    ProjectFile{"models/gold/daily_sales.sql",
                R"text(/* ---
description: Orders and revenue of each day.
kind: table
key: [day]
columns:
  day: {type: date, checks: [not_null]}
  orders: {type: bigint, checks: [{range: [1, 1000000]}]}
  revenue: {type: "decimal(18,2)", description: Sum of the amounts}
checks:
  - {unique: [day]}
tests:
  - name: orders of a day are added up, those without an amount are left out
    given:
      bronze.orders:
        - {order_id: 1, ordered_at: 2024-01-01T10:00:00Z, amount: 10.00}
        - {order_id: 2, ordered_at: 2024-01-01T11:00:00Z, amount: 2.50}
        - {order_id: 3, ordered_at: 2024-01-01T12:00:00Z}
    expect:
      - {day: 2024-01-01, orders: 2, revenue: 12.50}
--- */
SELECT
    ordered_at::DATE AS day,
    count(*) AS orders,
    sum(amount)::DECIMAL(18, 2) AS revenue
FROM bronze.orders
WHERE amount IS NOT NULL
GROUP BY ALL
)text"},
    ProjectFile{"data/orders-2024-01.csv",
                R"text(order_id,ordered_at,customer,amount
1,2024-01-01T10:00:00Z,Ada,19.90
2,2024-01-01T15:30:00Z,Grace,5.00
3,2024-01-02T09:15:00Z,Ada,42.00
4,2024-01-02T18:45:00Z,Alan,
5,2024-01-03T08:00:00Z,Edsger,7.25
)text"},
    ProjectFile{".gitignore", "/lake/\n/.ingot/\n/.env\n"},
};

Status write_file(const std::filesystem::path& path, const char* text) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (!error) {
        std::ofstream file(path, std::ios::binary);
        file << text;
        file.close();
        if (file) return {};
    }
    return make_error(ErrorCode::kIo, "cannot write {}: {}", path.string(),
                      error ? error.message() : "the disk is full or the folder read-only");
}

Result<int> init(Invocation& invocation, const std::string& folder) {
    const std::filesystem::path root =
        std::filesystem::path(invocation.options().directory) / folder;
    std::error_code error;
    if (std::filesystem::exists(root, error) && !std::filesystem::is_empty(root, error)) {
        return make_error(ErrorCode::kAlreadyExists,
                          "{} is not empty: name a new or an empty folder, `ingot init my_project`",
                          root.lexically_normal().string());
    }
    for (const ProjectFile& file : kFiles) INGOT_TRY(write_file(root / file.path, file.text));
    if (invocation.quiet()) return kExitOk;
    const std::string shown = root.lexically_normal().string();
    for (const ProjectFile& file : kFiles)
        std::printf("wrote %s\n", (root / file.path).lexically_normal().c_str());
    std::printf(
        "\nNext:\n  ingot -C %s test\n  ingot -C %s run\n"
        "  ingot -C %s sql \"select * from gold.daily_sales order by day\"\n",
        shown.c_str(), shown.c_str(), shown.c_str());
    return kExitOk;
}

}  // namespace

void add_init(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("init", "Write a small project that runs");
    auto folder = std::make_shared<std::string>(".");
    verb->add_option("dir", *folder, "A new or empty folder");
    verb->callback([&chosen, folder] {
        chosen([folder](Invocation& invocation) { return init(invocation, *folder); });
    });
}

}  // namespace ingot::cli
