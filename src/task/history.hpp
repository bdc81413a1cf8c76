#pragma once
#include "engine/engine.hpp"
#include "project/model.hpp"
#include "publish/publish.hpp"

namespace ingot::task {

/// How a `kind: scd2` model is published; `now` is `$run.time`.
publish::KeepHistory history_mode(const project::Model& model, Timestamp now);

/// Makes the rows of a `kind: scd2` model's SELECT into versions: `select` and `schema`, its
/// columns, get those of project::history_columns. Other kinds stay as they are.
Status begin_versions(const project::Model& model, Timestamp now, engine::Query& select,
                      Schema& schema);

}  // namespace ingot::task
