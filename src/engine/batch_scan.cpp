#include <atomic>

#include "engine/batch_scan_internal.hpp"
#include "engine/errors_internal.hpp"
#include "engine/types_internal.hpp"
#include "engine/vectors_internal.hpp"

namespace ingot::engine {
namespace {

constexpr const char* kFunctionName = "ingot_batch_scan";

/// Sources do not know how many rows they have. Taken for long, a source is never what a join or
/// a cross product keeps in memory while the other side, often a short list, streams past.
constexpr duckdb::idx_t kAssumedRows = 100'000'000;

struct ScanBindData final : duckdb::TableFunctionData {
    BatchSource* source = nullptr;
};

struct ScanGlobalState final : duckdb::GlobalTableFunctionState {
    duckdb::vector<duckdb::column_t> columns;
    std::size_t readers_max = 1;
    std::atomic<std::size_t> readers_opened = 0;

    duckdb::idx_t MaxThreads() const override { return readers_max; }
};

struct ScanLocalState final : duckdb::LocalTableFunctionState {
    std::unique_ptr<BatchReader> reader;
    std::optional<ColumnBatch> batch;
    std::int64_t position = 0;
    bool done = false;
};

duckdb::unique_ptr<duckdb::FunctionData> bind(duckdb::ClientContext& context,
                                              duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<std::string>& names) {
    const auto name = input.inputs[0].ToString();
    auto* source = SessionSources::of(context)->find(name);
    if (source == nullptr) {
        throw_error(make_error(ErrorCode::kNotFound, "no source is called {}", name));
    }
    for (const auto& field : source->schema().fields) {
        names.push_back(field.name);
        types.push_back(to_logical_type(field.type));
    }
    auto data = duckdb::make_uniq<ScanBindData>();
    data->source = source;
    return data;
}

duckdb::unique_ptr<duckdb::NodeStatistics> cardinality(duckdb::ClientContext&,
                                                       const duckdb::FunctionData*) {
    return duckdb::make_uniq<duckdb::NodeStatistics>(kAssumedRows);
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> init_global(
    duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
    auto state = duckdb::make_uniq<ScanGlobalState>();
    state->columns = input.column_ids;
    state->readers_max =
        std::max<std::size_t>(1, input.bind_data->Cast<ScanBindData>().source->max_readers());
    return state;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> init_local(
    duckdb::ExecutionContext&, duckdb::TableFunctionInitInput& input,
    duckdb::GlobalTableFunctionState* global) {
    auto state = duckdb::make_uniq<ScanLocalState>();
    auto& shared = global->Cast<ScanGlobalState>();
    if (shared.readers_opened.fetch_add(1) >= shared.readers_max) {
        state->done = true;
        return state;
    }
    state->reader = value_or_throw(input.bind_data->Cast<ScanBindData>().source->open_reader());
    return state;
}

/// Moves to a batch that has rows left. False at the end.
bool advance(ScanLocalState& state) {
    while (!state.batch || state.position >= state.batch->rows) {
        state.position = 0;
        state.batch = value_or_throw(state.reader->next());
        if (!state.batch) {
            return false;
        }
    }
    return true;
}

void scan(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
    auto& state = input.local_state->Cast<ScanLocalState>();
    if (state.done || !advance(state)) {
        state.done = true;
        state.reader.reset();
        return;
    }
    const auto& columns = input.global_state->Cast<ScanGlobalState>().columns;
    const auto count = std::min<std::int64_t>(state.batch->rows - state.position,
                                              static_cast<std::int64_t>(STANDARD_VECTOR_SIZE));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!duckdb::IsVirtualColumn(columns[i])) {
            show_column(output.data[i], state.batch->columns[columns[i]], state.position, count);
        }
    }
    output.SetCardinality(static_cast<duckdb::idx_t>(count));
    state.position += count;
}

duckdb::unique_ptr<duckdb::TableRef> find_source(
    duckdb::ClientContext& context, duckdb::ReplacementScanInput& input,
    duckdb::optional_ptr<duckdb::ReplacementScanData>) {
    const auto name = duckdb::ReplacementScan::GetFullPath(input);
    if (SessionSources::of(context)->find(name) == nullptr) {
        return nullptr;
    }
    auto ref = duckdb::make_uniq<duckdb::TableFunctionRef>();
    duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
    arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(name)));
    ref->function =
        duckdb::make_uniq<duckdb::FunctionExpression>(kFunctionName, std::move(arguments));
    ref->alias = input.table_name;
    return ref;
}

std::string key_of(std::string_view name) {
    return duckdb::StringUtil::Lower(std::string(name));
}

}  // namespace

duckdb::shared_ptr<SessionSources> SessionSources::of(duckdb::ClientContext& context) {
    return context.registered_state->GetOrCreate<SessionSources>(kKey);
}

bool SessionSources::add(std::string_view name, BatchSource& source) {
    return sources_.lock()->emplace(key_of(name), &source).second;
}

bool SessionSources::remove(std::string_view name) {
    return sources_.lock()->erase(key_of(name)) == 1;
}

BatchSource* SessionSources::find(std::string_view name) const {
    auto sources = sources_.lock();
    const auto found = sources->find(key_of(name));
    return found == sources->end() ? nullptr : found->second;
}

void register_batch_scan(duckdb::ExtensionLoader& loader) {
    duckdb::TableFunction function(kFunctionName, {duckdb::LogicalType::VARCHAR}, scan, bind,
                                   init_global, init_local);
    function.projection_pushdown = true;
    function.cardinality = cardinality;
    loader.RegisterFunction(function);
    duckdb::DBConfig::GetConfig(loader.GetDatabaseInstance())
        .replacement_scans.emplace_back(find_source);
}

}  // namespace ingot::engine
