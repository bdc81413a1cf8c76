#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "datagen/datagen.hpp"

namespace ingot::cli {
namespace {

struct DatagenArguments {
    std::string out;
    std::string start = "2015-01-01T00";
    int hours = 24;
    std::uint64_t seed = 1;
    double scale = 1;
    std::uint32_t bad_records = 0;
    unsigned threads = 0;
};

constexpr double kScaleMax = 40;

std::uint32_t permille(double scale) {
    return static_cast<std::uint32_t>(scale * 1000 + 0.5);
}

Result<int> report(Invocation& invocation, const datagen::DatagenRequest& request,
                   const std::string& out) {
    INGOT_TRY_ASSIGN(const datagen::DatagenReport made, datagen::generate(request));
    std::int64_t records = 0;
    std::uint64_t bytes = 0;
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const datagen::GeneratedFile& file : made.files) {
        records += file.records;
        bytes += file.file_bytes;
        json.push_back({{"path", file.path},
                        {"records", file.records},
                        {"raw_bytes", file.raw_bytes},
                        {"file_bytes", file.file_bytes}});
    }
    if (invocation.json()) {
        std::printf("%s\n", json.dump(2).c_str());
    } else if (!invocation.quiet()) {
        std::printf("%zu files, %s records, %s in %s\n", made.files.size(),
                    with_thousands(records).c_str(), bytes_text(bytes).c_str(), out.c_str());
    }
    return kExitOk;
}

Result<int> gharchive(Invocation& invocation, const DatagenArguments& arguments) {
    datagen::GharchiveRequest request;
    request.out = arguments.out;
    INGOT_TRY_ASSIGN_WITH(request.start, parse_timestamp(arguments.start), "in --start");
    request.hours = arguments.hours;
    request.seed = arguments.seed;
    request.scale_permille = permille(arguments.scale);
    request.bad_records = arguments.bad_records;
    request.threads = arguments.threads;
    return report(invocation, request, arguments.out);
}

Result<int> procurement(Invocation& invocation, const DatagenArguments& arguments) {
    datagen::ProcurementRequest request;
    request.out = arguments.out;
    request.seed = arguments.seed;
    request.scale_permille = permille(arguments.scale);
    return report(invocation, request, arguments.out);
}

}  // namespace

void add_datagen(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb =
        app.add_subcommand("datagen", "Write sample data in the shape of the real thing");
    verb->require_subcommand(1);
    verb->fallthrough();
    auto arguments = std::make_shared<DatagenArguments>();
    const auto add = [&](const char* name, const char* about, auto action) {
        CLI::App* sub = verb->add_subcommand(name, about);
        sub->fallthrough();
        sub->add_option("--out", arguments->out, "Folder to write to; made when absent")
            ->required()
            ->type_name("DIR");
        sub->add_option("--seed", arguments->seed, "The same seed gives the same bytes");
        sub->add_option("--scale", arguments->scale, "1 is the usual size")
            ->check(CLI::Range(0.001, kScaleMax));
        sub->callback([&chosen, arguments, action] {
            chosen([arguments, action](Invocation& invocation) {
                return action(invocation, *arguments);
            });
        });
        return sub;
    };
    CLI::App* sub =
        add("gharchive", "Hourly files of GitHub events, for examples/gharchive", gharchive);
    sub->add_option("--start", arguments->start, "First hour")->type_name("TIME");
    sub->add_option("--hours", arguments->hours, "How many")->check(CLI::Range(1, 1'000'000));
    sub->add_option("--bad-records", arguments->bad_records,
                    "Records per hour that nobody can load");
    sub->add_option("--threads", arguments->threads, "0: all cores");
    add("procurement", "Contracts and establishments, for examples/procurement", procurement);
}

}  // namespace ingot::cli
