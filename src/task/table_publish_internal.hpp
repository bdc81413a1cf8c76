#pragma once
#include "publish/publish.hpp"
#include "task/model_task.hpp"

namespace ingot::task {

/// What publishing in this run works with. `session` sees what is selected, and must outlive it.
publish::PublishContext publish_context(engine::Session& session, const TaskContext& context);

/// Publishes one pass over a table. What follows in the run reads the new version; the report
/// counts the rows.
Status publish_table(const project::TableName& table, const publish::PublishRequest& request,
                     engine::Session& session, const TaskContext& context, TableReport& report);

}  // namespace ingot::task
