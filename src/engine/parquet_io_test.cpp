#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "engine/test_support_internal.hpp"

namespace ingot::engine {
namespace {

using ::testing::HasSubstr;
using testing::ListSource;
using testing::must;
using testing::rows_of;

Schema checkpoint_schema() {
    return {{{"txn", DataType::structure({{"appId", TypeId::kString}, {"version", TypeId::kLong}})},
             {"add", DataType::structure(
                         {{"path", TypeId::kString},
                          {"partitionValues", DataType::map(TypeId::kString, TypeId::kString)},
                          {"size", TypeId::kLong},
                          {"dv", DataType::structure(
                                     {{"kind", TypeId::kString}, {"offset", TypeId::kInteger}})}})},
             {"columns", DataType::array(TypeId::kString)}}};
}

ColumnBatch checkpoint_rows() {
    BatchBuilder builder(checkpoint_schema());
    auto& txn = builder.column(0);
    auto& add = builder.column(1);
    auto& columns = builder.column(2);
    // A transaction.
    txn.child(0).append_text("app");
    txn.child(1).append_integer(7);
    txn.append_struct();
    add.append_null();
    columns.append_null();
    // A file with partition values.
    txn.append_null();
    add.child(0).append_text("day=1/part-0.parquet");
    add.child(1).child(0).child(0).append_text("day");
    add.child(1).child(0).child(1).append_text("1");
    add.child(1).child(0).append_struct();
    add.child(1).child(0).child(0).append_text("hour");
    add.child(1).child(0).child(1).append_null();
    add.child(1).child(0).append_struct();
    add.child(1).append_list();
    add.child(2).append_integer(123);
    add.child(3).append_null();
    add.append_struct();
    columns.child(0).append_text("a");
    columns.child(0).append_text("b");
    columns.append_list();
    // A file with a deletion vector and no partition values.
    txn.append_null();
    add.child(0).append_text("part-1.parquet");
    add.child(1).append_list();
    add.child(2).append_integer(456);
    add.child(3).child(0).append_text("u");
    add.child(3).child(1).append_integer(1);
    add.child(3).append_struct();
    add.append_struct();
    columns.append_list();
    return builder.finish();
}

class ParquetIoTest : public ::testing::TestWithParam<std::string> {
protected:
    ParquetIoTest()
        : store_(must(storage::open_store(
              GetParam() == "memory" ? "memory://parquet_io_" + folder_.path() : folder_.path()))) {
    }

    std::uint64_t write(const std::string& path) {
        ListSource source(checkpoint_schema(), {checkpoint_rows()}, 1);
        const auto reader = must(source.open_reader());
        return must(engine_->parquet().write(*store_, path, checkpoint_schema(), *reader));
    }
    std::string read(const std::string& path, const Schema& wanted) {
        auto reader = engine_->parquet().read(*store_, path, wanted);
        if (!reader) {
            return "ERROR " + reader.error().to_string();
        }
        std::string text;
        for (;;) {
            auto batch = (*reader)->next();
            if (!batch) {
                return "ERROR " + batch.error().to_string();
            }
            if (!*batch) {
                return text;
            }
            EXPECT_EQ((*batch)->schema, wanted);
            text += rows_of(**batch);
        }
    }

    testing::TemporaryFolder folder_;
    std::unique_ptr<Engine> engine_ = testing::open_engine();
    std::shared_ptr<storage::ObjectStore> store_;
};

TEST_P(ParquetIoTest, WhatIsWrittenIsRead) {
    const auto size = write("log/1.parquet");
    EXPECT_EQ(size, must(store_->head("log/1.parquet")).size);
    EXPECT_EQ(read("log/1.parquet", checkpoint_schema()),
              "{appId: app, version: 7}|null|null\n"
              "null|{path: day=1/part-0.parquet, partitionValues: [{key: day, value: 1}, {key: "
              "hour, value: null}], size: 123, dv: null}|[a, b]\n"
              "null|{path: part-1.parquet, partitionValues: [], size: 456, dv: {kind: u, offset: "
              "1}}|[]\n");
}

TEST_P(ParquetIoTest, ReadsOnlyWhatIsWantedAndNullForWhatIsAbsent) {
    write("1.parquet");
    const Schema wanted{
        {{"add", DataType::structure({{"tags", TypeId::kString},
                                      {"path", TypeId::kString},
                                      {"dv", DataType::structure({{"offset", TypeId::kLong},
                                                                  {"more", TypeId::kDouble}})}})},
         {"remove", DataType::structure({{"path", TypeId::kString}})}}};
    EXPECT_EQ(read("1.parquet", wanted),
              "null|null\n"
              "{tags: null, path: day=1/part-0.parquet, dv: null}|null\n"
              "{tags: null, path: part-1.parquet, dv: {offset: 1, more: null}}|null\n");
}

TEST_P(ParquetIoTest, TheFootersSchemaIsGiven) {
    write("1.parquet");
    EXPECT_EQ(must(engine_->parquet().schema(*store_, "1.parquet")), checkpoint_schema());
}

TEST_P(ParquetIoTest, AbsentAndBrokenFilesHaveTheirCodes) {
    write("1.parquet");
    const auto code = [&](const std::string& path) {
        auto reader = engine_->parquet().read(*store_, path, checkpoint_schema());
        if (!reader) {
            return reader.error().code;
        }
        for (;;) {
            auto batch = (*reader)->next();
            if (!batch) {
                return batch.error().code;
            }
            if (!*batch) {
                ADD_FAILURE() << path << " was read";
                return ErrorCode::kInternal;
            }
        }
    };
    EXPECT_EQ(code("absent.parquet"), ErrorCode::kNotFound);
    EXPECT_EQ(engine_->parquet().schema(*store_, "absent.parquet").error().code,
              ErrorCode::kNotFound);
    must(store_->put("text.parquet", "this is no Parquet file, however long it may be"));
    EXPECT_EQ(code("text.parquet"), ErrorCode::kCorruptData);
    must(store_->put("empty.parquet", ""));
    EXPECT_EQ(code("empty.parquet"), ErrorCode::kCorruptData);
    const auto bytes = must(store_->read("1.parquet"));
    must(store_->put("cut.parquet", bytes.substr(0, bytes.size() / 2)));
    EXPECT_EQ(code("cut.parquet"), ErrorCode::kCorruptData);
    const auto schema = engine_->parquet().schema(*store_, "cut.parquet");
    EXPECT_THAT(schema.error().message, ::testing::Not(HasSubstr("SELECT"))) << "not the reader's";
    auto damaged = bytes;
    for (std::size_t i = 4; i < bytes.size() / 3; ++i) {
        damaged[i] = static_cast<char>(~damaged[i]);
    }
    must(store_->put("damaged.parquet", damaged));
    EXPECT_EQ(code("damaged.parquet"), ErrorCode::kCorruptData);
}

TEST_P(ParquetIoTest, ADamagedByteIsCorruptDataOrNothing) {
    write("1.parquet");
    const auto bytes = must(store_->read("1.parquet"));
    const auto check = [&](const std::string& damaged, const std::string& what) {
        must(store_->put("damaged.parquet", damaged));
        auto reader = engine_->parquet().read(*store_, "damaged.parquet", checkpoint_schema());
        while (reader) {
            auto batch = (*reader)->next();
            if (!batch) {
                EXPECT_EQ(batch.error().code, ErrorCode::kCorruptData)
                    << what << ": " << batch.error().to_string();
            }
            if (!batch || !*batch) {
                return;
            }
        }
        EXPECT_EQ(reader.error().code, ErrorCode::kCorruptData)
            << what << ": " << reader.error().to_string();
    };
    for (std::size_t size = 0; size < bytes.size(); size += 31) {
        check(bytes.substr(0, size), fmt::format("cut after {} bytes", size));
    }
    for (std::size_t at = 0; at < bytes.size(); at += 15) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(~damaged[at]);
        check(damaged, fmt::format("byte {} of {}", at, bytes.size()));
    }
}

TEST_P(ParquetIoTest, AFailedWriteLeavesNothing) {
    ListSource source(checkpoint_schema(), {checkpoint_rows(), checkpoint_rows()}, 1);
    source.fail_at(1, Error{ErrorCode::kTimeout, "too slow", {}});
    const auto reader = must(source.open_reader());
    const auto written =
        engine_->parquet().write(*store_, "x.parquet", checkpoint_schema(), *reader);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::kTimeout);
    EXPECT_EQ(store_->head("x.parquet").error().code, ErrorCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Stores, ParquetIoTest, ::testing::Values("memory", "folder"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace ingot::engine
