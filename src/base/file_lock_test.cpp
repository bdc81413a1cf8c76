#include "base/file_lock.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <sys/file.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace ingot {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FileLockTest : public ::testing::Test {
protected:
    void TearDown() override { std::filesystem::remove(path_); }
    std::optional<FileLock> locked() {
        auto attempt = FileLock::try_lock(path_, "ingot run");
        EXPECT_TRUE(attempt) << attempt.error().to_string();
        auto* lock = std::get_if<FileLock>(&*attempt);
        return lock == nullptr ? std::nullopt : std::optional(std::move(*lock));
    }
    std::string holder() {
        return std::get<FileLock::HeldBy>(*FileLock::try_lock(path_, "test")).holder;
    }
    const std::string path_ =
        (std::filesystem::temp_directory_path() / fmt::format("ingot-lock-{}", ::getpid()))
            .string();
};

TEST_F(FileLockTest, SaysWhoHoldsIt) {
    const auto lock = locked();
    ASSERT_TRUE(lock);
    EXPECT_THAT(holder(), AllOf(HasSubstr(fmt::format("process {} on host ", ::getpid())),
                                HasSubstr("(ingot run) since 20")));
}

TEST_F(FileLockTest, IsFreeAgainOnceDestroyed) {
    {
        ASSERT_TRUE(locked());
    }
    EXPECT_TRUE(locked());
}

TEST_F(FileLockTest, WaitsForTheNoteOfOneWhoHasJustLocked) {
    {
        ASSERT_TRUE(locked());
    }
    EXPECT_EQ(std::filesystem::file_size(path_), 0U) << "the note of one who has gone";
    const int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
    std::jthread late([fd] {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        EXPECT_EQ(::write(fd, "the next\n", 9), 9);
    });
    EXPECT_EQ(holder(), "the next");
    late.join();
    ::close(fd);
}

TEST_F(FileLockTest, EndsWithItsProcessAlsoWhenThatIsKilled) {
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe(ready.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = FileLock::try_lock(path_, "child");
        const ssize_t written = ::write(ready[1], "x", 1);
        while (written == 1) ::pause();
        ::_exit(1);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_THAT(holder(), AllOf(HasSubstr(std::to_string(child)), HasSubstr("(child)")));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(locked());
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_F(FileLockTest, AFileThatCannotBeMadeIsNamed) {
    const auto attempt = FileLock::try_lock("/no/such/folder/lock", "test");
    ASSERT_FALSE(attempt);
    EXPECT_THAT(attempt.error().message, HasSubstr("cannot lock /no/such/folder/lock"));
}

}  // namespace
}  // namespace ingot
