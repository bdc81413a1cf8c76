#include "datagen/datagen.hpp"

namespace ingot::datagen {

namespace {

struct Generate {
    Result<DatagenReport> operator()(const GharchiveRequest& request) const {
        return generate_gharchive(request);
    }
    Result<DatagenReport> operator()(const ProcurementRequest& request) const {
        return generate_procurement(request);
    }
};

}  // namespace

Result<DatagenReport> generate(const DatagenRequest& request) {
    return std::visit(Generate{}, request);
}

}  // namespace ingot::datagen
