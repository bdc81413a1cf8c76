#include <algorithm>
#include <map>
#include <nanoarrow/nanoarrow_ipc.hpp>

#include "format/arrow_stream.hpp"
#include "format/arrow_types_internal.hpp"

namespace ingot::format {
namespace {

constexpr std::size_t kPrefixBytes = 8;
/// Memory grows by what has come, never by what a header says is to come.
constexpr std::size_t kStepBytes = 16U << 20;

class Reader final : public ArrowStreamReader {
public:
    Reader(Input input, std::string name) : input_(std::move(input)), name_(std::move(name)) {}

    Status read_schema() {
        if (ArrowIpcDecoderInit(decoder_.get()) != NANOARROW_OK) return damaged("no memory");
        INGOT_TRY_ASSIGN(const bool any, next_header());
        if (!any) {
            return make_error(ErrorCode::kCorruptData,
                              "{}: it is empty, not even a schema is there", name_);
        }
        if (decoder_->message_type != NANOARROW_IPC_MESSAGE_TYPE_SCHEMA) {
            return damaged("it does not begin with a schema");
        }
        INGOT_TRY(take_schema());
        Result<std::vector<Field>> fields = arrow_fields(*arrow_schema_.get(), conversions_);
        if (!fields) {
            return make_error(fields.error().code, "{}: {}", name_, fields.error().message);
        }
        if (fields->empty()) {
            return make_error(ErrorCode::kCorruptData, "{}: the stream has no columns", name_);
        }
        schema_.fields = *std::move(fields);
        rows_.emplace(schema_);
        return {};
    }

    const Schema& schema() const override { return schema_; }

    Result<std::optional<ColumnBatch>> next() override {
        while (position_ == view_->length) {
            INGOT_TRY_ASSIGN(const bool more, next_array());
            if (!more) return std::optional<ColumnBatch>();
        }
        appender_.begin_batch();
        while (position_ < view_->length && rows_->rows() < BatchBuilder::kBatchRows &&
               !appender_.batch_is_full()) {
            INGOT_TRY(append_row());
        }
        return std::optional(rows_->finish());
    }

private:
    Status append_row() {
        appender_.begin_row();
        for (std::size_t i = 0; i < conversions_.size(); ++i) {
            if (appender_.append(*view_->children[i], conversions_[i], view_->offset + position_,
                                 rows_->column(i))) {
                continue;
            }
            return make_error(ErrorCode::kCorruptData, "{}: row {}, column '{}': {}", name_,
                              rows_before_ + position_ + 1, schema_.fields[i].name,
                              appender_.problem());
        }
        ++position_;
        return {};
    }

    /// Moves to the next batch of the writer's; false at the end.
    Result<bool> next_array() {
        rows_before_ += view_->length;
        while (true) {
            INGOT_TRY_ASSIGN(const bool more, next_header());
            if (!more) return false;
            ArrowError error{};
            if (decoder_->message_type == NANOARROW_IPC_MESSAGE_TYPE_DICTIONARY_BATCH) {
                INGOT_TRY(check_dictionary());
                INGOT_TRY_ASSIGN(const ArrowBufferView body, read_body());
                INGOT_TRY(checked(ArrowIpcDecoderDecodeDictionary(decoder_.get(), body,
                                                                  NANOARROW_VALIDATION_LEVEL_FULL,
                                                                  dictionaries_.get(), &error),
                                  error));
            } else if (decoder_->message_type == NANOARROW_IPC_MESSAGE_TYPE_RECORD_BATCH) {
                INGOT_TRY(take_array());
                if (view_->length > 0) return true;
            } else {
                return damaged("a message is neither rows nor a dictionary");
            }
        }
    }

    /// The library takes a dictionary's message for what its type has, and for unpacked.
    Status check_dictionary() const {
        const ArrowDictionaryMessage message = arrow_dictionary_message(header_);
        const auto wanted = dictionary_parts_.find(decoder_->dictionary->id);
        if (wanted == dictionary_parts_.end()) return damaged("no column has such a dictionary");
        if (message.parts != wanted->second) return damaged("a dictionary is not of its type");
        if (!message.is_packed) return {};
        return make_error(ErrorCode::kUnsupported,
                          "{}: dictionaries that are packed are not read yet: write the stream "
                          "without compression, or without dictionaries",
                          name_);
    }

    Status take_dictionaries(const ArrowIpcDictionaryEncodings& encodings) {
        const auto& all = encodings.encodings;
        const auto* each = reinterpret_cast<const ArrowIpcDictionaryEncoding*>(all.data);
        const std::size_t count =
            static_cast<std::size_t>(all.size_bytes) / sizeof(ArrowIpcDictionaryEncoding);
        for (std::size_t i = 0; i < count; ++i) {
            INGOT_TRY_ASSIGN(dictionary_parts_[each[i].id],
                             arrow_parts(*each[i].schema->dictionary));
        }
        return {};
    }

    Status take_schema() {
        ArrowError error{};
        nanoarrow::ipc::UniqueDictionaryEncodings encodings;
        INGOT_TRY(
            checked(ArrowIpcDecoderSetEndianness(decoder_.get(), decoder_->endianness), error));
        INGOT_TRY(checked(ArrowIpcDecoderDecodeSchemaWithDictionaries(
                              decoder_.get(), arrow_schema_.get(), encodings.get(), &error),
                          error));
        INGOT_TRY(take_dictionaries(*encodings.get()));
        INGOT_TRY(
            checked(ArrowIpcDictionariesInit(dictionaries_.get(), encodings.get(), &error), error));
        INGOT_TRY(checked(ArrowIpcDecoderSetSchemaWithDictionaries(
                              decoder_.get(), arrow_schema_.get(), encodings.get(), &error),
                          error));
        return checked(ArrowArrayViewInitFromSchema(view_.get(), arrow_schema_.get(), &error),
                       error);
    }

    /// The values are copied out of the body: it need not be aligned.
    Status take_array() {
        INGOT_TRY_ASSIGN(const ArrowBufferView body, read_body());
        ArrowError error{};
        array_.reset();
        INGOT_TRY(checked(ArrowIpcDecoderDecodeArrayWithDictionaries(
                              decoder_.get(), body, -1, dictionaries_.get(), array_.get(),
                              NANOARROW_VALIDATION_LEVEL_FULL, &error),
                          error));
        INGOT_TRY(checked(ArrowArrayViewSetArray(view_.get(), array_.get(), &error), error));
        position_ = 0;
        return {};
    }

    /// Reads and checks the header of the next message; false at the end. A stream may end without
    /// an end mark.
    Result<bool> next_header() {
        header_.clear();
        INGOT_TRY_ASSIGN(const std::size_t got, read_into(header_, kPrefixBytes));
        if (got == 0) return false;
        // Every message begins with four bytes that no text has.
        if (std::any_of(header_.begin(),
                        header_.begin() + std::min<std::ptrdiff_t>(4, std::ssize(header_)),
                        [](std::byte byte) { return byte != std::byte{0xFF}; })) {
            return make_error(
                ErrorCode::kCorruptData,
                "{}: no Arrow stream at byte {}: there must be nothing but the stream (a program "
                "that prints to its output breaks it)",
                name_, bytes_read_ - got);
        }
        if (got < kPrefixBytes) return cut_off();
        ArrowError error{};
        std::int32_t prefix = 0;
        const int peeked =
            ArrowIpcDecoderPeekHeader(decoder_.get(), view_of(header_), &prefix, &error);
        if (peeked == ENODATA) return false;
        INGOT_TRY(checked(peeked, error));
        const auto rest = static_cast<std::size_t>(decoder_->header_size_bytes) - kPrefixBytes;
        INGOT_TRY_ASSIGN(const std::size_t got_rest, read_into(header_, rest));
        if (got_rest < rest) return cut_off();
        INGOT_TRY(
            checked(ArrowIpcDecoderVerifyHeader(decoder_.get(), view_of(header_), &error), error));
        const std::string_view problem = arrow_message_problem(header_);
        if (!problem.empty()) return damaged(problem);
        INGOT_TRY(
            checked(ArrowIpcDecoderDecodeHeader(decoder_.get(), view_of(header_), &error), error));
        return true;
    }

    Result<ArrowBufferView> read_body() {
        if (decoder_->body_size_bytes < 0) return damaged("a message has a negative size");
        const auto size = static_cast<std::size_t>(decoder_->body_size_bytes);
        body_.clear();
        INGOT_TRY_ASSIGN(const std::size_t got, read_into(body_, size));
        if (got < size) return cut_off();
        return view_of(body_);
    }

    /// Appends `size` bytes, or fewer at the end of the stream; returns how many.
    Result<std::size_t> read_into(std::vector<std::byte>& buffer, std::size_t size) {
        std::size_t done = 0;
        while (done < size) {
            const std::size_t step = std::min(size - done, kStepBytes);
            const std::size_t before = buffer.size();
            buffer.resize(before + step);
            INGOT_TRY_ASSIGN(const std::size_t got, input_(std::span(buffer).subspan(before)));
            buffer.resize(before + got);
            done += got;
            bytes_read_ += got;
            if (got < step) break;
        }
        return done;
    }

    static ArrowBufferView view_of(const std::vector<std::byte>& bytes) {
        ArrowBufferView view{};
        view.data.data = bytes.data();
        view.size_bytes = static_cast<std::int64_t>(bytes.size());
        return view;
    }

    Error cut_off() const {
        return make_error(ErrorCode::kCorruptData, "{}: the Arrow stream is cut off at byte {}",
                          name_, bytes_read_);
    }
    Error damaged(std::string_view what) const {
        return make_error(ErrorCode::kCorruptData, "{}: damaged Arrow stream before byte {}: {}",
                          name_, bytes_read_, what);
    }
    Status checked(int code, const ArrowError& error) const {
        if (code == NANOARROW_OK) return {};
        if (code == ENOTSUP) {
            return make_error(ErrorCode::kUnsupported, "{}: {}", name_, error.message);
        }
        return damaged(error.message[0] == '\0' ? "no memory for what it says" : error.message);
    }

    Input input_;
    std::string name_;
    Schema schema_;
    std::vector<ArrowConversion> conversions_;
    nanoarrow::UniqueSchema arrow_schema_;
    nanoarrow::ipc::UniqueDictionaries dictionaries_;
    std::map<std::int64_t, ArrowParts> dictionary_parts_;
    nanoarrow::ipc::UniqueDecoder decoder_;
    nanoarrow::UniqueArrayView view_;  ///< Of `array_`.
    nanoarrow::UniqueArray array_;
    std::vector<std::byte> header_;
    std::vector<std::byte> body_;
    std::size_t bytes_read_ = 0;
    std::int64_t position_ = 0;     ///< In `view_`.
    std::int64_t rows_before_ = 0;  ///< In earlier arrays.
    std::optional<BatchBuilder> rows_;
    ArrowAppender appender_;
};

}  // namespace

Result<std::unique_ptr<ArrowStreamReader>> ArrowStreamReader::open(Input input, std::string name) {
    auto reader = std::make_unique<Reader>(std::move(input), std::move(name));
    INGOT_TRY(reader->read_schema());
    return std::unique_ptr<ArrowStreamReader>(std::move(reader));
}

}  // namespace ingot::format
