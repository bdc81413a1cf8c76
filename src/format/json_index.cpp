#include <algorithm>
#include <limits>
#include <simdjson.h>

#include "format/json_index_internal.hpp"

namespace ingot::format {

struct JsonIndex::Impl {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
    std::size_t capacity = 0;
    std::size_t count = 0;

    /// simdjson sizes its arrays for the text; ours grow by doubling.
    void reserve(std::size_t size) {
        if (parser && size <= capacity) return;
        capacity = std::max<std::size_t>({size, capacity * 2, 4096});
        capacity = std::min<std::size_t>(capacity, std::numeric_limits<std::uint32_t>::max() - 64);
        const simdjson::error_code error =
            simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1,
                                                                                    parser);
        INGOT_CHECK(error == simdjson::SUCCESS, simdjson::error_message(error));
    }
};

JsonIndex::JsonIndex() : impl_(std::make_unique<Impl>()) {}
JsonIndex::~JsonIndex() = default;
JsonIndex::JsonIndex(JsonIndex&&) noexcept = default;
JsonIndex& JsonIndex::operator=(JsonIndex&&) noexcept = default;

IndexProblem JsonIndex::build(const char* text, std::size_t size) {
    impl_->reserve(size);
    impl_->count = 0;
    std::uint32_t* positions = impl_->parser->structural_indexes.get();
    std::fill_n(positions, 3, static_cast<std::uint32_t>(size));
    if (size == 0) return IndexProblem::kNone;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text);
    switch (impl_->parser->stage1(bytes, size, simdjson::stage1_mode::regular)) {
        case simdjson::SUCCESS:
            impl_->count = impl_->parser->n_structural_indexes;
            return IndexProblem::kNone;
        case simdjson::EMPTY:  // Blanks only. The bytes are UTF-8 then, too.
            std::fill_n(positions, 3, static_cast<std::uint32_t>(size));
            return IndexProblem::kNone;
        case simdjson::UTF8_ERROR:
            return IndexProblem::kUtf8;
        case simdjson::UNCLOSED_STRING:
            return IndexProblem::kOpenString;
        default:
            return IndexProblem::kControlByte;
    }
}

const std::uint32_t* JsonIndex::positions() const {
    return impl_->parser->structural_indexes.get();
}

std::size_t JsonIndex::count() const {
    return impl_->count;
}

}  // namespace ingot::format
