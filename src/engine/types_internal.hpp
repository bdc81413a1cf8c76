#pragma once
// Types and single values between Ingot and the engine.
#include "base/data_type.hpp"
#include "base/result.hpp"
#include "base/scalar.hpp"
#include "engine/duckdb_compat/context.hpp"

namespace ingot::engine {

duckdb::LogicalType to_logical_type(const DataType& type);

/// The type in which values of `type` leave the engine: unsigned and huge integers widen (up to
/// decimal(38,0)), intervals, times, UUIDs and enums become strings. kUnsupported for types that
/// have no counterpart (unions, variants).
Result<DataType> from_logical_type(const duckdb::LogicalType& type);

duckdb::Value to_value(const Scalar& scalar);
/// A value whose type is one that `to_logical_type` gives.
Result<Scalar> from_value(const duckdb::Value& value);

/// Names and types as a schema; errors name the column.
Result<Schema> to_schema(const duckdb::vector<std::string>& names,
                         const duckdb::vector<duckdb::LogicalType>& types);

}  // namespace ingot::engine
