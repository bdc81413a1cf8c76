#include "quality/test_database.hpp"

#include <duckdb.h>
#include <gtest/gtest.h>

namespace ingot::quality {
namespace {

/// The result of one statement; freed with it.
class Rows {
public:
    Rows() = default;
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    ~Rows() { duckdb_destroy_result(&result); }

    duckdb_result result{};
};

std::optional<std::string> text_at(duckdb_result& result, idx_t column, idx_t row) {
    if (duckdb_value_is_null(&result, column, row)) return std::nullopt;
    char* text = duckdb_value_varchar(&result, column, row);
    std::string copy(text);
    duckdb_free(text);
    return copy;
}

Scalar scalar_at(duckdb_result& result, idx_t column, idx_t row) {
    const bool is_null = duckdb_value_is_null(&result, column, row);
    switch (duckdb_column_type(&result, column)) {
        case DUCKDB_TYPE_BIGINT:
            if (is_null) return Scalar::null(TypeId::kLong);
            return Scalar::integer(TypeId::kLong, duckdb_value_int64(&result, column, row));
        case DUCKDB_TYPE_DOUBLE:
            if (is_null) return Scalar::null(TypeId::kDouble);
            return Scalar::floating(TypeId::kDouble, duckdb_value_double(&result, column, row));
        case DUCKDB_TYPE_BOOLEAN:
            if (is_null) return Scalar::null(TypeId::kBoolean);
            return Scalar::boolean(duckdb_value_boolean(&result, column, row));
        default:
            ADD_FAILURE() << "a scan returned column " << column << " of type "
                          << duckdb_column_type(&result, column);
            return Scalar();
    }
}

Status bind(duckdb_prepared_statement statement, const Parameters& parameters) {
    for (const auto& [name, value] : parameters) {
        idx_t index = 0;
        if (duckdb_bind_parameter_index(statement, &index, name.c_str()) != DuckDBSuccess) {
            return make_error(ErrorCode::kInvalidArgument, "no parameter {}", name);
        }
        if (value.is_null()) {
            duckdb_bind_null(statement, index);
        } else if (value.type().id() == TypeId::kTimestamp) {
            duckdb_bind_timestamp_tz(statement, index, {value.as_integer()});
        } else {
            duckdb_bind_int64(statement, index, value.as_integer());
        }
    }
    return {};
}

}  // namespace

struct TestDatabase::Impl {
    duckdb_database database = nullptr;
    duckdb_connection connection = nullptr;

    Status run(const std::string& sql, const Parameters& parameters, Rows& rows) {
        duckdb_prepared_statement statement = nullptr;
        Status status;
        if (duckdb_prepare(connection, sql.c_str(), &statement) != DuckDBSuccess) {
            status = make_error(ErrorCode::kInvalidArgument, "{}", duckdb_prepare_error(statement));
        } else {
            status = bind(statement, parameters);
            if (status && duckdb_execute_prepared(statement, &rows.result) != DuckDBSuccess) {
                status = make_error(ErrorCode::kInvalidArgument, "{}",
                                    duckdb_result_error(&rows.result));
            }
        }
        duckdb_destroy_prepare(&statement);
        return status;
    }
};

TestDatabase::TestDatabase() : impl_(std::make_unique<Impl>()) {
    if (duckdb_open(nullptr, &impl_->database) != DuckDBSuccess ||
        duckdb_connect(impl_->database, &impl_->connection) != DuckDBSuccess) {
        ADD_FAILURE() << "DuckDB does not open";
    }
    execute("SET threads = 2");
    execute("SET TimeZone = 'UTC'");
}

TestDatabase::~TestDatabase() {
    duckdb_disconnect(&impl_->connection);
    duckdb_close(&impl_->database);
}

void TestDatabase::execute(const std::string& sql) {
    Rows rows;
    if (duckdb_query(impl_->connection, sql.c_str(), &rows.result) != DuckDBSuccess) {
        ADD_FAILURE() << sql << "\n" << duckdb_result_error(&rows.result);
    }
}

Result<std::vector<TextRow>> TestDatabase::query(const std::string& sql,
                                                 const Parameters& parameters) {
    Rows rows;
    INGOT_TRY_WITH(impl_->run("SELECT COLUMNS(*)::VARCHAR FROM (" + sql + ")", parameters, rows),
                   sql);
    std::vector<TextRow> all(duckdb_row_count(&rows.result));
    for (idx_t row = 0; row < all.size(); ++row) {
        for (idx_t column = 0; column < duckdb_column_count(&rows.result); ++column) {
            all[row].push_back(text_at(rows.result, column, row));
        }
    }
    return all;
}

Result<std::vector<Scalar>> TestDatabase::one_row(const std::string& sql,
                                                  const Parameters& parameters) {
    Rows rows;
    INGOT_TRY_WITH(impl_->run(sql, parameters, rows), sql);
    if (duckdb_row_count(&rows.result) != 1) {
        return make_error(ErrorCode::kInternal, "{} rows from {}", duckdb_row_count(&rows.result),
                          sql);
    }
    std::vector<Scalar> values;
    for (idx_t column = 0; column < duckdb_column_count(&rows.result); ++column) {
        values.push_back(scalar_at(rows.result, column, 0));
    }
    return values;
}

}  // namespace ingot::quality
