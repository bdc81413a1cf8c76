#include "storage/local_store.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ingot::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class LocalStoreTest : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = (fs::temp_directory_path() / fmt::format("ingot-local-{}", ::getpid())).string();
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        store_ = *open_local_store(folder_, folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::vector<std::string> paths(std::string_view prefix = "") const {
        std::vector<std::string> result;
        const auto found = store_->list(prefix);
        EXPECT_TRUE(found) << found.error().to_string();
        for (const ObjectInfo& info : *found) result.push_back(info.path);
        return result;
    }
    std::size_t files_on_disk() const {
        std::size_t count = 0;
        for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
            count += entry.is_regular_file() ? 1 : 0;
        }
        return count;
    }

    std::string folder_;
    std::shared_ptr<ObjectStore> store_;
};

/// Runs `body` in a child process; its result is the exit code, or minus the signal that ended it.
template <class Body>
int in_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_F(LocalStoreTest, OfTwoProcessesRacingForANameExactlyOneWins) {
    constexpr int kRounds = 100;
    // Each child wins some rounds and counts them in its exit code.
    const auto race = [&](const char* mark) {
        int won = 0;
        for (int round = 0; round < kRounds; ++round) {
            const auto outcome = store_->put_if_absent(fmt::format("log/{:03}", round), mark);
            if (!outcome) return 255;
            won += *outcome == PutOutcome::kCreated ? 1 : 0;
        }
        return won;
    };
    const pid_t other = ::fork();
    if (other == 0) ::_exit(race("other"));
    const int won_here = race("here");
    int status = 0;
    ASSERT_EQ(::waitpid(other, &status, 0), other);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(won_here + WEXITSTATUS(status), kRounds);
    int found_here = 0;
    for (const std::string& path : paths()) found_here += *store_->read(path) == "here" ? 1 : 0;
    EXPECT_EQ(found_here, won_here);
    EXPECT_EQ(files_on_disk(), static_cast<std::size_t>(kRounds));
}

TEST_F(LocalStoreTest, AReadOnlyFolderGivesAReadableErrorAndKeepsItsObjects) {
    ASSERT_TRUE(store_->put("a", "old"));
    ASSERT_EQ(::chmod((folder_ + "/a").c_str(), 0444), 0);
    ASSERT_EQ(::chmod(folder_.c_str(), 0555), 0);
    const int code = in_child([&] {
        // Permissions do not bind root.
        if (::geteuid() == 0 && ::setuid(65534) != 0) return 77;
        const Status put = store_->put("a", "new");
        if (put || put.error().code != ErrorCode::kIo) return 1;
        if (put.error().message.find("Permission denied") == std::string::npos) return 2;
        if (put.error().message.find(folder_ + "/a") == std::string::npos) return 3;
        if (store_->put_if_absent("b", "new") || store_->create("c") || store_->put("d/e", "")) {
            return 4;
        }
        if (store_->remove("a")) return 5;
        return *store_->read("a") == "old" ? 0 : 6;
    });
    fs::permissions(folder_, fs::perms::owner_all);
    if (code == 77) GTEST_SKIP() << "this user may not become another one";
    EXPECT_EQ(code, 0);
    EXPECT_THAT(paths(), ElementsAre("a"));
}

TEST_F(LocalStoreTest, AFullOrReadOnlyDiskGivesAReadableErrorAndLeavesNothingBehind) {
    ASSERT_TRUE(store_->put("mount/keep", "x"));
    const int code = in_child([&] {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", (folder_ + "/mount").c_str(), "tmpfs", 0, "size=64k") != 0) {
            return 77;
        }
        const std::string large(1'000'000, 'x');
        if (!store_->put("mount/a", "old")) return 1;
        const Status put = store_->put("mount/a", large);
        if (put || put.error().message.find("No space left") == std::string::npos) return 2;
        if (store_->put_if_absent("mount/b", large)) return 3;
        auto writer = store_->create("mount/c");
        if (!writer) return 4;
        bool failed = false;
        for (int i = 0; i < 10 && !failed; ++i) failed = !(*writer)->append(large);
        if (!failed) return 5;
        writer->reset();
        if (*store_->read("mount/a") != "old" || files_on_disk() != 1) return 6;
        if (!store_->put("mount/d", "there is room again")) return 7;
        if (::mount("tmpfs", (folder_ + "/mount").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY,
                    nullptr) != 0) {
            return 8;
        }
        const Status read_only = store_->put("mount/e", "x");
        return !read_only && read_only.error().message.find("read-only") != std::string::npos ? 0
                                                                                              : 9;
    });
    if (code == 77) GTEST_SKIP() << "this user may not mount a file system";
    EXPECT_EQ(code, 0);
}

TEST_F(LocalStoreTest, AKilledWriterLeavesNothingVisibleAndRemoveAbandonedCleansUp) {
    for (const char* point : {"storage.put.before_rename", "storage.put_if_absent.before_link"}) {
        const int code = in_child([&] {
            ::setenv("INGOT_CRASH_POINT", point, 1);
            const bool put = store_->put("log/a", "x").has_value();
            return put && store_->put_if_absent("log/b", "x") ? 0 : 1;
        });
        EXPECT_EQ(code, -SIGKILL) << point;
    }
    EXPECT_THAT(paths(), ElementsAre("log/a"));  // The second child got past the first point.
    EXPECT_EQ(files_on_disk(), 3U);
    EXPECT_EQ(*store_->remove_abandoned("", system_clock().now() - std::chrono::hours(1)), 0U);
    EXPECT_EQ(*store_->remove_abandoned("other/", system_clock().now() + std::chrono::hours(1)),
              0U);
    EXPECT_EQ(*store_->remove_abandoned("", system_clock().now() + std::chrono::hours(1)), 2U);
    EXPECT_EQ(files_on_disk(), 1U);
}

TEST_F(LocalStoreTest, AKillAfterTheLinkLeavesTheWholeObject) {
    const int code = in_child([&] {
        ::setenv("INGOT_CRASH_POINT", "storage.put_if_absent.after_link", 1);
        return store_->put_if_absent("log/0", "whole") ? 0 : 1;
    });
    EXPECT_EQ(code, -SIGKILL);
    EXPECT_EQ(*store_->read("log/0"), "whole");
    EXPECT_EQ(*store_->put_if_absent("log/0", "other"), PutOutcome::kExists);
    EXPECT_THAT(paths(), ElementsAre("log/0"));
}

TEST_F(LocalStoreTest, ListingALogDoesNotLookAtTheOtherFolders) {
    ASSERT_TRUE(store_->put("_delta_log/0.json", "x"));
    ASSERT_TRUE(store_->put("date=1/part", "x"));
    fs::permissions(folder_ + "/date=1", fs::perms::none);
    const int code = in_child([&] {
        if (::geteuid() == 0 && (::chmod(folder_.c_str(), 0755) != 0 || ::setuid(65534) != 0)) {
            return 77;
        }
        if (store_->list("")) return 1;  // The closed folder is in the way, as it should be.
        const auto log = store_->list("_delta_log/");
        return log && log->size() == 1 ? 0 : 2;
    });
    fs::permissions(folder_ + "/date=1", fs::perms::owner_all);
    if (code == 77) GTEST_SKIP() << "this user may not become another one";
    EXPECT_EQ(code, 0);
}

TEST_F(LocalStoreTest, FollowsLinksButNotInCircles) {
    ASSERT_TRUE(store_->put("a/b/object", "x"));
    fs::create_directory_symlink(folder_ + "/a", folder_ + "/a/b/circle");
    fs::create_directory_symlink(folder_ + "/a/b", folder_ + "/linked");
    fs::create_symlink(folder_ + "/nowhere", folder_ + "/broken");
    EXPECT_THAT(paths(), ElementsAre("a/b/object", "linked/object"));
}

TEST_F(LocalStoreTest, APipeInTheFolderBlocksNobody) {
    ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
    EXPECT_EQ(store_->read("pipe").error().code, ErrorCode::kNotFound);
    EXPECT_THAT(paths(), IsEmpty());
}

TEST_F(LocalStoreTest, AFileInThePlaceOfAFolderIsNamed) {
    ASSERT_TRUE(store_->put("a", "x"));
    const Status put = store_->put("a/b", "x");
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::kIo);
    EXPECT_THAT(put.error().message, HasSubstr("is a file, not a folder"));
}

TEST_F(LocalStoreTest, LocalPathIsAbsoluteAlsoWhenTheRootIsNot) {
    EXPECT_EQ(store_->local_path("a/b"), folder_ + "/a/b");
    const auto relative = open_local_store("some/./folder/", "some/./folder/");
    ASSERT_TRUE(relative);
    EXPECT_EQ((*relative)->local_path("a"), (fs::current_path() / "some/folder/a").string());
    EXPECT_EQ((*relative)->uri(), "some/./folder/");
}

TEST_F(LocalStoreTest, FilesOfOtherProgramsAreObjectsToo) {
    std::ofstream(folder_ + "/.part-0.crc") << "crc";
    EXPECT_THAT(paths(), ElementsAre(".part-0.crc"));
    EXPECT_EQ(*store_->read(".part-0.crc"), "crc");
}

}  // namespace
}  // namespace ingot::storage
