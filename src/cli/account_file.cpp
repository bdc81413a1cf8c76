#include "cli/account_file.hpp"

#include "orchestrator/run_folder.hpp"

namespace ingot::cli {

std::string accounts_file(const project::Project& project) {
    return server::accounts_path(orchestrator::store_file(project));
}

Result<std::unique_ptr<server::Accounts>> accounts_of(Invocation& invocation) {
    INGOT_TRY_ASSIGN(const project::ProjectPtr project, invocation.project());
    return server::Accounts::open(accounts_file(*project));
}

}  // namespace ingot::cli
