// Runs of tasks that do nothing, with every step on the disk before the next: how long from the end
// of a task to the start of the one after it, and how long the disk takes for the least that can be
// durable. And many runs at once: how many starts and ends of tasks become durable in a second,
// where those that happen together are written together.
//   orchestrator_bench FOLDER [--smoke]        prints one JSON object
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "orchestrator/orchestrator.hpp"
#include "orchestrator/sqlite_store.hpp"

#include "base/uuid.hpp"

namespace ingot::orchestrator {
namespace {

constexpr std::uint32_t kChain = 40;
constexpr std::uint32_t kParallel = 100;

/// When each task began and ended.
class NoOps final : public TaskRunner {
public:
    explicit NoOps(std::size_t tasks) : begun_(tasks), ended_(tasks) {}
    TaskOutcome run(const Attempt& attempt, std::stop_token) override {
        begun_[attempt.task.value()] = system_clock().steady();
        ended_[attempt.task.value()] = system_clock().steady();
        return {};
    }
    /// From the end of each task to the start of the one after it.
    std::vector<double> gaps_ms() const {
        std::vector<double> gaps;
        for (std::size_t i = 1; i < begun_.size(); ++i) {
            gaps.push_back(static_cast<double>((begun_[i] - ended_[i - 1]).count()) / 1000);
        }
        return gaps;
    }

private:
    std::vector<Duration> begun_;
    std::vector<Duration> ended_;
};

RunSpec spec_of(std::uint32_t tasks, bool chain) {
    RunSpec spec;
    spec.plan.pipeline = chain ? "chain" : "parallel";
    for (std::uint32_t i = 0; i < tasks; ++i) {
        PlannedTask task{fmt::format("t{}", i), fmt::format("t{}", i)};
        if (chain && i > 0) task.after.emplace_back(i - 1);
        spec.plan.tasks.push_back(std::move(task));
    }
    return spec;
}

template <class T>
T checked(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Measured {
    double run_ms = 0;
    std::vector<double> gaps_ms;
};

Measured run_once(Store& store, const RunFolder& folder, const RunSpec& spec, int workers) {
    NoOps runner(spec.plan.tasks.size());
    Orchestrator orchestrator({store, runner, folder, system_clock()}, {workers, {}});
    const Duration begin = system_clock().steady();
    checked(orchestrator.submit(RunId(uuid_v7()), spec));
    checked(orchestrator.work({}));
    return {static_cast<double>((system_clock().steady() - begin).count()) / 1000,
            runner.gaps_ms()};
}

class Nothing final : public TaskRunner {
public:
    TaskOutcome run(const Attempt&, std::stop_token) override { return {}; }
};

/// Counts what is made durable.
class CountingStore final : public Store {
public:
    explicit CountingStore(Store& store) : store_(store) {}
    Status append(const Batch& batch) override {
        const auto is_of_a_task = [](const Event& event) {
            return std::holds_alternative<TaskStarted>(event.change) ||
                   std::holds_alternative<TaskEnded>(event.change);
        };
        transitions += std::count_if(batch.events.begin(), batch.events.end(), is_of_a_task);
        ++commits;
        return store_.append(batch);
    }
    Result<std::vector<Fence>> take_over(const std::vector<RunId>& runs) override {
        return store_.take_over(runs);
    }
    Result<Fence> take_over_server() override { return store_.take_over_server(); }
    Result<std::map<std::string, std::string>> records(std::string_view kind) override {
        return store_.records(kind);
    }
    Status back_up(const std::string& path) override { return store_.back_up(path); }
    Result<std::vector<RunHead>> list(const RunFilter& filter) override {
        return store_.list(filter);
    }
    Result<StoredRun> load(const RunId& run) override { return store_.load(run); }

    std::ptrdiff_t transitions = 0;
    std::ptrdiff_t commits = 0;

private:
    Store& store_;
};

struct Throughput {
    double transitions_per_s = 0;
    double transitions_per_commit = 0;
    double cpu_us = 0;  ///< Of all threads, for one transition.
};

/// Chains side by side, each task after the one before it: all of them move at once.
Throughput throughput(Store& store, const RunFolder& folder, int chains, std::uint32_t tasks,
                      int workers) {
    Nothing runner;
    CountingStore counting(store);
    Orchestrator orchestrator({counting, runner, folder, system_clock()}, {{workers, {}}});
    RunSpec spec = spec_of(tasks, true);
    spec.plan.active_runs = chains;
    for (int i = 0; i < chains; ++i) checked(orchestrator.submit(RunId(uuid_v7()), spec));
    const std::clock_t cpu = std::clock();
    const Duration begin = system_clock().steady();
    checked(orchestrator.work({}));
    const double cpu_us = 1e6 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    const double seconds = std::chrono::duration<double>(system_clock().steady() - begin).count();
    const auto transitions = static_cast<double>(counting.transitions);
    return {transitions / seconds, transitions / static_cast<double>(counting.commits),
            cpu_us / transitions};
}

/// 4 KiB appended and made durable, as one commit of the store does at least.
std::vector<double> raw_fsync_ms(const std::string& folder, int times) {
    const std::string path = folder + "/fsync";
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const std::vector<char> page(4096, 'x');
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
        const Duration begin = system_clock().steady();
        const bool done = ::write(file, page.data(), page.size()) == 4096 && ::fdatasync(file) == 0;
        if (!done) std::perror(path.c_str());
        took.push_back(static_cast<double>((system_clock().steady() - begin).count()) / 1000);
    }
    ::close(file);
    return took;
}

double percentile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Events into a machine that holds this many unfinished tasks: the cost of one end and one start.
double step_us(std::uint32_t unfinished) {
    Machine machine({1, {}});
    const RunId id("r");
    RunSpec spec = spec_of(unfinished, false);
    checked(machine.step({id, {}, RunQueued{std::make_shared<const RunSpec>(std::move(spec))}}));
    const std::uint32_t steps = std::min<std::uint32_t>(unfinished - 1, 5000);
    const Duration begin = system_clock().steady();
    for (std::uint32_t i = 0; i < steps; ++i) {
        checked(machine.step({id, {}, TaskEnded{TaskIndex(i), 1, {}}}));
    }
    return static_cast<double>((system_clock().steady() - begin).count()) / steps;
}

/// The same for copies of one task, which another comes after; and the expansion, per copy.
std::pair<double, double> copy_step_us(std::uint32_t copies) {
    Machine machine({1, {}});
    const RunId id("r");
    RunSpec spec = spec_of(3, true);
    ItemsRule& items = spec.plan.tasks[1].items.emplace();
    items.from = {TaskIndex(0)};
    items.path = {"items"};
    items.at_most = static_cast<int>(copies);
    checked(machine.step({id, {}, RunQueued{std::make_shared<const RunSpec>(std::move(spec))}}));
    TaskOutcome outcome;
    for (std::uint32_t i = 0; i < copies; ++i) {
        outcome.values += fmt::format("{}{}", i == 0 ? R"({"items":[)" : ",", i);
    }
    outcome.values += "]}";
    const Duration begin = system_clock().steady();
    checked(machine.step({id, {}, TaskEnded{TaskIndex(0), 1, std::move(outcome)}}));
    const Duration expanded = system_clock().steady();
    const std::uint32_t steps = std::min<std::uint32_t>(copies - 1, 5000);
    for (std::uint32_t i = 0; i < steps; ++i) {
        checked(machine.step({id, {}, TaskEnded{TaskIndex(3 + i), 1, {}}}));
    }
    const Duration end = system_clock().steady();
    return {static_cast<double>((end - expanded).count()) / steps,
            static_cast<double>((expanded - begin).count()) / copies};
}

int main_of(const std::string& folder, bool smoke) {
    std::filesystem::create_directories(folder);
    const int rounds = smoke ? 2 : 25;
    const std::string path = folder + "/state.db";
    const auto store = checked(open_sqlite_store({path}));
    const RunFolder run_folder(path);
    std::vector<double> gaps;
    std::vector<double> chains;
    std::vector<double> parallels;
    for (int round = 0; round < rounds; ++round) {
        const Measured chain = run_once(*store, run_folder, spec_of(kChain, true), 2);
        gaps.insert(gaps.end(), chain.gaps_ms.begin(), chain.gaps_ms.end());
        chains.push_back(chain.run_ms);
        parallels.push_back(run_once(*store, run_folder, spec_of(kParallel, false), 16).run_ms);
    }
    const Throughput many = smoke ? throughput(*store, run_folder, 10, 10, 8)
                                  : throughput(*store, run_folder, 400, 100, 128);
    const std::uint32_t most = smoke ? 1000 : 100'000;
    const auto [few_copies_us, few_expanded_us] = copy_step_us(10);
    const auto [many_copies_us, many_expanded_us] = copy_step_us(most);
    const std::vector<double> raw = raw_fsync_ms(folder, smoke ? 20 : 1000);
    fmt::print(
        "{{\"gap_ms_p50\": {:.3f}, \"gap_ms_p99\": {:.3f}, \"fsync_ms_p50\": {:.3f}, "
        "\"fsync_ms_p99\": {:.3f}, \"chain_ms\": {:.1f}, \"parallel_ms\": {:.1f}, "
        "\"step_us_10\": {:.2f}, \"step_us_100000\": {:.2f}, "
        "\"copy_step_us_10\": {:.2f}, \"copy_step_us_100000\": {:.2f}, "
        "\"expand_us_per_copy_10\": {:.2f}, \"expand_us_per_copy_100000\": {:.2f}, "
        "\"transitions_per_s\": {:.0f}, \"transitions_per_commit\": {:.0f}, "
        "\"transition_cpu_us\": {:.1f}, \"rounds\": {}}}\n",
        percentile(gaps, 0.5), percentile(gaps, 0.99), percentile(raw, 0.5), percentile(raw, 0.99),
        percentile(chains, 0.5), percentile(parallels, 0.5), step_us(10), step_us(most),
        few_copies_us, many_copies_us, few_expanded_us, many_expanded_us, many.transitions_per_s,
        many.transitions_per_commit, many.cpu_us, rounds);
    return 0;
}

}  // namespace
}  // namespace ingot::orchestrator

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("orchestrator_bench FOLDER [--smoke]\n", stderr);
        return 2;
    }
    return ingot::orchestrator::main_of(argv[1], argc > 2 && std::strcmp(argv[2], "--smoke") == 0);
}
