#pragma once
#include <memory>

#include "server/accounts.hpp"

#include "cli/invocation.hpp"

namespace ingot::cli {

/// Beside the store of the project.
std::string accounts_file(const project::Project& project);
Result<std::unique_ptr<server::Accounts>> accounts_of(Invocation& invocation);

}  // namespace ingot::cli
