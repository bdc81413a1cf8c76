#include "postgres/sql_state.hpp"

#include <algorithm>
#include <array>

namespace ingot::postgres {
namespace {

struct Meaning {
    std::string_view start;  ///< Of the SQLSTATE.
    ErrorCode code;
};

// A state before the class that it belongs to.
constexpr std::array kMeanings = {
    Meaning{"40001", ErrorCode::kCommitConflict},   // serialization failure
    Meaning{"40P01", ErrorCode::kCommitConflict},   // deadlock
    Meaning{"55P03", ErrorCode::kCommitConflict},   // a lock that was not had in time
    Meaning{"55006", ErrorCode::kCommitConflict},   // object in use
    Meaning{"57014", ErrorCode::kTimeout},          // statement_timeout, or cancelled by somebody
    Meaning{"25P03", ErrorCode::kTimeout},          // idle in transaction
    Meaning{"57P", ErrorCode::kIo},                 // shutting down, starting up
    Meaning{"08", ErrorCode::kIo},                  // connection
    Meaning{"53", ErrorCode::kIo},                  // disk full, too many connections
    Meaning{"58", ErrorCode::kIo},                  // the server's own files
    Meaning{"3D000", ErrorCode::kNotFound},         // database
    Meaning{"3F000", ErrorCode::kNotFound},         // schema
    Meaning{"42P01", ErrorCode::kNotFound},         // table
    Meaning{"42703", ErrorCode::kNotFound},         // column
    Meaning{"0A", ErrorCode::kUnsupported},         // not supported
    Meaning{"21", ErrorCode::kInvalidArgument},     // cardinality
    Meaning{"22", ErrorCode::kInvalidArgument},     // values
    Meaning{"23", ErrorCode::kInvalidArgument},     // constraints
    Meaning{"28", ErrorCode::kInvalidArgument},     // who may come in
    Meaning{"42", ErrorCode::kInvalidArgument},     // syntax, privileges
    Meaning{"44", ErrorCode::kInvalidArgument},     // WITH CHECK OPTION
    Meaning{"54", ErrorCode::kInvalidArgument},     // too many columns and so on
    Meaning{"P0001", ErrorCode::kInvalidArgument},  // RAISE
};

}  // namespace

ErrorCode error_code_of(std::string_view sql_state) {
    const auto found = std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& each) {
        return sql_state.starts_with(each.start);
    });
    return found == kMeanings.end() ? ErrorCode::kInternal : found->code;
}

}  // namespace ingot::postgres
