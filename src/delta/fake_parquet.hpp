#pragma once
// For tests: a ParquetIo that keeps batches in memory and leaves a marker object in the store. No
// Parquet: what the table layer asks of an engine, without one.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/column_batch.hpp"
#include "delta/ports.hpp"

namespace ingot::delta {

class FakeParquetIo final : public ParquetIo {
public:
    Result<std::unique_ptr<BatchReader>> read(const storage::ObjectStore& store,
                                              std::string_view path,
                                              const Schema& wanted) override {
        INGOT_TRY_ASSIGN(const auto* file, find(store, path));
        std::vector<ColumnBatch> batches;
        for (const auto& batch : file->batches) batches.push_back(project(batch, wanted));
        return std::unique_ptr<BatchReader>(std::make_unique<Reader>(std::move(batches)));
    }

    Result<Schema> schema(const storage::ObjectStore& store, std::string_view path) override {
        INGOT_TRY_ASSIGN(const auto* file, find(store, path));
        return file->schema;
    }

    Result<std::uint64_t> write(storage::ObjectStore& store, std::string_view path,
                                const Schema& schema, BatchReader& rows) override {
        File file{schema, {}};
        while (true) {
            INGOT_TRY_ASSIGN(auto batch, rows.next());
            if (!batch) break;
            file.batches.push_back(*std::move(batch));
        }
        const std::string marker = "PAR1 " + std::to_string(next_id_);
        files_[marker] = std::move(file);
        ++next_id_;
        INGOT_TRY(store.put(path, marker));
        return marker.size();
    }

    /// Adds a file as another writer would lay it out.
    Status put(storage::ObjectStore& store, std::string_view path, ColumnBatch batch) {
        const Schema schema = batch.schema;
        std::vector<ColumnBatch> batches;
        batches.push_back(std::move(batch));
        Reader reader(std::move(batches));
        INGOT_TRY(write(store, path, schema, reader));
        return {};
    }

private:
    struct File {
        Schema schema;
        std::vector<ColumnBatch> batches;
    };
    class Reader final : public BatchReader {
    public:
        explicit Reader(std::vector<ColumnBatch> batches) : batches_(std::move(batches)) {}
        Result<std::optional<ColumnBatch>> next() override {
            if (next_ == batches_.size()) return std::optional<ColumnBatch>();
            return std::optional<ColumnBatch>(batches_[next_++]);
        }

    private:
        std::vector<ColumnBatch> batches_;
        std::size_t next_ = 0;
    };

    Result<const File*> find(const storage::ObjectStore& store, std::string_view path) const {
        INGOT_TRY_ASSIGN(const std::string marker, store.read(path));
        const auto found = files_.find(marker);
        if (found == files_.end()) {
            return make_error(ErrorCode::kCorruptData, "{} is no Parquet file", path);
        }
        return &found->second;
    }

    static Column nulls(const DataType& type, std::int64_t rows) {
        ColumnBuilder builder(type);
        for (std::int64_t i = 0; i < rows; ++i) builder.append_null();
        return builder.finish();
    }

    static Column project(const Column& column, const DataType& wanted) {
        if (wanted.id() != TypeId::kStruct) return column;
        Column result = column;
        result.type = wanted;
        result.children.clear();
        for (const Field& field : wanted.fields()) {
            const Column* found = nullptr;
            for (std::size_t i = 0; i < column.children.size(); ++i) {
                if (column.type.fields()[i].name == field.name) found = &column.children[i];
            }
            result.children.push_back(found == nullptr ? nulls(field.type, column.length)
                                                       : project(*found, field.type));
        }
        return result;
    }

    static ColumnBatch project(const ColumnBatch& batch, const Schema& wanted) {
        ColumnBatch result{wanted, {}, batch.rows};
        for (const Field& field : wanted.fields) {
            const auto index = batch.schema.index_of(field.name);
            result.columns.push_back(index ? project(batch.columns[*index], field.type)
                                           : nulls(field.type, batch.rows));
        }
        return result;
    }

    std::map<std::string, File> files_;
    std::uint64_t next_id_ = 1;
};

}  // namespace ingot::delta
