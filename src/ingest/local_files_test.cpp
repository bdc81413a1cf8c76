// Which files of a folder are a source's inputs.
#include "ingest/source_for_test.hpp"

namespace ingot::ingest {
namespace {

using project::LoadKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LocalFiles : public SourceTest {
protected:
    std::vector<Input> listed() {
        auto found = finder();
        EXPECT_TRUE(found) << found.error().to_string();
        auto inputs = (*found)->list();
        EXPECT_TRUE(inputs && *inputs);
        return inputs && *inputs ? **inputs : std::vector<Input>();
    }
    std::vector<std::string> keys() {
        std::vector<std::string> keys;
        for (const Input& input : listed()) keys.push_back(input.key);
        return keys;
    }
    /// Matches of one name against the last part of a glob.
    bool has(const std::string& pattern, const std::string& name) {
        write("in/" + name);
        load_files("in/" + pattern, LoadKind::kFiles);
        const std::vector<Input> inputs = listed();
        return std::any_of(inputs.begin(), inputs.end(),
                           [&](const Input& input) { return input.found && input.key == name; });
    }
};

TEST_F(LocalFiles, AStarAndAQuestionMarkMatchWithinAName) {
    EXPECT_TRUE(has("*.csv", "a.csv"));
    EXPECT_TRUE(has("*", "a.csv"));
    EXPECT_TRUE(has("a*b*c", "a1b2b3c"));
    EXPECT_TRUE(has("a?c", "abc"));
    EXPECT_FALSE(has("a?c", "ac"));
    EXPECT_FALSE(has("*.csv", "a.csv.gz"));
    EXPECT_FALSE(has("*.csv", ".hidden.csv"));
    EXPECT_TRUE(has(".*.csv", ".hidden.csv"));
}

TEST_F(LocalFiles, AWildcardOfAFolderIsFollowedAndNamesTellTheFoldersApart) {
    write("in/a/1.csv");
    write("in/b/1.csv");
    write("in/b/deep/1.csv");
    write("in/1.csv");
    load_files("in/*/*.csv", LoadKind::kFiles);
    EXPECT_THAT(keys(), ElementsAre("a/1.csv", "b/1.csv"));
}

TEST_F(LocalFiles, TwoStarsAreFoldersOfAnyDepthAndNamesTellThemApart) {
    for (const char* name : {"in/1.csv", "in/a/1.csv", "in/b/a/1.csv", "in/b/c.txt"}) write(name);
    std::filesystem::create_directory_symlink(".", project_.root + "/in/loop");
    load_files("in/**/*.csv", LoadKind::kFiles);
    EXPECT_THAT(keys(), ElementsAre("1.csv", "a/1.csv", "b/a/1.csv"));
    load_files("in/**", LoadKind::kFiles);
    EXPECT_THAT(keys(), ElementsAre("1.csv", "a/1.csv", "b/a/1.csv", "b/c.txt"));
}

TEST_F(LocalFiles, FilesAreInputsOfTheirOwnInOrder) {
    for (const char* name : {"in/b.csv", "in/a.csv", "in/c.csv"}) write(name, "1234");
    load_files("in/*.csv", LoadKind::kFiles);
    EXPECT_THAT(keys(), ElementsAre("a.csv", "b.csv", "c.csv"));
    EXPECT_EQ(listed()[0].identities[0].size, 4U);
    EXPECT_TRUE(listed()[0].identities[0].modified);
}

TEST_F(LocalFiles, ASnapshotIsAllItsFilesTogether) {
    write("in/a.csv");
    write("in/b.csv");
    load_files("in/*.csv", LoadKind::kSnapshot);
    const std::vector<Input> inputs = listed();
    ASSERT_EQ(inputs.size(), 1U);
    EXPECT_EQ(inputs[0].files.size(), 2U);
}

TEST_F(LocalFiles, WithoutAMatchTheListSaysWhatWasLookedFor) {
    for (const LoadKind load : {LoadKind::kFiles, LoadKind::kSnapshot}) {
        load_files("in/*.csv", load);
        const std::vector<Input> inputs = listed();
        ASSERT_EQ(inputs.size(), 1U);
        EXPECT_FALSE(inputs[0].found);
        EXPECT_EQ(inputs[0].looked_for, project_.root + "/in/*.csv");
    }
}

TEST_F(LocalFiles, WindowsAreThoseThatHaveAFile) {
    for (const char* name :
         {"in/2015-01-01-0.json", "in/2015-01-01-05.json", "in/2015-01-01-7.json",
          "in/2014-12-31-0.json", "in/2015-01-02-0.json", "in/other.json"})
        write(name);
    load_hours("in/{window.start:%Y-%m-%d-%-H}.json");
    EXPECT_THAT(keys(), ElementsAre("2015-01-01T00:00:00Z", "2015-01-01T07:00:00Z"))
        << "from the start to the last hour that is over, as the pattern writes them";
}

TEST_F(LocalFiles, AWindowOfSeveralFilesHasThemAll) {
    write("in/00/a.json");
    write("in/00/b.json");
    write("in/02/a.json");
    load_hours("in/{window.start:%H}/*.json");
    const std::vector<Input> inputs = listed();
    ASSERT_EQ(inputs.size(), 2U);
    EXPECT_EQ(inputs[0].files.size(), 2U);
    EXPECT_EQ(inputs[0].files[0].name, "00/a.json");
}

TEST_F(LocalFiles, AnAbsentWindowIsNotFoundAndNoError) {
    load_hours("in/{window.start:%H}.json");
    const auto input = (*finder())->find(hour(3));
    ASSERT_TRUE(input);
    EXPECT_FALSE(input->found);
    EXPECT_EQ(input->looked_for, project_.root + "/in/03.json");
}

TEST_F(LocalFiles, ADateThatDoesNotExistIsSkippedWithItsReason) {
    load_hours("in/{window.start - 1y:%Y-%m-%d}.json");
    const Timestamp leap_day = at("2016-02-29T00:00:00Z");
    const auto input = (*finder())->find({leap_day, leap_day + std::chrono::hours(1)});
    ASSERT_TRUE(input);
    EXPECT_FALSE(input->found);
    EXPECT_THAT(input->skipped, HasSubstr("2016-02-29 minus 1 years"));
}

TEST_F(LocalFiles, OnlyASnapshotOfOtherBytesIsAnotherOne) {
    const std::string path = write("in/a.csv", "one");
    load_files("in/a.csv", LoadKind::kSnapshot);
    auto files = *finder();
    const Fetched first = files->fetch(**files->list());
    ASSERT_EQ(first.inputs.size(), 1U);
    EXPECT_FALSE(first.inputs[0].unchanged);
    const auto again = [&] {
        std::vector<Input> inputs = **files->list();
        inputs[0].before = first.inputs[0].identities;
        return files->fetch(std::move(inputs)).inputs.at(0).unchanged;
    };
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now());
    EXPECT_TRUE(again());
    write("in/a.csv", "two");
    EXPECT_FALSE(again());
}

TEST_F(LocalFiles, AFolderThatIsAFileHasNoInputs) {
    write("in");
    load_hours("in/{window.start:%H}.json");
    EXPECT_THAT(keys(), IsEmpty());
}

}  // namespace
}  // namespace ingot::ingest
