#include "delta/snapshot.hpp"
#include "engine/delta_functions_internal.hpp"
#include "engine/errors_internal.hpp"
#include "engine/file_scan_internal.hpp"
#include "engine/parquet_io_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

using duckdb::LogicalType;
using duckdb::Value;

struct DeltaFunctionInfo final : duckdb::TableFunctionInfo {
    explicit DeltaFunctionInfo(Instance& owner) : instance(owner) {}
    Instance& instance;
};

LogicalType text_map_type() {
    return LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR);
}

template <class Map>
Value text_map(const Map& entries) {
    duckdb::vector<Value> keys;
    duckdb::vector<Value> values;
    for (const auto& [key, value] : entries) {
        keys.emplace_back(key);
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
            values.emplace_back(value);
        } else {
            values.push_back(value ? Value(*value) : Value(LogicalType::VARCHAR));
        }
    }
    return Value::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR, std::move(keys),
                      std::move(values));
}

template <class T>
Value text_or_null(const std::optional<T>& value) {
    return value ? Value(*value) : Value(LogicalType::VARCHAR);
}

delta::TableLocation location_of(const duckdb::TableFunctionBindInput& input) {
    const auto path = duckdb::StringValue::Get(input.inputs[0]);
    return {value_or_throw(storage::open_store(path)), ""};
}

delta::SnapshotRequest request_of(const duckdb::TableFunctionBindInput& input) {
    delta::SnapshotRequest request;
    const auto& named = input.named_parameters;
    if (const auto version = named.find("version");
        version != named.end() && !version->second.IsNull()) {
        request.version = delta::TableVersion(version->second.GetValue<std::int64_t>());
    }
    if (const auto at = named.find("timestamp"); at != named.end() && !at->second.IsNull()) {
        request.as_of = Timestamp::from_micros(at->second.GetValueUnsafe<std::int64_t>());
    }
    if (request.version && request.as_of) {
        throw_error(
            Error{ErrorCode::kInvalidArgument, "give a version or a timestamp, not both", {}});
    }
    return request;
}

delta::SnapshotPtr open_table(const duckdb::TableFunctionBindInput& input) {
    auto& instance = input.info->Cast<DeltaFunctionInfo>().instance;
    // The instance is alive while one of its functions is bound.
    const auto parquet = make_parquet_io(InstancePtr(InstancePtr(), &instance));
    return value_or_throw(delta::open_snapshot(location_of(input), *parquet, request_of(input)));
}

duckdb::unique_ptr<duckdb::TableRef> replace_scan(duckdb::ClientContext& context,
                                                  duckdb::TableFunctionBindInput& input) {
    auto& instance = input.info->Cast<DeltaFunctionInfo>().instance;
    const auto key =
        SessionScans::of(context)->add(make_snapshot_source(open_table(input), instance.stores));
    auto ref = duckdb::make_uniq<duckdb::TableFunctionRef>();
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
    arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(Value(key)));
    ref->function =
        duckdb::make_uniq<duckdb::FunctionExpression>(kFileScanFunction, std::move(arguments));
    return ref;
}

struct Position final : duckdb::GlobalTableFunctionState {
    std::size_t next = 0;
};

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> start(duckdb::ClientContext&,
                                                           duckdb::TableFunctionInitInput&) {
    return duckdb::make_uniq<Position>();
}

/// Fills the output from `make_row(index)` for as many rows as there are left.
template <class MakeRow>
void emit(duckdb::TableFunctionInput& input, duckdb::DataChunk& output, std::size_t total,
          MakeRow&& make_row) {
    auto& position = input.global_state->Cast<Position>();
    duckdb::idx_t count = 0;
    for (; position.next < total && count < STANDARD_VECTOR_SIZE; ++count, ++position.next) {
        const duckdb::vector<Value> row = make_row(position.next);
        for (std::size_t i = 0; i < row.size(); ++i) {
            output.SetValue(i, count, row[i]);
        }
    }
    output.SetCardinality(count);
}

struct HistoryData final : duckdb::TableFunctionData {
    std::vector<delta::HistoryEntry> entries;
};

duckdb::unique_ptr<duckdb::FunctionData> bind_history(duckdb::ClientContext&,
                                                      duckdb::TableFunctionBindInput& input,
                                                      duckdb::vector<LogicalType>& types,
                                                      duckdb::vector<std::string>& names) {
    names = {"version",           "timestamp",   "operation", "operation_parameters",
             "operation_metrics", "engine_info", "txn_id"};
    types = {LogicalType::BIGINT, LogicalType::TIMESTAMP_TZ, LogicalType::VARCHAR, text_map_type(),
             text_map_type(),     LogicalType::VARCHAR,      LogicalType::VARCHAR};
    auto data = duckdb::make_uniq<HistoryData>();
    data->entries = value_or_throw(
        delta::read_history(location_of(input), std::numeric_limits<std::size_t>::max()));
    return data;
}

void scan_history(duckdb::ClientContext&, duckdb::TableFunctionInput& input,
                  duckdb::DataChunk& output) {
    const auto& entries = input.bind_data->Cast<HistoryData>().entries;
    emit(input, output, entries.size(), [&](std::size_t index) {
        const auto& entry = entries[index];
        const auto info = entry.info.value_or(delta::CommitInfo());
        return duckdb::vector<Value>{
            Value::BIGINT(entry.version.value()),
            Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(entry.timestamp.micros())),
            entry.info ? Value(info.operation) : Value(LogicalType::VARCHAR),
            text_map(info.operation_parameters),
            text_map(info.operation_metrics),
            text_or_null(info.engine_info),
            text_or_null(info.txn_id)};
    });
}

struct FilesData final : duckdb::TableFunctionData {
    delta::SnapshotPtr snapshot;
    delta::FileSelection files;
};

duckdb::unique_ptr<duckdb::FunctionData> bind_files(duckdb::ClientContext&,
                                                    duckdb::TableFunctionBindInput& input,
                                                    duckdb::vector<LogicalType>& types,
                                                    duckdb::vector<std::string>& names) {
    names = {
        "path",  "size", "modification_time", "partition_values", "num_records", "deleted_rows",
        "stats", "tags"};
    types = {LogicalType::VARCHAR, LogicalType::BIGINT, LogicalType::TIMESTAMP_TZ, text_map_type(),
             LogicalType::BIGINT,  LogicalType::BIGINT, LogicalType::VARCHAR,      text_map_type()};
    auto data = duckdb::make_uniq<FilesData>();
    data->snapshot = open_table(input);
    data->files = data->snapshot->files().all();
    return data;
}

void scan_files(duckdb::ClientContext&, duckdb::TableFunctionInput& input,
                duckdb::DataChunk& output) {
    const auto& data = input.bind_data->Cast<FilesData>();
    const auto& index_of_files = data.snapshot->files();
    emit(input, output, data.files.size(), [&](std::size_t index) {
        const auto add = index_of_files.add(data.files[index]);
        const auto records = index_of_files.num_records(data.files[index]);
        return duckdb::vector<Value>{
            Value(add.path),
            Value::BIGINT(add.size),
            Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(add.modification_time * 1000)),
            text_map(add.partition_values),
            records ? Value::BIGINT(*records) : Value(LogicalType::BIGINT),
            Value::BIGINT(add.deletion_vector ? add.deletion_vector->cardinality : 0),
            text_or_null(add.stats),
            text_map(add.tags)};
    });
}

void refuse_scan(duckdb::ClientContext&, duckdb::TableFunctionInput&, duckdb::DataChunk&) {
    throw_error(Error{ErrorCode::kInternal, "delta_scan is replaced while binding", {}});
}

}  // namespace

void register_delta_functions(duckdb::ExtensionLoader& loader, Instance& instance) {
    const auto info = duckdb::make_shared_ptr<DeltaFunctionInfo>(instance);
    const auto add = [&](duckdb::TableFunction function, bool takes_version) {
        function.function_info = info;
        if (takes_version) {
            function.named_parameters["version"] = LogicalType::BIGINT;
            function.named_parameters["timestamp"] = LogicalType::TIMESTAMP_TZ;
        }
        loader.RegisterFunction(std::move(function));
    };
    duckdb::TableFunction scan("delta_scan", {LogicalType::VARCHAR}, refuse_scan);
    scan.bind_replace = replace_scan;
    add(std::move(scan), true);
    add(duckdb::TableFunction("delta_history", {LogicalType::VARCHAR}, scan_history, bind_history,
                              start),
        false);
    add(duckdb::TableFunction("delta_files", {LogicalType::VARCHAR}, scan_files, bind_files, start),
        true);
}

}  // namespace ingot::engine
