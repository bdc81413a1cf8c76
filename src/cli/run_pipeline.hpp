#pragma once
// `ingot run --pipeline NAME`: all tasks of a pipeline, with a record of the run.
#include <string>

#include "cli/invocation.hpp"

namespace ingot::cli {

struct PipelineArguments {
    std::string pipeline;
    std::string window;  ///< Empty: the last one that is over.
    bool full = false;
    std::vector<std::string> params;  ///< NAME=VALUE
    unsigned parallel = 1;
};

Result<int> run_pipeline(Invocation& invocation, const PipelineArguments& arguments);

}  // namespace ingot::cli
