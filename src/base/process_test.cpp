#include "base/process.hpp"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace ingot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

ProcessOptions shell(const std::string& script) {
    return {.arguments = {"sh", "-c", script}};
}

/// Collects a stream.
OutputStream into(std::string& text) {
    return StreamTo{[&text](std::string_view bytes) {
        text += bytes;
        return Status();
    }};
}

ExitStatus finished(const ProcessOptions& options) {
    const auto status = run_process(options);
    EXPECT_TRUE(status) << status.error().to_string();
    return status ? *status : ExitStatus{ExitStatus::Kind::kSignalled, -1};
}

std::string output_of(ProcessOptions options) {
    std::string text;
    options.output = into(text);
    EXPECT_TRUE(finished(options).success());
    return text;
}

bool is_running(const std::string& pid) {
    return ::kill(std::stoi(pid), 0) == 0;
}

void expect_gone(const std::string& pid) {
    // Orphans are reaped by process 1, which may take a moment or leave them as zombies.
    for (int i = 0; i < 200 && is_running(pid); ++i) {
        std::ifstream status("/proc/" + pid + "/stat");
        std::string text;
        std::getline(status, text);
        if (text.find(") Z ") != std::string::npos) return;
        std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_FALSE(is_running(pid)) << pid;
}

TEST(Process, ExitCodesAndSignalsAreValues) {
    EXPECT_TRUE(finished(shell("exit 0")).success());
    EXPECT_EQ(finished(shell("exit 3")).to_string(), "exit code 3");
    EXPECT_EQ(finished(shell("kill -9 $$")).to_string(), "killed by signal 9 (Killed)");
}

TEST(Process, ArgumentsAreNotInterpreted) {
    EXPECT_EQ(output_of({.arguments = {"printf", "%s|", "a b", "$HOME", "*", ""}}),
              "a b|$HOME|*||");
}

TEST(Process, AnAbsentProgramOrFolderIsNotFound) {
    const auto program = run_process({.arguments = {"no-such-program-anywhere"}});
    ASSERT_FALSE(program);
    EXPECT_EQ(program.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(program.error().message, HasSubstr("no-such-program-anywhere"));
    ProcessOptions options = shell("true");
    options.folder = "/no/such/folder";
    EXPECT_THAT(run_process(options).error().message, HasSubstr("/no/such/folder"));
    EXPECT_EQ(run_process({.arguments = {}}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(run_process({.arguments = {"/"}}).error().code, ErrorCode::kIo);
}

TEST(Process, SetsAndRemovesVariablesAndTheFolder) {
    ::setenv("INGOT_TEST_GONE", "here", 1);
    ProcessOptions options = shell("echo $INGOT_TEST_SET-$INGOT_TEST_GONE-$(pwd)");
    options.environment = {{"INGOT_TEST_SET", "a=b"}, {"INGOT_TEST_GONE", std::nullopt}};
    options.folder = "/";
    EXPECT_EQ(output_of(options), "a=b--/\n");
    options = {.arguments = {"/usr/bin/env"}, .inherit_environment = false};
    options.environment = {{"ONLY", "this"}};
    EXPECT_EQ(output_of(options), "ONLY=this\n");
}

TEST(Process, FeedsAndDrainsMoreThanAPipeHoldsWithoutDeadlock) {
    ProcessOptions options{.arguments = {"cat"}};
    const std::string bytes(5'000'000, 'x');
    options.input = StreamBytes{bytes};
    EXPECT_EQ(output_of(options), bytes);
}

TEST(Process, AChildThatDoesNotReadItsInputIsFine) {
    ProcessOptions options = shell("exec 0<&-; sleep 0.05; echo done");
    options.input = StreamBytes{std::string(5'000'000, 'x')};
    EXPECT_EQ(output_of(options), "done\n");
}

TEST(Process, KeepsTheTwoOutputsApart) {
    std::string error_text;
    ProcessOptions options = shell("echo out; echo err >&2");
    options.error_output = into(error_text);
    EXPECT_EQ(output_of(options), "out\n");
    EXPECT_EQ(error_text, "err\n");
}

TEST(Process, StreamsToAndFromFiles) {
    const std::string path =
        (fs::temp_directory_path() / fmt::format("ingot-process-{}", ::getpid())).string();
    ProcessOptions options = shell("echo first");
    options.output = StreamFile{path};
    EXPECT_TRUE(finished(options).success());
    options = shell("echo second");
    options.output = StreamFile{path, true};
    EXPECT_TRUE(finished(options).success());
    options = {.arguments = {"cat"}};
    options.input = StreamFile{path};
    EXPECT_EQ(output_of(options), "first\nsecond\n");
    fs::remove(path);
    EXPECT_EQ(run_process(options).error().code, ErrorCode::kNotFound);
    options.input = StreamNull{};
    EXPECT_EQ(output_of(options), "");
}

TEST(Process, ATimeLimitEndsTheWholeTree) {
    std::string pids;
    ProcessOptions options = shell("sleep 100 & echo $!; sleep 100");
    options.output = into(pids);
    options.timeout = milliseconds(100);
    const Duration before = system_clock().steady();
    EXPECT_EQ(finished(options).to_string(), "ended after its time limit");
    EXPECT_LT(system_clock().steady() - before, seconds(4));
    expect_gone(pids.substr(0, pids.find('\n')));
}

TEST(Process, AChildThatIgnoresTheFirstSignalIsKilledAfterTheGrace) {
    ProcessOptions options = shell("trap '' TERM; while true; do sleep 0.05; done");
    options.timeout = milliseconds(50);
    options.grace = milliseconds(150);
    const Duration before = system_clock().steady();
    const ExitStatus status = finished(options);
    EXPECT_EQ(status.kind, ExitStatus::Kind::kTimedOut);
    EXPECT_EQ(status.code, SIGKILL);
    EXPECT_GE(system_clock().steady() - before, milliseconds(200));
}

TEST(Process, AStopTokenEndsItAtOnceEvenWhileItFloodsUs) {
    std::stop_source stop;
    std::size_t bytes = 0;
    ProcessOptions options{.arguments = {"yes"}};
    options.output = StreamTo{[&](std::string_view piece) {
        bytes += piece.size();
        if (bytes > 1'000'000) stop.request_stop();
        return Status();
    }};
    const auto status = run_process(options, stop.get_token());
    ASSERT_TRUE(status);
    EXPECT_EQ(status->to_string(), "cancelled");
}

TEST(Process, ATimeLimitHoldsForAChildThatFloodsUs) {
    ProcessOptions options{.arguments = {"yes"}};
    options.output = StreamTo{[](std::string_view) { return Status(); }};
    options.timeout = milliseconds(50);
    EXPECT_EQ(finished(options).kind, ExitStatus::Kind::kTimedOut);
}

TEST(Process, AStopTokenThatWasUsedBeforeEndsItToo) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(run_process(shell("sleep 100"), stop.get_token())->kind,
              ExitStatus::Kind::kCancelled);
}

TEST(Process, WhatTheChildLeavesRunningEndsWithIt) {
    const Duration before = system_clock().steady();
    const std::string pid = output_of(shell("sleep 100 & echo $!"));
    EXPECT_LT(system_clock().steady() - before, seconds(5));
    expect_gone(pid.substr(0, pid.find('\n')));
}

TEST(Process, AReceiversErrorEndsTheChildAndComesBack) {
    ProcessOptions options{.arguments = {"yes"}};
    options.output = StreamTo{[](std::string_view) -> Status {
        return make_error(ErrorCode::kCorruptData, "not what I can read");
    }};
    const auto status = run_process(options);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kCorruptData);
}

TEST(Process, ATailKeepsTheEnd) {
    StreamTail tail(6);
    ProcessOptions options = shell("echo one; echo two");
    options.error_output = StreamNull{};
    options.output = StreamTo{std::ref(tail)};
    EXPECT_TRUE(finished(options).success());
    EXPECT_EQ(tail.text(), "e\ntwo\n");
}

TEST(Process, ManyAtOnceLoseNothing) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([thread] {
            for (int i = 0; i < 10; ++i) {
                const std::string text = fmt::format("{}-{}", thread, i);
                ProcessOptions options{.arguments = {"cat"}};
                options.input = StreamBytes{text};
                ASSERT_EQ(output_of(options), text);
            }
        });
    }
}

/// `lines` lines of 1 KiB each, one a call.
StreamFrom lines(int count, std::atomic<int>& made) {
    return {[count, &made, piece = std::string(1023, 'x') + "\n"](
                const std::stop_token&) -> Result<std::string_view> {
        return made++ < count ? std::string_view(piece) : std::string_view();
    }};
}

TEST(Process, InputIsMadeAsTheChildTakesIt) {
    std::atomic<int> made = 0;
    ProcessOptions options = shell("wc -c");
    options.input = lines(1000, made);
    EXPECT_EQ(output_of(options), "1024000\n");
}

TEST(Process, AChildThatAnswersWhileItIsFedIsNotWaitedForInACircle) {
    std::atomic<int> made = 0;
    ProcessOptions options = shell("cat; yes | head -c 1000000 >&2");
    options.input = lines(5000, made);
    std::string said;
    options.error_output = into(said);
    EXPECT_EQ(output_of(options).size(), 5000U * 1024);
    EXPECT_EQ(said.size(), 1'000'000U);
}

TEST(Process, AChildMayCloseItsInputEarly) {
    std::atomic<int> made = 0;
    ProcessOptions options = shell("head -c 4");
    options.input = lines(100'000, made);
    EXPECT_EQ(output_of(options), "xxxx");
    EXPECT_LT(made, 100'000);
}

TEST(Process, WhatMakesTheInputIsAskedToStopWhenTheChildHasEnded) {
    ProcessOptions options = shell("exit 3");
    options.input = StreamFrom{[](const std::stop_token& stop) -> Result<std::string_view> {
        while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
        return make_error(ErrorCode::kCancelled, "stopped");
    }};
    EXPECT_EQ(finished(options).code, 3);
}

TEST(Process, AnErrorOfTheInputEndsTheChild) {
    const fs::path file = fs::temp_directory_path() / fmt::format("ingot-input-{}", ::getpid());
    ProcessOptions options = shell("cat >/dev/null && echo whole >" + file.string());
    options.input = StreamFrom{[](const std::stop_token&) -> Result<std::string_view> {
        return make_error(ErrorCode::kCorruptData, "no more rows");
    }};
    const auto status = run_process(options);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "no more rows");
    EXPECT_FALSE(fs::exists(file));
}

TEST(Process, AChildThatDoesNotTakeItsInputIsEndedByTheTimeLimit) {
    std::atomic<int> made = 0;
    ProcessOptions options = shell("sleep 60");
    options.input = lines(100'000, made);
    options.timeout = milliseconds(100);
    EXPECT_EQ(finished(options).kind, ExitStatus::Kind::kTimedOut);
}

}  // namespace
}  // namespace ingot
