#pragma once
#include <memory>
#include <stop_token>

#include "postgres/connection.hpp"

#include "project/project.hpp"

namespace ingot::task {

/// Connects to a connection of the project, which is of type postgres; its secrets are resolved
/// now.
Result<std::unique_ptr<postgres::Connection>> open_postgres(const project::Project& project,
                                                            const std::string& name,
                                                            const project::TemplateContext& values,
                                                            std::stop_token stop);

}  // namespace ingot::task
