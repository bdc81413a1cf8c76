#include "ingest/input_folder.hpp"

#include "base/hash.hpp"
#include "ingest/source_for_test.hpp"

namespace ingot::ingest {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

using InputFolderTest = SourceTest;

TEST_F(InputFolderTest, ASecondProcessGetsAFolderOfItsOwnThatGoesWithIt) {
    const auto first = InputFolder::open(project_.root, "s");
    ASSERT_TRUE(first);
    EXPECT_THAT(first->file_for("url", "a.json"), StartsWith(project_.root + "/s/"));
    fs::path own;
    {
        const auto second = InputFolder::open(project_.root, "s");
        ASSERT_TRUE(second);
        own = fs::path(second->file_for("url", "a.json")).parent_path();
        EXPECT_NE(own, fs::path(first->file_for("url", "a.json")).parent_path());
        EXPECT_TRUE(fs::exists(own));
    }
    EXPECT_FALSE(fs::exists(own));
}

TEST_F(InputFolderTest, FilesAreToldApartByWhatTheyAreAndShowTheirName) {
    const auto folder = InputFolder::open(project_.root, "s");
    ASSERT_TRUE(folder);
    EXPECT_NE(folder->file_for("http://a/x", "x"), folder->file_for("http://b/x", "x"));
    const std::string odd = folder->file_for("id", "../../etc/pass wd?" + std::string(200, 'a'));
    EXPECT_EQ(fs::path(odd).parent_path(), fs::path(project_.root) / "s");
    EXPECT_LT(fs::path(odd).filename().string().size(), 120U);
}

TEST_F(InputFolderTest, AKeptFileCountsOnlyWhileItIsWhatWasWritten) {
    const std::string file = write("kept", "bytes");
    EXPECT_FALSE(*read_kept_version(file)) << "no version beside it";
    ASSERT_TRUE(write_kept_version(file, {sha256_hex("bytes"), "\"tag\"", "yesterday"}));
    const auto kept = read_kept_version(file);
    ASSERT_TRUE(kept && *kept);
    EXPECT_EQ((*kept)->etag, "\"tag\"");
    EXPECT_EQ((*kept)->last_modified, "yesterday");
    write("kept", "byte");
    EXPECT_FALSE(*read_kept_version(file));
    remove_kept(file);
    EXPECT_FALSE(fs::exists(file + ".version"));
}

}  // namespace
}  // namespace ingot::ingest
