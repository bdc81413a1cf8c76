#include "cli/spill_folder.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/uuid.hpp"

namespace ingot::cli {
namespace {

namespace fs = std::filesystem;

class SpillFolders : public testing::Test {
protected:
    ~SpillFolders() override { fs::remove_all(parent_); }
    std::string parent() const { return (parent_ / "a" / "spill").string(); }
    static void fill(const std::string& folder) {
        fs::create_directories(folder);
        std::ofstream(folder + "/duckdb_temp_storage_DEFAULT-0.tmp") << "rows";
    }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(parent()), fs::directory_iterator()));
    }

private:
    fs::path parent_ = fs::temp_directory_path() / fmt::format("ingot-spill-{}", ::getpid());
};

TEST_F(SpillFolders, EachHasItsOwnAndTakesItWithIt) {
    {
        const SpillFolder one(parent());
        fill(one.path());
        const SpillFolder other(parent());
        fill(other.path());
        EXPECT_NE(one.path(), other.path());
        EXPECT_TRUE(fs::exists(one.path())) << "the second removed nothing of the first";
    }
    EXPECT_EQ(entries(), 0U);
}

TEST_F(SpillFolders, WhatAKilledProcessLeftIsRemovedByTheNext) {
    const std::string killed = parent() + '/' + uuid_v4();
    fill(killed);
    std::ofstream(killed + ".lock") << "process 1 on host a\n";
    const SpillFolder next(parent());
    EXPECT_FALSE(fs::exists(killed));
    EXPECT_EQ(entries(), 1U) << "its own lock";
}

TEST_F(SpillFolders, WhatOthersKeepInTheFolderStays) {
    fill(parent() + "/poetry");
    std::ofstream(parent() + "/poetry.lock") << "[[package]]\n";
    fill(parent() + '/' + uuid_v4());
    {
        const SpillFolder one(parent());
    }
    EXPECT_EQ(entries(), 3U);
}

TEST_F(SpillFolders, AFolderThatCannotBeMadeIsNoErrorUntilItIsNeeded) {
    const SpillFolder nowhere("/proc/none/spill");
    EXPECT_FALSE(fs::exists(nowhere.path()));
}

}  // namespace
}  // namespace ingot::cli
