#include "engine/duckdb_compat/parser.hpp"
#include "engine/errors_internal.hpp"
#include "engine/statement_internal.hpp"
#include "engine/table_writer_internal.hpp"
#include "engine/target_writer_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

constexpr const char* kReasonColumn = "_reject_reason";
constexpr const char* kCopyFormat = "ingot_tables";
constexpr const char* kSortedCopyFormat = "ingot_table_sorted";

/// One call of write_tables: what the copy functions of its statements share.
struct WriteJob final : duckdb::ClientContextState {
    static constexpr const char* kKey = "ingot_write_job";

    const WriteTarget* accepted = nullptr;
    const WriteTarget* rejected = nullptr;
    std::shared_ptr<StoreRegistry::Lease> accepted_lease;
    std::shared_ptr<StoreRegistry::Lease> rejected_lease;

    std::unique_ptr<TargetWriter> accepted_writer;
    std::unique_ptr<TargetWriter> rejected_writer;
    std::optional<std::size_t> reason_column;
    TargetWriter* second_pass = nullptr;

    std::mutex mutex;
    std::map<std::string, std::int64_t> reasons;

    static WriteJob& of(duckdb::ClientContext& context) {
        return *context.registered_state->Get<WriteJob>(kKey);
    }
};

struct CopyBindData final : duckdb::FunctionData {
    duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
        return duckdb::make_uniq<CopyBindData>();
    }
    bool Equals(const duckdb::FunctionData&) const override { return true; }
};

struct CopyGlobalState final : duckdb::GlobalFunctionData {};

struct CopyLocalState final : duckdb::LocalFunctionData {
    TargetWriter::Local accepted;
    TargetWriter::Local rejected;
    std::map<std::string, std::int64_t> reasons;
};

void check_columns_are_wanted(const WriteJob& job, const duckdb::vector<std::string>& names) {
    for (const auto& name : names) {
        const auto is_reason =
            job.rejected != nullptr && duckdb::StringUtil::CIEquals(name, kReasonColumn);
        const auto is_wanted = job.accepted_writer->takes(name) ||
                               (job.rejected_writer && job.rejected_writer->takes(name));
        if (!is_reason && !is_wanted) {
            throw_error(make_error(ErrorCode::kInvalidArgument,
                                   "the query gives a column {} that {} does not have", name,
                                   job.accepted->location.to_string()));
        }
    }
}

duckdb::unique_ptr<duckdb::FunctionData> bind_copy(
    duckdb::ClientContext& context, duckdb::CopyFunctionBindInput&,
    const duckdb::vector<std::string>& names, const duckdb::vector<duckdb::LogicalType>& types) {
    auto& job = WriteJob::of(context);
    const SourceColumns source{names, types};
    job.accepted_writer =
        std::make_unique<TargetWriter>(context, *job.accepted, source, job.accepted_lease);
    if (job.rejected != nullptr) {
        job.reason_column = source.find(kReasonColumn);
        if (!job.reason_column) {
            throw_error(make_error(ErrorCode::kInvalidArgument, "the query gives no column {}",
                                   kReasonColumn));
        }
        job.rejected_writer =
            std::make_unique<TargetWriter>(context, *job.rejected, source, job.rejected_lease);
    }
    check_columns_are_wanted(job, names);
    return duckdb::make_uniq<CopyBindData>();
}

duckdb::unique_ptr<duckdb::FunctionData> bind_sorted_copy(
    duckdb::ClientContext&, duckdb::CopyFunctionBindInput&, const duckdb::vector<std::string>&,
    const duckdb::vector<duckdb::LogicalType>&) {
    return duckdb::make_uniq<CopyBindData>();
}

duckdb::unique_ptr<duckdb::GlobalFunctionData> init_copy(duckdb::ClientContext&,
                                                         duckdb::FunctionData&,
                                                         const std::string&) {
    return duckdb::make_uniq<CopyGlobalState>();
}

duckdb::unique_ptr<duckdb::LocalFunctionData> init_copy_local(duckdb::ExecutionContext&,
                                                              duckdb::FunctionData&) {
    return duckdb::make_uniq<CopyLocalState>();
}

/// Splits by the reason: rows without one are accepted. Counts the reasons of the others.
void split(WriteJob& job, duckdb::ClientContext& context, CopyLocalState& local,
           duckdb::DataChunk& input) {
    auto& reasons = input.data[*job.reason_column];
    duckdb::Vector texts(duckdb::LogicalType::VARCHAR, input.size());
    duckdb::VectorOperations::Cast(context, reasons, texts, input.size());
    duckdb::UnifiedVectorFormat format;
    texts.ToUnifiedFormat(input.size(), format);
    const auto* values = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
    duckdb::SelectionVector accepted(input.size());
    duckdb::SelectionVector rejected(input.size());
    duckdb::idx_t accepted_count = 0;
    duckdb::idx_t rejected_count = 0;
    for (duckdb::idx_t row = 0; row < input.size(); ++row) {
        const auto index = format.sel->get_index(row);
        if (!format.validity.RowIsValid(index)) {
            accepted.set_index(accepted_count++, row);
            continue;
        }
        rejected.set_index(rejected_count++, row);
        ++local.reasons[values[index].GetString()];
    }
    if (rejected_count == 0) {
        job.accepted_writer->append(context, local.accepted, input);
        return;
    }
    duckdb::DataChunk part;
    part.InitializeEmpty(input.GetTypes());
    part.Slice(input, rejected, rejected_count);
    job.rejected_writer->append(context, local.rejected, part);
    if (accepted_count > 0) {
        duckdb::DataChunk rest;
        rest.InitializeEmpty(input.GetTypes());
        rest.Slice(input, accepted, accepted_count);
        job.accepted_writer->append(context, local.accepted, rest);
    }
}

void sink_copy(duckdb::ExecutionContext& context, duckdb::FunctionData&,
               duckdb::GlobalFunctionData&, duckdb::LocalFunctionData& state,
               duckdb::DataChunk& input) {
    auto& job = WriteJob::of(context.client);
    auto& local = state.Cast<CopyLocalState>();
    if (job.rejected_writer) {
        split(job, context.client, local, input);
    } else {
        job.accepted_writer->append(context.client, local.accepted, input);
    }
}

void combine_copy(duckdb::ExecutionContext& context, duckdb::FunctionData&,
                  duckdb::GlobalFunctionData&, duckdb::LocalFunctionData& state) {
    auto& job = WriteJob::of(context.client);
    auto& local = state.Cast<CopyLocalState>();
    job.accepted_writer->combine(context.client, local.accepted);
    if (job.rejected_writer) {
        job.rejected_writer->combine(context.client, local.rejected);
        const std::lock_guard lock(job.mutex);
        for (const auto& [reason, count] : local.reasons) {
            job.reasons[reason] += count;
        }
    }
}

void finish_copy(duckdb::ClientContext& context, duckdb::FunctionData&,
                 duckdb::GlobalFunctionData&) {
    auto& job = WriteJob::of(context);
    job.accepted_writer->finish(context);
    if (job.rejected_writer) {
        job.rejected_writer->finish(context);
    }
}

void sink_sorted(duckdb::ExecutionContext& context, duckdb::FunctionData&,
                 duckdb::GlobalFunctionData&, duckdb::LocalFunctionData& state,
                 duckdb::DataChunk& input) {
    WriteJob::of(context.client)
        .second_pass->append_sorted(context.client, state.Cast<CopyLocalState>().accepted, input);
}

void combine_sorted(duckdb::ExecutionContext& context, duckdb::FunctionData&,
                    duckdb::GlobalFunctionData&, duckdb::LocalFunctionData& state) {
    WriteJob::of(context.client)
        .second_pass->finish_sorted(context.client, state.Cast<CopyLocalState>().accepted);
}

void finish_sorted(duckdb::ClientContext&, duckdb::FunctionData&, duckdb::GlobalFunctionData&) {}

duckdb::CopyFunctionExecutionMode parallel(bool, bool) {
    return duckdb::CopyFunctionExecutionMode::PARALLEL_COPY_TO_FILE;
}

duckdb::CopyFunctionExecutionMode one_thread(bool, bool) {
    return duckdb::CopyFunctionExecutionMode::REGULAR_COPY_TO_FILE;
}

Result<duckdb::unique_ptr<duckdb::CopyStatement>> parse_copy(duckdb::Connection& connection,
                                                             const char* format) {
    INGOT_TRY_ASSIGN(auto statement,
                     parse_statement(connection, fmt::format("COPY (SELECT 1) TO 'ingot' (FORMAT "
                                                             "{}, USE_TMP_FILE false)",
                                                             format)));
    return duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::CopyStatement>(
        std::move(statement));
}

/// The main pass: the caller's SELECT, in parallel.
Status copy_select(duckdb::Connection& connection, const Query& select,
                   const std::stop_token& stop) {
    INGOT_TRY_ASSIGN(auto statement, parse_statement(connection, select.sql));
    if (statement->type != duckdb::StatementType::SELECT_STATEMENT) {
        return Error{ErrorCode::kInvalidArgument, "what is written must be a SELECT", {}};
    }
    INGOT_TRY_ASSIGN(auto copy, parse_copy(connection, kCopyFormat));
    copy->info->select_statement = std::move(statement->Cast<duckdb::SelectStatement>().node);
    copy->named_param_map = statement->named_param_map;
    copy->query = select.sql;  // What errors quote.
    INGOT_TRY(run_statement(connection, std::move(copy), select.parameters, stop,
                            ResultMode::kMaterialized));
    return {};
}

/// The second pass: rows of too many partitions, sorted, one partition after the other.
Status copy_overflow(duckdb::Connection& connection, WriteJob& job, TargetWriter& writer,
                     const std::stop_token& stop) {
    auto rows = writer.take_overflow();
    if (!rows) {
        return {};
    }
    job.second_pass = &writer;
    INGOT_TRY_ASSIGN(auto copy, parse_copy(connection, kSortedCopyFormat));
    auto node = duckdb::make_uniq<duckdb::SelectNode>();
    node->select_list.push_back(duckdb::make_uniq<duckdb::StarExpression>());
    node->from_table = duckdb::make_uniq<duckdb::ColumnDataRef>(
        duckdb::optionally_owned_ptr<duckdb::ColumnDataCollection>(
            duckdb::unique_ptr<duckdb::ColumnDataCollection>(rows.release())),
        writer.column_names());
    node->from_table->alias = "overflow";
    auto order = duckdb::make_uniq<duckdb::OrderModifier>();
    for (const auto index : writer.partition_columns()) {
        order->orders.emplace_back(
            duckdb::OrderType::ASCENDING, duckdb::OrderByNullType::NULLS_FIRST,
            duckdb::make_uniq<duckdb::ColumnRefExpression>(writer.column_names()[index]));
    }
    node->modifiers.push_back(std::move(order));
    copy->info->select_statement = std::move(node);
    INGOT_TRY(run_statement(connection, std::move(copy), {}, stop, ResultMode::kMaterialized));
    return {};
}

Result<SplitWriteResult> run_job(duckdb::Connection& connection, WriteJob& job, const Query& select,
                                 const std::stop_token& stop) {
    INGOT_TRY(copy_select(connection, select, stop));
    SplitWriteResult result;
    INGOT_TRY(copy_overflow(connection, job, *job.accepted_writer, stop));
    INGOT_TRY_ASSIGN(result.accepted, job.accepted_writer->result());
    if (job.rejected_writer) {
        INGOT_TRY(copy_overflow(connection, job, *job.rejected_writer, stop));
        INGOT_TRY_ASSIGN(result.rejected, job.rejected_writer->result());
        result.reasons = std::move(job.reasons);
    }
    return result;
}

}  // namespace

void register_table_writer(duckdb::ExtensionLoader& loader) {
    duckdb::CopyFunction function(kCopyFormat);
    function.copy_to_bind = bind_copy;
    function.copy_to_initialize_global = init_copy;
    function.copy_to_initialize_local = init_copy_local;
    function.copy_to_sink = sink_copy;
    function.copy_to_combine = combine_copy;
    function.copy_to_finalize = finish_copy;
    function.execution_mode = parallel;
    loader.RegisterFunction(function);

    duckdb::CopyFunction sorted(kSortedCopyFormat);
    sorted.copy_to_bind = bind_sorted_copy;
    sorted.copy_to_initialize_global = init_copy;
    sorted.copy_to_initialize_local = init_copy_local;
    sorted.copy_to_sink = sink_sorted;
    sorted.copy_to_combine = combine_sorted;
    sorted.copy_to_finalize = finish_sorted;
    sorted.execution_mode = one_thread;
    loader.RegisterFunction(sorted);
}

Result<SplitWriteResult> write_tables(duckdb::Connection& connection, Instance& instance,
                                      const Query& select, const WriteTarget& accepted,
                                      const WriteTarget* rejected, const std::stop_token& stop) {
    const auto job = duckdb::make_shared_ptr<WriteJob>();
    job->accepted = &accepted;
    job->rejected = rejected;
    job->accepted_lease = StoreRegistry::lease(instance.stores, *accepted.location.store);
    if (rejected != nullptr) {
        job->rejected_lease = StoreRegistry::lease(instance.stores, *rejected->location.store);
    }
    auto& states = *connection.context->registered_state;
    states.Insert(WriteJob::kKey, job);
    auto result = run_job(connection, *job, select, stop);
    states.Remove(WriteJob::kKey);
    if (!result) {
        for (auto* writer : {job->accepted_writer.get(), job->rejected_writer.get()}) {
            if (writer != nullptr) {
                writer->discard();
            }
        }
    }
    return result;
}

}  // namespace ingot::engine
