#pragma once
#include <memory>

#include "engine/instance_internal.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::engine {

std::unique_ptr<sql::SqlFacts> make_sql_facts(InstancePtr instance);

}  // namespace ingot::engine
