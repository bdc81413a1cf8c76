#include "orchestrator/store.hpp"

namespace ingot::orchestrator {

Result<Fence> Store::take_over(const RunId& run) {
    INGOT_TRY_ASSIGN(const std::vector<Fence> fences, take_over(std::vector<RunId>{run}));
    return fences.front();
}

}  // namespace ingot::orchestrator
