#pragma once
// `ingot run --pipeline NAME --server URL`: the run is the server's; this process waits for it.
#include "cli/run_pipeline.hpp"
#include "cli/server_client.hpp"

namespace ingot::cli {

Result<int> run_on_server(Invocation& invocation, ServerClient& server,
                          const PipelineArguments& arguments, bool detach);

/// `--window` in the zone of the pipeline that the server described, as the API has it.
Result<Json> window_for_server(const Json& pipeline, const std::string& window);

}  // namespace ingot::cli
