#include "keeper/kept_command.hpp"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <thread>
#include <unistd.h>

namespace ingot::keeper {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class KeptCommand : public testing::Test {
protected:
    KeptCommand() { fs::create_directories(folder_); }
    ~KeptCommand() override { fs::remove_all(folder_); }

    std::string path(const char* name) const { return (folder_ / name).string(); }
    std::string text(const char* name) const {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    Order order(std::string script) const {
        return {.arguments = {"sh", "-c", std::move(script)},
                .folder = folder_.string(),
                .log = path("log"),
                .record = path("record"),
                .values = path("values")};
    }
    /// Its command runs on when this returns.
    void begin_and_leave(const Order& what) const {
        std::stop_source leave;
        std::jthread leaver([&] {
            while (!fs::exists(path("begun"))) std::this_thread::sleep_for(milliseconds(2));
            leave.request_stop();
        });
        const Result<End> left = run_kept(what, {{}, leave.get_token()});
        ASSERT_FALSE(left);
        EXPECT_EQ(left.error().code, ErrorCode::kCancelled);
    }
    ProcessIdentity keeper() const { return (*read_record(path("record")))->keeper; }

private:
    fs::path folder_ = fs::temp_directory_path() / fmt::format("ingot-kept-{}", ::getpid());
};

TEST_F(KeptCommand, ItsEndItsOutputAndItsValuesComeBack) {
    Order what = order("echo out $WHO in $PWD; printf '{\"rows\": 3}' >values");
    what.environment["WHO"] = "who";
    const Result<End> end = run_kept(what, {});
    ASSERT_TRUE(end) << end.error().to_string();
    EXPECT_TRUE(end->exit.success());
    EXPECT_EQ(end->values, R"({"rows":3})");
    EXPECT_EQ(text("log"), "out who in " + what.folder + "\nexit code 0\n");
    EXPECT_FALSE(fs::exists(path("values")));
}

TEST_F(KeptCommand, AFailureKeepsWhatWasSaidLastAndNoValues) {
    const Result<End> end = run_kept(order("echo {} >values; echo why; exit 3"), {});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->exit.to_string(), "exit code 3");
    EXPECT_EQ(end->last, "why");
    EXPECT_EQ(end->values, "");
}

TEST_F(KeptCommand, SecretsAreMaskedInLogAndValues) {
    Order what = order("echo it is hunter2; echo '{\"a\": \"hunter2\"}' >values");
    what.secrets = {"hunter2"};
    const Result<End> end = run_kept(what, {});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->values, R"({"a":"***"})");
    EXPECT_EQ(text("log"), "it is ***\nexit code 0\n");
    EXPECT_EQ(text("record").find("hunter2"), std::string::npos);
}

TEST_F(KeptCommand, WhatCannotBeRunIsSaid) {
    Order what = order("");
    what.arguments = {"/no/such/program"};
    const Result<End> end = run_kept(what, {});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, ErrorCode::kNotFound);
    EXPECT_NE(end.error().to_string().find("/no/such/program"), std::string::npos);
}

TEST_F(KeptCommand, ValuesThatAreNoneAreSaid) {
    const Result<End> end = run_kept(order("echo 7 >values"), {});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(KeptCommand, StoppingEndsTheWholeTree) {
    std::stop_source stop;
    std::jthread stopper([&] {
        while (text("pid").empty()) std::this_thread::sleep_for(milliseconds(2));
        stop.request_stop();
    });
    const Result<End> end = run_kept(order("sleep 100 & echo $! >pid; wait"), {stop.get_token()});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->exit.to_string(), "cancelled");
    // Process 1 may take a moment to wait for it, or never do.
    const std::string stat = "/proc/" + text("pid").substr(0, text("pid").find('\n')) + "/stat";
    const auto is_gone = [&] {
        std::string state;
        std::getline(std::ifstream(stat), state);
        return state.empty() || state.find(") Z ") != std::string::npos;
    };
    for (int i = 0; i < 500 && !is_gone(); ++i) std::this_thread::sleep_for(milliseconds(2));
    EXPECT_TRUE(is_gone());
    EXPECT_FALSE(*goes_on(path("record"))) << "it is made again";
}

TEST_F(KeptCommand, OneThatIgnoresTheFirstSignalIsKilledAfterTheGrace) {
    Order what = order("trap '' TERM; touch begun; while true; do sleep 0.05; done");
    what.grace = milliseconds(200);
    std::stop_source stop;
    std::jthread stopper([&] {
        while (!fs::exists(path("begun"))) std::this_thread::sleep_for(milliseconds(2));
        stop.request_stop();
    });
    const Result<End> end = run_kept(what, {stop.get_token()});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->exit.kind, ExitStatus::Kind::kCancelled);
    EXPECT_EQ(end->exit.code, SIGKILL);
}

TEST_F(KeptCommand, OneThatWasLeftGoesOnAndItsEndIsKnownToWhoeverComes) {
    begin_and_leave(
        order("echo one; touch begun; until test -e go; do sleep 0.01; done; echo two"));
    EXPECT_TRUE(*goes_on(path("record")));
    std::ofstream(path("go")).flush();
    const Result<End> end = attend(path("record"), {});
    ASSERT_TRUE(end) << end.error().to_string();
    EXPECT_TRUE(end->exit.success());
    EXPECT_EQ(text("log"), "one\ntwo\nexit code 0\n");
    EXPECT_TRUE(*goes_on(path("record"))) << "how it came out is still there";
    EXPECT_TRUE(attend(path("record"), {})->exit.success());
}

TEST_F(KeptCommand, WhoeverComesCanStopIt) {
    begin_and_leave(order("touch begun; sleep 100"));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(attend(path("record"), {stop.get_token()})->exit.kind, ExitStatus::Kind::kCancelled);
}

TEST_F(KeptCommand, WithoutItsKeeperNobodyKnowsHowItCameOut) {
    begin_and_leave(order("echo $$ >pid; touch begun; sleep 100"));
    ProcessHandle::find(keeper())->signal(SIGKILL);
    const Result<End> end = attend(path("record"), {});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, ErrorCode::kIo);
    EXPECT_FALSE(*goes_on(path("record")));
    ::kill(-std::stoi(text("pid")), SIGKILL);
}

TEST_F(KeptCommand, AnAttemptThatWasGivenUpIsNotBegunByOneThatComesLate) {
    EXPECT_FALSE(*goes_on(path("record")));
    const Result<End> end = run_kept(order("touch begun"), {});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, ErrorCode::kAlreadyExists);
    EXPECT_FALSE(fs::exists(path("begun")));
}

TEST_F(KeptCommand, AKeeperWhoseIdWasGivenAgainOrThatRanBeforeARestartIsGone) {
    Record record{*ProcessIdentity::of_this_process(), std::nullopt};
    ++record.keeper.started;
    ASSERT_TRUE(*claim_record(path("record"), record));
    EXPECT_FALSE(*goes_on(path("record")));
    --record.keeper.started;
    record.keeper.boot = "another";
    ASSERT_TRUE(replace_record(path("record"), record));
    EXPECT_FALSE(*goes_on(path("record")));
}

TEST_F(KeptCommand, AFloodOfOutputIsWrittenAsItComes) {
    const Result<End> end = run_kept(order("yes 0123456789012345 | head -c 50000000"), {});
    ASSERT_TRUE(end);
    EXPECT_EQ(fs::file_size(path("log")), 50'000'000U + std::string_view("exit code 0\n").size());
}

TEST_F(KeptCommand, NothingOfTheAskingProcessIsHeldOpen) {
    const int held = ::fcntl(STDIN_FILENO, F_DUPFD, 100);  // Without O_CLOEXEC.
    const Result<End> end = run_kept(
        order(fmt::format("test ! -e /proc/$PPID/fd/{0} && test ! -e /proc/self/fd/{0}", held)),
        {});
    ::close(held);
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->exit.success()) << end->exit.to_string();
}

TEST_F(KeptCommand, AnOpenProgramIsRunWhateverBecameOfItsFile) {
    fs::copy_file("/bin/sh", path("shell"));
    const int shell = ::open(path("shell").c_str(), O_PATH | O_CLOEXEC);
    fs::remove(path("shell"));
    Order what = order("echo it is $0; ls -l /proc/$$/fd | grep -c shell");
    what.arguments = {"it", "-c", what.arguments[2]};
    what.program = shell;
    const Result<End> end = run_kept(what, {});
    ::close(shell);
    ASSERT_TRUE(end) << end.error().to_string();
    EXPECT_EQ(text("log"), "it is it\n0\nexit code 1\n") << "and it does not have the file open";
}

}  // namespace
}  // namespace ingot::keeper
