#pragma once
// What this module's tests share. DuckDB-free.
#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "engine/engine.hpp"
#include "storage/object_store.hpp"

namespace ingot::engine::testing {

template <class T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().to_string());
    }
    return *std::move(result);
}
inline void must(const Status& status) {
    if (!status) {
        throw std::runtime_error(status.error().to_string());
    }
}

inline std::unique_ptr<Engine> open_engine(EngineOptions options = {}) {
    if (options.memory_bytes == 0) {
        options.memory_bytes = 1ULL << 30;
    }
    if (options.threads == 0) {
        options.threads = 2;
    }
    return must(Engine::open(options));
}

/// One cell as text: `null`, `1`, `abc`, `[1, 2]`, `{a: 1}`.
std::string cell(const Column& column, std::int64_t row);
/// All rows, a line each, cells separated by `|`.
std::string rows_of(const ColumnBatch& batch);
std::string run(Session& session, const std::string& sql,
                std::map<std::string, Scalar> parameters = {});

/// Hands out batches that are made beforehand to any number of readers.
class ListSource final : public BatchSource {
public:
    ListSource(Schema schema, std::vector<ColumnBatch> batches, std::size_t readers = 4)
        : schema_(std::move(schema)), batches_(std::move(batches)), readers_(readers) {}
    const Schema& schema() const override { return schema_; }
    std::size_t max_readers() const override { return readers_; }
    Result<std::unique_ptr<BatchReader>> open_reader() override {
        return std::unique_ptr<BatchReader>(std::make_unique<Reader>(*this));
    }
    /// From this batch on, readers fail with this error.
    void fail_at(std::size_t batch, Error error) {
        fail_at_ = batch;
        error_ = std::move(error);
    }
    void rewind() { next_ = 0; }

private:
    class Reader final : public BatchReader {
    public:
        explicit Reader(ListSource& source) : source_(source) {}
        Result<std::optional<ColumnBatch>> next() override {
            const auto index = source_.next_.fetch_add(1);
            if (source_.fail_at_ && index >= *source_.fail_at_) {
                return Error(*source_.error_);
            }
            if (index >= source_.batches_.size()) {
                return std::optional<ColumnBatch>();
            }
            return std::optional<ColumnBatch>(source_.batches_[index]);
        }

    private:
        ListSource& source_;
    };

    Schema schema_;
    std::vector<ColumnBatch> batches_;
    std::size_t readers_;
    std::atomic<std::size_t> next_ = 0;
    std::optional<std::size_t> fail_at_;
    std::optional<Error> error_;
};

/// A folder that goes away with the test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "ingot-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// A target for these columns in a table folder `t` of the store.
WriteTarget target_of(std::shared_ptr<storage::ObjectStore> store, const Schema& schema,
                      std::vector<std::string> partition_columns = {});

}  // namespace ingot::engine::testing
