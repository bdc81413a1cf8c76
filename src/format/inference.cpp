#include <algorithm>
#include <cstring>
#include <strings.h>

#include "format/inference_internal.hpp"
#include "format/json_index_internal.hpp"
#include "format/json_shape_internal.hpp"

namespace ingot::format {
namespace {

/// Observes up to so many records of a block; bad ones do not count.
class JsonSampler {
public:
    std::size_t observe(const Block& block, std::size_t records_max) {
        std::size_t seen = 0;
        for (std::size_t begin = 0; begin < block.size() && seen < records_max;) {
            const char* at = block.data() + begin;
            const void* newline = std::memchr(at, '\n', block.size() - begin);
            const std::size_t end =
                newline == nullptr
                    ? block.size()
                    : static_cast<std::size_t>(static_cast<const char*>(newline) - block.data());
            seen += observe_text({at, end - begin}, records_max - seen);
            begin = end + 1;
        }
        return seen;
    }

    std::vector<ColumnSpec> columns() const {
        std::vector<std::pair<std::string, Shape>> merged;
        for (const auto& [name, shape] : root_.members()) {
            const auto same = std::find_if(merged.begin(), merged.end(), [&](const auto& other) {
                return ::strcasecmp(other.first.c_str(), name.c_str()) == 0;
            });
            Shape& into =
                same != merged.end() ? same->second : merged.emplace_back(name, Shape()).second;
            into.merge(shape);
        }
        std::vector<ColumnSpec> columns;
        for (const auto& [name, shape] : merged) {
            const InferredType type = shape.type();
            columns.push_back({.name = name, .type = type.type, .is_json = type.is_json});
        }
        return columns;
    }

private:
    /// The objects that stand in this text one after the other.
    std::size_t observe_text(std::string_view text, std::size_t records_max) {
        if (index_.build(text.data(), text.size()) != IndexProblem::kNone) return 0;
        JsonCursor cursor(text.data(), index_.positions());
        std::size_t seen = 0;
        while (seen < records_max && cursor.peek() == '{' && cursor.position() < text.size()) {
            JsonCursor after = cursor;
            if (!after.skip_value() || after.mark()[-1] >= text.size()) break;
            root_.observe(cursor);
            ++seen;
        }
        return seen;
    }

    JsonIndex index_;
    Shape root_;
};

}  // namespace

Result<FormatSpec> with_inferred_columns(const std::vector<InputFile>& files,
                                         const FormatSpec& spec) {
    JsonSampler sampler;
    const std::size_t files_max =
        std::min(files.size(), std::max<std::size_t>(spec.sample_files, 1));
    Block block;
    for (std::size_t index = 0; index < files_max; ++index) {
        // Spread over the list: neighbours in time look alike.
        Result<std::unique_ptr<Framer>> framer =
            open_framer(files[index * files.size() / files_max], spec);
        if (!framer) continue;
        for (std::size_t seen = 0; seen < spec.sample_records;) {
            const Result<bool> more = (*framer)->next(block);
            if (!more || !*more || block.cut_off) break;
            seen += sampler.observe(block, spec.sample_records - seen);
        }
    }
    FormatSpec result = spec;
    result.columns = sampler.columns();
    return result;
}

Result<std::unique_ptr<Framer>> open_framer(const InputFile& file, const FormatSpec& spec) {
    if (!std::holds_alternative<NdjsonFormat>(spec.kind)) {
        return make_error(ErrorCode::kUnsupported, "{}: only NDJSON is read so far",
                          file.display_name());
    }
    INGOT_TRY_ASSIGN(std::unique_ptr<ByteStream> stream, open_byte_stream(file));
    return make_line_framer(std::move(stream), file.display_name());
}

}  // namespace ingot::format
