#pragma once
#include <utility>
#include <vector>

#include "base/batch_source.hpp"

namespace ingot::task {

/// Batches in memory as a source for one scan.
class BatchList final : public BatchSource {
public:
    BatchList(Schema schema, std::vector<ColumnBatch> batches)
        : schema_(std::move(schema)), batches_(std::move(batches)) {}
    const Schema& schema() const override { return schema_; }
    std::size_t max_readers() const override { return 1; }
    Result<std::unique_ptr<BatchReader>> open_reader() override {
        return std::unique_ptr<BatchReader>(new Reader(batches_));
    }

private:
    class Reader final : public BatchReader {
    public:
        explicit Reader(const std::vector<ColumnBatch>& batches) : batches_(batches) {}
        Result<std::optional<ColumnBatch>> next() override {
            if (next_ == batches_.size()) return std::optional<ColumnBatch>();
            return std::optional(batches_[next_++]);
        }

    private:
        const std::vector<ColumnBatch>& batches_;
        std::size_t next_ = 0;
    };

    Schema schema_;
    std::vector<ColumnBatch> batches_;
};

}  // namespace ingot::task
