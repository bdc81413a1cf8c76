#pragma once
#include <string_view>

#include "base/result.hpp"

namespace ingot::postgres {

/// What an SQLSTATE means for whoever asked. Conflicts of transactions (kCommitConflict), a server
/// that stops, starts or has no room (kIo) and statements that took too long (kTimeout) may come
/// out otherwise the next time; wrong statements and values (kInvalidArgument), missing things
/// (kNotFound) and what the server cannot do (kUnsupported) do not.
ErrorCode error_code_of(std::string_view sql_state);

}  // namespace ingot::postgres
