#include "cli/run_on_server.hpp"

#include <cstdio>

#include "cli/run_record.hpp"
#include "project/param.hpp"
#include "project/window.hpp"

namespace ingot::cli {
namespace {

namespace orc = ingot::orchestrator;

Result<Json> params_for_server(const Json& pipeline, const std::vector<std::string>& given);
Result<Json> request_for_server(const Json& pipeline, const PipelineArguments& arguments);

}  // namespace

Result<int> run_on_server(Invocation& invocation, ServerClient& server,
                          const PipelineArguments& arguments, bool detach) {
    INGOT_TRY_ASSIGN(const Json pipeline, server.pipeline(arguments.pipeline));
    INGOT_TRY_ASSIGN(const Json request, request_for_server(pipeline, arguments));
    INGOT_TRY_ASSIGN(Json run, server.start_run(arguments.pipeline, request));
    const std::string id = run["run_id"].get<std::string>();
    if (!invocation.quiet() && !invocation.json()) {
        std::fprintf(stderr, "the server carries out the run %s\n", id.c_str());
    }
    if (!detach) {
        Result<Json> ended = server.wait_for_run(orc::RunId(id));
        if (!ended && invocation.stop().stop_requested()) {
            std::fprintf(stderr, "waits no longer: the server goes on with the run %s\n",
                         id.c_str());
            return kExitFailed;
        }
        INGOT_TRY(ended);
        run = *std::move(ended);
    }
    if (invocation.json()) std::printf("%s\n", run.dump(2).c_str());
    if (detach) return kExitOk;
    std::map<std::string, int> tasks;
    for (const Json& task : run["tasks"]) ++tasks[task["state"].get<std::string>()];
    const std::string state = run["state"].get<std::string>();
    if (!invocation.json()) print_outcome(id, state, tasks);
    return state == orc::run_state_name(orc::RunState::kSuccess) ? kExitOk : kExitFailed;
}

Result<Json> window_for_server(const Json& pipeline, const std::string& window) {
    INGOT_TRY_ASSIGN_WITH(const Interval range,
                          project::parse_interval(window, pipeline["timezone"].get<std::string>()),
                          "in --window");
    return Json{{"start", range.start.to_string()}, {"end", range.end.to_string()}};
}

namespace {

Result<Json> request_for_server(const Json& pipeline, const PipelineArguments& arguments) {
    Json request{{"full", arguments.full}};
    if (!arguments.window.empty()) {
        INGOT_TRY_ASSIGN(request["window"], window_for_server(pipeline, arguments.window));
    }
    INGOT_TRY_ASSIGN(request["params"], params_for_server(pipeline, arguments.params));
    return request;
}

/// The type of a parameter as the API describes it; what is not described is sent as text, and the
/// server says what is wrong with it.
project::Param param_of(const Json& pipeline, const std::string& name) {
    using Type = project::Param::Type;
    static const std::map<std::string, Type> kTypes = {
        {"string", Type::kString},   {"integer", Type::kInteger}, {"number", Type::kNumber},
        {"boolean", Type::kBoolean}, {"array", Type::kArray},     {"object", Type::kObject}};
    project::Param param;
    param.name = name;
    const Json& params = pipeline["params"];
    const auto described = params.find(name);
    if (described == params.end()) return param;
    const auto type = kTypes.find(described->value("type", "string"));
    if (type != kTypes.end()) param.type = type->second;
    return param;
}

Result<Json> params_for_server(const Json& pipeline, const std::vector<std::string>& given) {
    Json params = Json::object();
    for (const std::string& text : given) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return make_error(ErrorCode::kInvalidArgument,
                              "--pipeline-param {}: expected NAME=VALUE", text);
        }
        const std::string name = text.substr(0, equals);
        INGOT_TRY_ASSIGN_WITH(const project::Value value,
                              param_of(pipeline, name).parse(text.substr(equals + 1)),
                              "in --pipeline-param " + name);
        params[name] = Json::parse(value.to_json());
    }
    return params;
}

}  // namespace
}  // namespace ingot::cli
