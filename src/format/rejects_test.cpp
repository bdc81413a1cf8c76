#include "format/rejects.hpp"

#include <gmock/gmock.h>
#include <thread>

#include "format/test_files.hpp"

namespace ingot::format {
namespace {

using test::TemporaryFolder;

Reject reject(std::int64_t line, std::string raw = "raw") {
    return {.file = "in",
            .line = line,
            .byte_offset = line * 10,
            .reason = line % 2 == 0 ? "even" : "odd",
            .detail = "because",
            .raw = raw,
            .raw_length = static_cast<std::int64_t>(raw.size())};
}

TEST(RejectSink, BeyondItsMemoryItGoesOnInAFileAndGivesAllBackInOrder) {
    const TemporaryFolder folder;
    RejectSink sink({.memory_bytes_max = 10'000, .spill_dir = folder.path()});
    for (std::int64_t line = 0; line < 5000; ++line) {
        ASSERT_TRUE(sink.add(reject(line, std::string(static_cast<std::size_t>(line % 300), 'r'))));
    }
    EXPECT_EQ(sink.count(), 5000);
    EXPECT_EQ(sink.counts_by_reason().at("even"), 2500);
    std::int64_t expected = 0;
    ASSERT_TRUE(sink.for_each([&](const Reject& each) -> Status {
        EXPECT_EQ(each.line, expected);
        EXPECT_EQ(each.byte_offset, expected * 10);
        EXPECT_EQ(each.raw.size(), static_cast<std::size_t>(expected % 300));
        ++expected;
        return {};
    }));
    EXPECT_EQ(expected, 5000);
    const auto source = sink.rows();
    auto reader = source->open_reader();
    ASSERT_TRUE(reader);
    std::int64_t rows = 0;
    while (true) {
        const auto batch = (*reader)->next();
        ASSERT_TRUE(batch);
        if (!*batch) break;
        for (std::int64_t row = 0; row < (*batch)->rows; ++row, ++rows) {
            EXPECT_EQ((*batch)->column("line")->value<std::int64_t>(row), rows);
        }
    }
    EXPECT_EQ(rows, 5000);
}

TEST(RejectSink, TheFolderOfItsFileIsMade) {
    const TemporaryFolder folder;
    RejectSink sink({.memory_bytes_max = 1, .spill_dir = folder.path() + "/not/there"});
    const Status added = sink.add(reject(1));
    EXPECT_TRUE(added) << added.error().to_string();
}

TEST(RejectSink, AFolderThatCannotBeWrittenIsAnErrorNotALoss) {
    const TemporaryFolder folder;
    RejectSink sink({.memory_bytes_max = 1, .spill_dir = folder.file("file", "").path + "/below"});
    const Status added = sink.add(reject(1));
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, ErrorCode::kIo);
}

TEST(RejectSink, RowsShowForeignBytesAsEscapes) {
    RejectSink sink({});
    ASSERT_TRUE(sink.add(reject(1, "caf\xC3\xA9 \xFF\xC3")));
    const auto source = sink.rows();
    auto reader = source->open_reader();
    ASSERT_TRUE(reader);
    const auto batch = (*reader)->next();
    ASSERT_TRUE(batch);
    ASSERT_TRUE(*batch);
    EXPECT_EQ((*batch)->column("raw_text")->text(0), "caf\xC3\xA9 \\xFF\\xC3");
}

TEST(RejectSink, ManyThreadsLoseNothing) {
    const TemporaryFolder folder;
    RejectSink sink({.memory_bytes_max = 5'000, .spill_dir = folder.path()});
    {
        std::vector<std::jthread> threads;
        for (int each = 0; each < 4; ++each) {
            threads.emplace_back([&] {
                for (std::int64_t line = 0; line < 1000; ++line) {
                    ASSERT_TRUE(sink.add(reject(line)));
                }
            });
        }
    }
    std::int64_t seen = 0;
    ASSERT_TRUE(sink.for_each([&](const Reject& each) -> Status {
        EXPECT_EQ(each.detail, "because");
        ++seen;
        return {};
    }));
    EXPECT_EQ(seen, 4000);
}

}  // namespace
}  // namespace ingot::format
