#include "engine/batch_scan_internal.hpp"
#include "engine/connection_internal.hpp"
#include "engine/duckdb_compat/parser.hpp"
#include "engine/errors_internal.hpp"
#include "engine/lake_catalog_internal.hpp"
#include "engine/session_internal.hpp"
#include "engine/statement_internal.hpp"
#include "engine/table_writer_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

/// `SELECT * FROM (statement) LIMIT 0`
duckdb::unique_ptr<duckdb::SQLStatement> without_rows(
    duckdb::unique_ptr<duckdb::SQLStatement> statement) {
    auto select = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
        std::move(statement));
    auto outer = duckdb::make_uniq<duckdb::SelectStatement>();
    outer->named_param_map = select->named_param_map;
    auto node = duckdb::make_uniq<duckdb::SelectNode>();
    node->select_list.push_back(duckdb::make_uniq<duckdb::StarExpression>());
    node->from_table = duckdb::make_uniq<duckdb::SubqueryRef>(std::move(select));
    auto limit = duckdb::make_uniq<duckdb::LimitModifier>();
    limit->limit = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value::BIGINT(0));
    node->modifiers.push_back(std::move(limit));
    outer->node = std::move(node);
    return outer;
}

class SessionImpl final : public Session {
public:
    SessionImpl(InstancePtr instance, std::shared_ptr<duckdb::Connection> connection)
        : instance_(std::move(instance)), connection_(std::move(connection)) {}

    Result<std::unique_ptr<QueryResult>> query(const Query& query, std::stop_token stop) override {
        INGOT_TRY_ASSIGN(auto statement, parse_statement(*connection_, query.sql));
        INGOT_TRY_ASSIGN(auto result, run_statement(*connection_, std::move(statement),
                                                    query.parameters, stop, ResultMode::kStreamed));
        return make_query_result(connection_, std::move(result), std::move(stop));
    }

    Result<ColumnBatch> query_all(const Query& query, std::stop_token stop) override {
        INGOT_TRY_ASSIGN(auto result, materialize(query, std::move(stop)));
        return collect_result(*connection_, *result);
    }

    Status execute(const Query& query, std::stop_token stop) override {
        INGOT_TRY(materialize(query, std::move(stop)));
        return {};
    }

    Status add_source(std::string_view name, BatchSource& source) override {
        if (!SessionSources::of(*connection_->context)->add(name, source)) {
            return make_error(ErrorCode::kAlreadyExists, "there is a source {} already", name);
        }
        return {};
    }

    Status remove_source(std::string_view name) override {
        if (!SessionSources::of(*connection_->context)->remove(name)) {
            return make_error(ErrorCode::kNotFound, "no source is called {}", name);
        }
        return {};
    }

    Result<WriteResult> write(const Query& select, const WriteTarget& target,
                              std::stop_token stop) override {
        INGOT_TRY_ASSIGN(auto result,
                         write_tables(*connection_, *instance_, select, target, nullptr, stop));
        return std::move(result.accepted);
    }

    Result<SplitWriteResult> write_split(const Query& select, const WriteTarget& accepted,
                                         const WriteTarget& rejected,
                                         std::stop_token stop) override {
        return write_tables(*connection_, *instance_, select, accepted, &rejected, stop);
    }

    Result<Schema> describe(const Query& query) override {
        INGOT_TRY_ASSIGN(auto statement, parse_statement(*connection_, query.sql));
        if (statement->type != duckdb::StatementType::SELECT_STATEMENT) {
            return Error{ErrorCode::kInvalidArgument, "only a SELECT has columns", {}};
        }
        INGOT_TRY_ASSIGN(auto result,
                         run_statement(*connection_, without_rows(std::move(statement)),
                                       query.parameters, {}, ResultMode::kMaterialized));
        return to_schema(result->names, result->types);
    }

    void interrupt() override { connection_->Interrupt(); }

private:
    Result<duckdb::unique_ptr<duckdb::QueryResult>> materialize(const Query& query,
                                                                std::stop_token stop) {
        INGOT_TRY_ASSIGN(auto statement, parse_statement(*connection_, query.sql));
        return run_statement(*connection_, std::move(statement), query.parameters, std::move(stop),
                             ResultMode::kMaterialized);
    }

    InstancePtr instance_;
    std::shared_ptr<duckdb::Connection> connection_;
};

}  // namespace

Result<std::unique_ptr<Session>> make_session(InstancePtr instance,
                                              std::shared_ptr<TableLookup> lookup) {
    INGOT_TRY_ASSIGN(auto connection, open_connection(*instance));
    INGOT_TRY(use_lake(*connection, instance, std::move(lookup)));
    return std::unique_ptr<Session>(
        std::make_unique<SessionImpl>(std::move(instance), std::move(connection)));
}

}  // namespace ingot::engine
