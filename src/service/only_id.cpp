#include "service/only_id.hpp"

namespace ingot::service {

Result<std::string> only_id(std::string_view noun, std::string_view id,
                            const std::vector<std::string>& found) {
    // Else an empty variable of a script would mean the only one that there is.
    if (id.empty()) {
        return make_error(ErrorCode::kInvalidArgument, "the id of a {} is empty", noun);
    }
    if (found.size() == 1) return found.front();
    if (found.empty()) {
        return make_error(ErrorCode::kNotFound, "there is no {} {}: `ingot {}s` lists them", noun,
                          id, noun);
    }
    return make_error(ErrorCode::kInvalidArgument, "several {}s begin with {}: give more of the id",
                      noun, id);
}

}  // namespace ingot::service
