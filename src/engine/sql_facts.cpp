#include <algorithm>

#include "engine/connection_internal.hpp"
#include "engine/errors_internal.hpp"
#include "engine/lake_catalog_internal.hpp"
#include "engine/lineage_internal.hpp"
#include "engine/query_walker_internal.hpp"
#include "engine/sql_facts_internal.hpp"
#include "engine/sql_parameters_internal.hpp"
#include "engine/statement_internal.hpp"
#include "engine/types_internal.hpp"

namespace ingot::engine {
namespace {

/// `line:column: message`, where the engine says where. `place` turns its offsets into places.
template <class Place>
Error located(const duckdb::ErrorData& data, Place&& place) {
    auto error = to_error(data);
    if (error.code != ErrorCode::kInvalidArgument && error.code != ErrorCode::kNotFound) {
        return error;
    }
    // The engine's messages go on with a line of candidates.
    std::replace(error.message.begin(), error.message.end(), '\n', ' ');
    const auto offset = data.ExtraInfo().find("position");
    if (offset != data.ExtraInfo().end()) {
        const sql::Position position = place(std::stoull(offset->second));
        error.message = fmt::format("{}:{}: {}", position.line, position.column, error.message);
    }
    return error;
}

/// Runs `body`; what it throws becomes an error with a place.
template <class Place, class Body>
auto with_places(Place&& place, Body&& body) -> std::invoke_result_t<Body> {
    try {
        return body();
    } catch (const std::exception& exception) {
        return located(duckdb::ErrorData(exception), place);
    }
}

Result<duckdb::unique_ptr<duckdb::SelectStatement>> parse_select(const std::string& sql) {
    duckdb::Parser parser;
    parser.ParseQuery(sql);
    if (parser.statements.size() != 1 ||
        parser.statements.front()->type != duckdb::StatementType::SELECT_STATEMENT) {
        return Error{ErrorCode::kInvalidArgument, "1:1: one SELECT statement is expected here", {}};
    }
    return duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
        std::move(parser.statements.front()));
}

std::string full_name(const duckdb::BaseTableRef& table) {
    std::string name;
    for (const auto& part : {table.catalog_name, table.schema_name, table.table_name}) {
        name += part.empty() ? "" : (name.empty() ? "" : ".") + part;
    }
    return name;
}

template <class T, class Same>
void add_once(std::vector<T>& list, T item, Same&& same) {
    if (std::none_of(list.begin(), list.end(), [&](const T& known) { return same(known, item); })) {
        list.push_back(std::move(item));
    }
}

class SqlFactsImpl final : public sql::SqlFacts {
public:
    explicit SqlFactsImpl(InstancePtr instance) : instance_(std::move(instance)) {}

    Result<sql::ParsedQuery> parse(std::string_view sql) override {
        auto rewritten = rewrite_parameters(sql);
        const auto place = [&](std::size_t offset) {
            return position_at(sql, rewritten.original_offset(offset));
        };
        return with_places(place, [&]() -> Result<sql::ParsedQuery> {
            INGOT_TRY_ASSIGN(auto select, parse_select(rewritten.text));
            auto facts = facts_of(*select->node, sql, rewritten);
            facts.parameters = std::move(rewritten.parameters);
            facts.bindable_sql = std::move(rewritten.text);
            return facts;
        });
    }

    Result<std::vector<sql::ColumnLineage>> bind(const sql::ParsedQuery& query,
                                                 const std::map<std::string, Schema>& tables,
                                                 const std::map<std::string, DataType>& parameters,
                                                 const std::vector<std::string>& macros) override {
        auto binder = binder_.lock();
        INGOT_TRY(prepare(*binder, macros));
        const auto place = [&](std::size_t offset) {
            return original_position(query.bindable_sql, query.parameters, offset);
        };
        return with_places(
            place, [&] { return bind_with(*binder->connection, query, tables, parameters); });
    }

private:
    /// A connection whose catalog is given anew for each query.
    struct BinderState {
        std::unique_ptr<duckdb::Connection> connection;
        std::vector<std::string> macros;
    };

    static sql::ParsedQuery facts_of(duckdb::QueryNode& node, std::string_view sql,
                                     const RewrittenSql& rewritten) {
        sql::ParsedQuery facts;
        QueryVisitor visitor;
        visitor.table = [&](duckdb::BaseTableRef& table) {
            const auto offset =
                table.query_location.IsValid() ? table.query_location.GetIndex() : 0;
            sql::TableReference reference{full_name(table),
                                          position_at(sql, rewritten.original_offset(offset))};
            add_once(facts.tables, std::move(reference),
                     [](const auto& a, const auto& b) { return a.name == b.name; });
        };
        visitor.function = [&](const std::string& name) {
            add_once(facts.functions, name, [](const auto& a, const auto& b) { return a == b; });
        };
        walk_query(node, visitor);
        return facts;
    }

    Status prepare(BinderState& binder, const std::vector<std::string>& macros) {
        if (binder.connection && binder.macros == macros) {
            return {};
        }
        binder.connection.reset();
        INGOT_TRY_ASSIGN(auto connection, open_connection(*instance_));
        INGOT_TRY(use_lake(*connection, instance_, nullptr));
        for (const auto& macro : macros) {
            INGOT_TRY_WITH(run_sql(*connection, macro), "in the macro " + macro);
        }
        binder.connection = std::move(connection);
        binder.macros = macros;
        return {};
    }

    static Result<std::vector<sql::ColumnLineage>> bind_with(
        duckdb::Connection& connection, const sql::ParsedQuery& query,
        const std::map<std::string, Schema>& tables,
        const std::map<std::string, DataType>& parameters) {
        auto& context = *connection.context;
        set_lake_schemas(context, tables);
        INGOT_TRY_ASSIGN(auto select, parse_select(query.bindable_sql));
        Result<std::vector<sql::ColumnLineage>> lineage = std::vector<sql::ColumnLineage>();
        context.RunFunctionInTransaction([&] {
            duckdb::Planner planner(context);
            for (const auto& [name, type] : parameters) {
                const auto logical = to_logical_type(type);
                planner.parameter_data.emplace(
                    bindable_name(name),
                    duckdb::BoundParameterData(duckdb::Value(logical), logical));
            }
            planner.CreatePlan(std::move(select));
            lineage = lineage_of(planner);
        });
        return lineage;
    }

    static std::string bindable_name(std::string_view dotted) {
        std::string name;
        for (const auto character : dotted) {
            name += character == '.' ? std::string("__") : std::string(1, character);
        }
        return name;
    }

    static Result<std::vector<sql::ColumnLineage>> lineage_of(duckdb::Planner& planner) {
        INGOT_TRY_ASSIGN(auto schema, to_schema(planner.names, planner.types));
        auto sources = trace_lineage(*planner.plan);
        std::vector<sql::ColumnLineage> lineage;
        for (std::size_t i = 0; i < schema.fields.size(); ++i) {
            lineage.push_back({std::move(schema.fields[i]), std::move(sources[i])});
        }
        return lineage;
    }

    InstancePtr instance_;
    Guarded<BinderState> binder_;
};

}  // namespace

std::unique_ptr<sql::SqlFacts> make_sql_facts(InstancePtr instance) {
    return std::make_unique<SqlFactsImpl>(std::move(instance));
}

}  // namespace ingot::engine
