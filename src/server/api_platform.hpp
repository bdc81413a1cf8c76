#pragma once
// What the platform can be asked for: the endpoints that stand on the service.
#include <functional>
#include <vector>

#include "server/endpoint.hpp"
#include "server/event_hub.hpp"
#include "server/platform_metrics.hpp"
#include "service/service.hpp"

namespace ingot::server {

/// All of them. The service outlives them. `local_mode`: nobody has to log in.
std::vector<Endpoint> platform_endpoints(service::Service& service,
                                         std::function<Result<bool>()> local_mode);

/// Tells everybody who listens what changes, and counts it.
void publish_changes(service::Service& service, EventHub& events, PlatformMetrics& metrics);

/// `ready` of the server: the store takes things in.
Status readiness_of(const service::Service& service);

// One file each.
std::vector<Endpoint> info_endpoints(service::Service& service,
                                     std::function<Result<bool>()> local_mode);
std::vector<Endpoint> pipeline_endpoints(service::Service& service);
std::vector<Endpoint> run_endpoints(service::Service& service);
std::vector<Endpoint> backfill_endpoints(service::Service& service);
std::vector<Endpoint> delivery_endpoints(service::Service& service);
std::vector<Endpoint> table_endpoints(service::Service& service);

// What they share.
/// Of a file, or `select:` and a selection of tables.
Schema pipeline_name_schema();
Schema window_schema();
/// `run_id`, `pipeline`, `state`, ...: as service::head_json.
Schema run_head_schema();
Schema run_schema();
/// A run as `run_schema` says: where its logs lie on this machine is left out.
Json run_json(const service::Service& service, const service::RunView& view);
/// `{"start": ..., "end": ...}`
Result<Interval> window_of(const Json& json);
/// Parameters of a run by their names; null: none.
std::map<std::string, project::Value> params_of(const Json& json);
/// Who asks, for the record.
std::string name_of(const Call& call);

}  // namespace ingot::server
