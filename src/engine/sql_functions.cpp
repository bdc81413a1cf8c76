#include "engine/sql_functions_internal.hpp"
#include "format/python_literal.hpp"

namespace ingot::engine {

namespace {

void python_literal(duckdb::DataChunk& arguments, duckdb::ExpressionState&,
                    duckdb::Vector& result) {
    // A text that cannot be read is a null, as with try_cast: the model's rules reject its row,
    // where an error would fail the whole run.
    duckdb::UnaryExecutor::ExecuteWithNulls<duckdb::string_t, duckdb::string_t>(
        arguments.data[0], result, arguments.size(),
        [&](duckdb::string_t text, duckdb::ValidityMask& valid, duckdb::idx_t row) {
            const auto json = format::python_literal_to_json({text.GetData(), text.GetSize()});
            if (!json) {
                valid.SetInvalid(row);
                return duckdb::string_t();
            }
            return duckdb::StringVector::AddString(result, *json);
        });
}

}  // namespace

void register_sql_functions(duckdb::ExtensionLoader& loader) {
    duckdb::ScalarFunction function("python_literal", {duckdb::LogicalType::VARCHAR},
                                    duckdb::LogicalType::VARCHAR, python_literal);
    loader.RegisterFunction(function);
}

}  // namespace ingot::engine
