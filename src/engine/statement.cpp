#include <chrono>
#include <thread>

#include "engine/duckdb_compat/parser.hpp"
#include "engine/errors_internal.hpp"
#include "engine/statement_internal.hpp"
#include "engine/types_internal.hpp"
#include "engine/vectors_internal.hpp"

namespace ingot::engine {
namespace {

using Parameters = duckdb::case_insensitive_map_t<duckdb::BoundParameterData>;

Result<Parameters> bound_parameters(const duckdb::SQLStatement& statement,
                                    const std::map<std::string, Scalar>& given) {
    Parameters values;
    for (const auto& [name, position] : statement.named_param_map) {
        static_cast<void>(position);
        const auto found = given.find(name);
        if (found == given.end()) {
            return make_error(ErrorCode::kInvalidArgument, "the parameter ${} has no value", name);
        }
        values.emplace(name, duckdb::BoundParameterData(to_value(found->second),
                                                        to_logical_type(found->second.type())));
    }
    return values;
}

/// Interrupts the connection as soon as a stop is requested.
class Canceller {
public:
    Canceller(duckdb::Connection& connection, std::stop_token stop)
        : callback_(std::move(stop), Interrupt{&connection}) {}

private:
    struct Interrupt {
        duckdb::Connection* connection;
        void operator()() const { connection->Interrupt(); }
    };
    std::stop_callback<Interrupt> callback_;
};

Error cancelled() {
    return Error{ErrorCode::kCancelled, "the statement was cancelled", {}};
}

/// Works on the statement together with the engine's threads until its result is there. When they
/// hold its last tasks, this thread has nothing to do, and sleeps: the engine's own loop would turn
/// at full speed, and take the core from another statement.
void work_on(duckdb::PendingQueryResult& pending) {
    using State = duckdb::PendingExecutionResult;
    constexpr std::chrono::microseconds kShortest(20);
    constexpr std::chrono::microseconds kLongest(320);
    auto pause = kShortest;
    for (;;) {
        const auto state = pending.ExecuteTask();
        if (duckdb::PendingQueryResult::IsResultReady(state)) {
            return;
        }
        if (state == State::NO_TASKS_AVAILABLE || state == State::BLOCKED) {
            std::this_thread::sleep_for(pause);
            pause = std::min(2 * pause, kLongest);
        } else {
            pause = kShortest;
        }
    }
}

/// What a statement creates without saying where belongs to its session alone: the instance is
/// shared.
void make_private(duckdb::SQLStatement& statement) {
    if (statement.type != duckdb::StatementType::CREATE_STATEMENT) {
        return;
    }
    auto& info = *statement.Cast<duckdb::CreateStatement>().info;
    if (info.catalog.empty() && info.schema.empty()) {
        info.temporary = true;
        info.catalog = TEMP_CATALOG;
    }
}

class StreamedResult final : public QueryResult {
public:
    StreamedResult(std::shared_ptr<duckdb::Connection> connection,
                   duckdb::unique_ptr<duckdb::QueryResult> result, Schema schema,
                   std::stop_token stop)
        : connection_(std::move(connection)),
          stop_(std::move(stop)),
          canceller_(*connection_, stop_),
          result_(std::move(result)),
          schema_(std::move(schema)),
          collector_(schema_) {}

    const Schema& schema() const override { return schema_; }

    Result<std::optional<ColumnBatch>> next() override {
        return guarded([&]() -> Result<std::optional<ColumnBatch>> {
            if (stop_.stop_requested()) {
                return cancelled();
            }
            auto chunk = result_->Fetch();
            if (result_->HasError()) {
                return to_error(result_->GetErrorObject());
            }
            if (!chunk || chunk->size() == 0) {
                return std::optional<ColumnBatch>();
            }
            collector_.append(*connection_->context, *chunk);
            return std::optional<ColumnBatch>(collector_.finish());
        });
    }

private:
    std::shared_ptr<duckdb::Connection> connection_;
    std::stop_token stop_;
    Canceller canceller_;
    duckdb::unique_ptr<duckdb::QueryResult> result_;
    Schema schema_;
    ChunkCollector collector_;
};

}  // namespace

Result<duckdb::unique_ptr<duckdb::SQLStatement>> parse_statement(duckdb::Connection& connection,
                                                                 const std::string& sql) {
    return guarded([&]() -> Result<duckdb::unique_ptr<duckdb::SQLStatement>> {
        auto statements = connection.ExtractStatements(sql);
        if (statements.size() != 1) {
            return make_error(ErrorCode::kInvalidArgument,
                              "one statement is expected where there are {}", statements.size());
        }
        make_private(*statements.front());
        return std::move(statements.front());
    });
}

Result<duckdb::unique_ptr<duckdb::QueryResult>> run_statement(
    duckdb::Connection& connection, duckdb::unique_ptr<duckdb::SQLStatement> statement,
    const std::map<std::string, Scalar>& parameters, std::stop_token stop, ResultMode mode) {
    using Answer = Result<duckdb::unique_ptr<duckdb::QueryResult>>;
    INGOT_TRY_ASSIGN(auto values, bound_parameters(*statement, parameters));
    return guarded([&]() -> Answer {
        const Canceller canceller(connection, stop);
        if (stop.stop_requested()) {
            return cancelled();
        }
        auto pending = connection.context->PendingQuery(
            std::move(statement), values, duckdb::QueryParameters(mode == ResultMode::kStreamed));
        if (pending->HasError()) {
            return to_error(pending->GetErrorObject());
        }
        // Starting a query clears an interrupt that came before.
        if (stop.stop_requested()) {
            return cancelled();
        }
        work_on(*pending);
        if (pending->HasError()) {
            return to_error(pending->GetErrorObject());
        }
        auto result = pending->Execute();
        if (result->HasError()) {
            return to_error(result->GetErrorObject());
        }
        return result;
    });
}

Result<duckdb::unique_ptr<duckdb::QueryResult>> run_sql(duckdb::Connection& connection,
                                                        const std::string& sql,
                                                        std::stop_token stop) {
    INGOT_TRY_ASSIGN(auto statement, parse_statement(connection, sql));
    return run_statement(connection, std::move(statement), {}, std::move(stop),
                         ResultMode::kMaterialized);
}

Result<std::unique_ptr<QueryResult>> make_query_result(
    std::shared_ptr<duckdb::Connection> connection, duckdb::unique_ptr<duckdb::QueryResult> result,
    std::stop_token stop) {
    INGOT_TRY_ASSIGN(auto schema, to_schema(result->names, result->types));
    return std::unique_ptr<QueryResult>(std::make_unique<StreamedResult>(
        std::move(connection), std::move(result), std::move(schema), std::move(stop)));
}

Result<ColumnBatch> collect_result(duckdb::Connection& connection, duckdb::QueryResult& result) {
    INGOT_TRY_ASSIGN(auto schema, to_schema(result.names, result.types));
    return guarded([&]() -> Result<ColumnBatch> {
        ChunkCollector collector(std::move(schema));
        while (auto chunk = result.Fetch()) {
            if (chunk->size() == 0) {
                break;
            }
            collector.append(*connection.context, *chunk);
        }
        if (result.HasError()) {
            return to_error(result.GetErrorObject());
        }
        return collector.finish();
    });
}

}  // namespace ingot::engine
