#include "task/table_publish_internal.hpp"

namespace ingot::task {
namespace {

void add_result(const publish::PublishResult& result, TableReport& report) {
    if (result.version) report.version = result.version;
    report.rows_selected += result.rows_selected;
    report.rows_published += result.rows_published;
    report.rows_merged += result.rows_merged;
    report.rows_rejected += result.rows_rejected;
    for (const auto& [reason, count] : result.reasons) report.reasons[reason] += count;
    report.rows_dropped += result.rows_dropped;
    for (const auto& [reason, count] : result.dropped) report.dropped[reason] += count;
    report.bytes_written += result.bytes_written;
}

}  // namespace

publish::PublishContext publish_context(engine::Session& session, const TaskContext& context) {
    return {session,
            [&pins = context.pins](const auto& overrides) { return pins.open_session(overrides); },
            context.workspace.engine.parquet(), context.workspace.clock, context.stop};
}

Status publish_table(const project::TableName& table, const publish::PublishRequest& request,
                     engine::Session& session, const TaskContext& context, TableReport& report) {
    INGOT_TRY_ASSIGN(const publish::PublishResult result,
                     publish::publish(request, publish_context(session, context)));
    context.pins.publish(table, result.snapshot);
    add_result(result, report);
    return {};
}

}  // namespace ingot::task
