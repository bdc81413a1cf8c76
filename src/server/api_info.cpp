// What is served: version, project, what keeps it from being loaded.
#include "server/api_platform.hpp"
#include "server/problem.hpp"

namespace ingot::server {
namespace {

Schema problem_line_schema() {
    return Schema::object({{"place", Schema::text().described("file:line:column")},
                           {"message", Schema::text()}})
        .named("ProjectProblem");
}

Schema info_schema() {
    return Schema::object({{"version", Schema::text()},
                           {"project", Schema::text()},
                           {"environment", Schema::text()},
                           {"lake", Schema::text()},
                           {"started_at", Schema::date_time()},
                           {"loaded_at", Schema::date_time()},
                           {"code_version", Schema::text()},
                           {"local_mode", Schema::boolean()},
                           {"problems", Schema::array(problem_line_schema())}})
        .named("Info");
}

}  // namespace

std::vector<Endpoint> info_endpoints(service::Service& service,
                                     std::function<Result<bool>()> local_mode) {
    return {
        {.path = "/api/v1/info",
         .name = "get_info",
         .summary = "What is served, and what keeps the project on the disk from being loaded",
         .area = "system",
         .role = Role::kViewer,
         .answers = {{200, "The server and its project", info_schema()}},
         .handle = [&service, local_mode = std::move(local_mode)](const Call&) -> Result<Reply> {
             INGOT_TRY_ASSIGN(const bool local, local_mode());
             const service::DefinitionsPtr definitions = service.definitions();
             Json problems = Json::array();
             for (const project::Problem& problem : service.problems()) {
                 problems.push_back(
                     {{"place", problem.place.to_string()}, {"message", problem.message}});
             }
             return Reply(json_response({{"version", INGOT_VERSION},
                                         {"project", definitions->project().name},
                                         {"environment", definitions->project().environment},
                                         {"lake", definitions->workspace.lake.uri()},
                                         {"started_at", service.started_at().to_string()},
                                         {"loaded_at", definitions->loaded_at.to_string()},
                                         {"code_version", definitions->code},
                                         {"local_mode", local},
                                         {"problems", std::move(problems)}}));
         }}};
}

}  // namespace ingot::server
