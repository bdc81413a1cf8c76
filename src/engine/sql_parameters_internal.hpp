#pragma once
// Dotted parameters: `$window.start` in a text becomes `$window__start`, which the engine can bind.
#include <string>
#include <string_view>
#include <vector>

#include "sql/sql_facts.hpp"

namespace ingot::engine {

struct RewrittenSql {
    std::string text;
    std::vector<std::string> parameters;  ///< Dotted names, in order of appearance, no repeats.
    /// Where a byte of the rewritten text stood in the original.
    std::size_t original_offset(std::size_t offset) const;

    /// After which rewritten offsets the text has grown by one more byte, ascending.
    std::vector<std::size_t> grown_at;
};

/// Leaves strings, quoted names, comments and dollar-quoted texts as they are.
RewrittenSql rewrite_parameters(std::string_view sql);

sql::Position position_at(std::string_view sql, std::size_t offset);

/// A place in a rewritten text as the place in its original, from the parameters that it names.
sql::Position original_position(std::string_view rewritten,
                                const std::vector<std::string>& parameters, std::size_t offset);

}  // namespace ingot::engine
