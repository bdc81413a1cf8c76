#include <algorithm>

#include "engine/batch_scan_internal.hpp"
#include "engine/connection_internal.hpp"
#include "engine/errors_internal.hpp"
#include "engine/file_scan_internal.hpp"
#include "engine/parquet_io_internal.hpp"
#include "engine/statement_internal.hpp"
#include "engine/types_internal.hpp"
#include "engine/vectors_internal.hpp"

namespace ingot::engine {
namespace {

std::string quoted(std::string_view text) {
    return duckdb::KeywordHelper::WriteQuoted(std::string(text), '\'');
}

/// The engine says that the file is bad in many ways; all of them mean the same to a reader.
Error as_corrupt(Error error, const storage::ObjectStore& store, std::string_view path) {
    // A footer that points past the end is no failure of the disk.
    const bool past_end = error.message.starts_with("Could not read enough bytes");
    if (error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kInternal ||
        error.code == ErrorCode::kUnsupported || past_end) {
        error.code = ErrorCode::kCorruptData;
    }
    // The statement is not the reader's own.
    error.message.resize(std::min(error.message.size(), error.message.find("\n\nLINE ")));
    return std::move(error).with(fmt::format("while reading {}/{}", store.uri(), path));
}

class FileReader final : public BatchReader {
public:
    FileReader(const storage::ObjectStore& store, std::string path, const Schema& wanted,
               std::unique_ptr<StoreRegistry::Lease> lease,
               std::unique_ptr<duckdb::Connection> connection)
        : store_(store),
          path_(std::move(path)),
          lease_(std::move(lease)),
          connection_(std::move(connection)),
          collector_(wanted) {}

    Status open(const std::string& sql) {
        INGOT_TRY_ASSIGN(auto statement, parse_statement(*connection_, sql));
        auto result =
            run_statement(*connection_, std::move(statement), {}, {}, ResultMode::kStreamed);
        if (!result) {
            return as_corrupt(std::move(result).error(), store_, path_);
        }
        result_ = *std::move(result);
        return {};
    }

    Result<std::optional<ColumnBatch>> next() override {
        auto batch = guarded([&] { return fetch(); });
        if (!batch) {
            return as_corrupt(std::move(batch).error(), store_, path_);
        }
        return batch;
    }

private:
    Result<std::optional<ColumnBatch>> fetch() {
        auto chunk = result_->Fetch();
        if (result_->HasError()) {
            return to_error(result_->GetErrorObject());
        }
        if (!chunk || chunk->size() == 0) {
            return std::optional<ColumnBatch>();
        }
        collector_.append(*connection_->context, *chunk);
        return std::optional<ColumnBatch>(collector_.finish());
    }

    const storage::ObjectStore& store_;
    std::string path_;
    std::unique_ptr<StoreRegistry::Lease> lease_;
    std::unique_ptr<duckdb::Connection> connection_;
    duckdb::unique_ptr<duckdb::QueryResult> result_;
    ChunkCollector collector_;
};

/// Lets one reader be scanned as a table.
class SingleReaderSource final : public BatchSource {
public:
    SingleReaderSource(const Schema& schema, BatchReader& reader)
        : schema_(schema), reader_(reader) {}
    const Schema& schema() const override { return schema_; }
    std::size_t max_readers() const override { return 1; }
    Result<std::unique_ptr<BatchReader>> open_reader() override {
        return std::unique_ptr<BatchReader>(std::make_unique<Forward>(reader_));
    }

private:
    class Forward final : public BatchReader {
    public:
        explicit Forward(BatchReader& reader) : reader_(reader) {}
        Result<std::optional<ColumnBatch>> next() override { return reader_.next(); }

    private:
        BatchReader& reader_;
    };

    const Schema& schema_;
    BatchReader& reader_;
};

class ParquetIoImpl final : public delta::ParquetIo {
public:
    explicit ParquetIoImpl(InstancePtr instance) : instance_(std::move(instance)) {}

    Result<std::unique_ptr<BatchReader>> read(const storage::ObjectStore& store,
                                              std::string_view path,
                                              const Schema& wanted) override {
        INGOT_TRY_ASSIGN(const auto info, store.head(path));
        auto lease = StoreRegistry::lease(instance_->stores, store);
        INGOT_TRY_ASSIGN(auto connection, open_connection(*instance_));
        const auto key =
            SessionScans::of(*connection->context)
                ->add(make_file_source(wanted, readable_path(store, *lease, path), info.size));
        auto reader = std::make_unique<FileReader>(store, std::string(path), wanted,
                                                   std::move(lease), std::move(connection));
        INGOT_TRY(
            reader->open(fmt::format("SELECT * FROM {}({})", kFileScanFunction, quoted(key))));
        return std::unique_ptr<BatchReader>(std::move(reader));
    }

    Result<Schema> schema(const storage::ObjectStore& store, std::string_view path) override {
        INGOT_TRY(store.head(path));
        const auto lease = StoreRegistry::lease(instance_->stores, store);
        INGOT_TRY_ASSIGN(auto connection, open_connection(*instance_));
        auto result =
            run_sql(*connection,
                    fmt::format("SELECT * FROM read_parquet({}, hive_partitioning = false) LIMIT 0",
                                quoted(readable_path(store, *lease, path))));
        if (!result) {
            return as_corrupt(std::move(result).error(), store, path);
        }
        return to_schema((*result)->names, (*result)->types);
    }

    Result<std::uint64_t> write(storage::ObjectStore& store, std::string_view path,
                                const Schema& schema, BatchReader& rows) override {
        const auto lease = StoreRegistry::lease(instance_->stores, store);
        INGOT_TRY_ASSIGN(auto connection, open_connection(*instance_));
        SingleReaderSource source(schema, rows);
        SessionSources::of(*connection->context)->add("ingot_rows", source);
        INGOT_TRY_WITH(run_sql(*connection,
                               fmt::format("COPY (SELECT * FROM ingot_rows) TO {} (FORMAT parquet, "
                                           "COMPRESSION zstd, COMPRESSION_LEVEL 1, "
                                           "USE_TMP_FILE false)",
                                           quoted(lease->path(path)))),
                       fmt::format("while writing {}/{}", store.uri(), path));
        INGOT_TRY_ASSIGN(const auto info, store.head(path));
        return info.size;
    }

private:
    InstancePtr instance_;
};

}  // namespace

std::unique_ptr<delta::ParquetIo> make_parquet_io(InstancePtr instance) {
    return std::make_unique<ParquetIoImpl>(std::move(instance));
}

}  // namespace ingot::engine
