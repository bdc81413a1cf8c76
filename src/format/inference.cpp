#include <algorithm>
#include <cstring>
#include <strings.h>

#include "format/csv_shape_internal.hpp"
#include "format/inference_internal.hpp"
#include "format/json_index_internal.hpp"
#include "format/json_shape_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

/// Looks at the first records of blocks.
class Sampler {
public:
    virtual ~Sampler() = default;
    /// Observes up to so many records, and says how many. Bad ones do not count.
    virtual std::size_t observe(const Block& block, std::size_t records_max) = 0;
    virtual std::vector<ColumnSpec> columns() const = 0;
};

class JsonSampler final : public Sampler {
public:
    std::size_t observe(const Block& block, std::size_t records_max) override {
        std::size_t seen = 0;
        if (!block.by_line) {
            for (const RecordRange& record : block.records) {
                if (seen == records_max) break;
                seen += observe_text(copy_of(block, record.begin, record.end), 1);
            }
            return seen;
        }
        for (std::size_t begin = 0; begin < block.size() && seen < records_max;) {
            const char* at = block.data() + begin;
            const void* newline = std::memchr(at, '\n', block.size() - begin);
            const std::size_t end =
                newline == nullptr
                    ? block.size()
                    : static_cast<std::size_t>(static_cast<const char*>(newline) - block.data());
            seen += observe_text(copy_of(block, begin, end), records_max - seen);
            begin = end + 1;
        }
        return seen;
    }

    std::vector<ColumnSpec> columns() const override {
        std::vector<std::pair<std::string, Shape>> merged;
        for (const auto& [name, shape] : root_.members()) {
            if (name.empty()) continue;
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
    /// The cursor needs a zero byte behind the text.
    const std::string& copy_of(const Block& block, std::size_t begin, std::size_t end) {
        scratch_.assign(block.data() + begin, end - begin);
        return scratch_;
    }

    /// The objects that stand in this text one after the other.
    std::size_t observe_text(const std::string& text, std::size_t records_max) {
        if (index_.build(text.data(), text.size()) != IndexProblem::kNone) return 0;
        JsonCursor cursor(text.data(), index_.positions());
        std::size_t seen = 0;
        while (seen < records_max && cursor.peek() == '{') {
            JsonCursor after = cursor;
            if (!after.skip_value()) break;
            root_.observe(cursor);
            ++seen;
        }
        return seen;
    }

    JsonIndex index_;
    std::string scratch_;
    Shape root_;
};

class CsvSampler final : public Sampler {
public:
    explicit CsvSampler(const CsvFormat& format) : format_(format), splitter_(format) {}

    std::size_t observe(const Block& block, std::size_t records_max) override {
        std::size_t seen = 0;
        for (const RecordRange& record : block.records) {
            if (seen == records_max) break;
            const std::string_view text(block.data() + record.begin, record.end - record.begin);
            if (!is_utf8(text) || splitter_.split(text) != nullptr) continue;
            observe_fields(block);
            ++seen;
        }
        // A file with nothing but its header has columns, too.
        for (std::size_t index = 0; block.header && index < block.header->size(); ++index) {
            field((*block.header)[index]);
        }
        return seen;
    }

    std::vector<ColumnSpec> columns() const override {
        std::vector<ColumnSpec> columns;
        for (const auto& [name, shape] : fields_) {
            ColumnSpec column{.name = name, .type = csv_type(shape).type};
            if (!format_.header) {
                column.name = "column" + name;
                column.source = {name};
            }
            columns.push_back(std::move(column));
        }
        return columns;
    }

private:
    void observe_fields(const Block& block) {
        for (std::size_t index = 0; index < splitter_.fields().size(); ++index) {
            const CsvField& value = splitter_.fields()[index];
            if (block.header && index >= block.header->size()) return;
            Shape& shape =
                field(block.header ? (*block.header)[index] : fmt::format("{}", index + 1));
            const bool is_null =
                !value.quoted && (value.text.empty() || value.text == format_.null_text);
            if (!is_null) shape.merge(csv_shape(value));
        }
    }

    Shape& field(const std::string& name) {
        for (auto& [known, shape] : fields_) {
            if (::strcasecmp(known.c_str(), name.c_str()) == 0) return shape;
        }
        return fields_.emplace_back(name, Shape()).second;
    }

    CsvFormat format_;
    CsvSplitter splitter_;
    std::vector<std::pair<std::string, Shape>> fields_;
};

std::unique_ptr<Sampler> make_sampler(const FormatSpec& spec) {
    if (const auto* csv = std::get_if<CsvFormat>(&spec.kind)) {
        return std::make_unique<CsvSampler>(*csv);
    }
    return std::make_unique<JsonSampler>();
}

}  // namespace

Result<FormatSpec> with_inferred_columns(const std::vector<InputFile>& files,
                                         const FormatSpec& spec) {
    const std::unique_ptr<Sampler> sampler = make_sampler(spec);
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
            seen += sampler->observe(block, spec.sample_records - seen);
        }
    }
    FormatSpec result = spec;
    result.columns = sampler->columns();
    return result;
}

Result<std::unique_ptr<Framer>> open_framer(const InputFile& file, const FormatSpec& spec) {
    if (!file.members.empty()) return open_archive_framer(file, spec);
    INGOT_TRY_ASSIGN(std::unique_ptr<ByteStream> stream, open_byte_stream(file));
    return make_framer(std::move(stream), file.display_name(), spec);
}

std::unique_ptr<Framer> make_framer(std::unique_ptr<ByteStream> stream, std::string name,
                                    const FormatSpec& spec) {
    if (const auto* json = std::get_if<JsonFormat>(&spec.kind)) {
        return make_json_framer(std::move(stream), std::move(name), *json);
    }
    if (const auto* csv = std::get_if<CsvFormat>(&spec.kind)) {
        return make_csv_framer(std::move(stream), std::move(name), *csv);
    }
    return make_line_framer(std::move(stream), std::move(name));
}

}  // namespace ingot::format
