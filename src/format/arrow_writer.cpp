#include <deque>
#include <nanoarrow/nanoarrow_ipc.hpp>

#include "format/arrow_stream.hpp"
#include "format/arrow_types_internal.hpp"

namespace ingot::format {
namespace {

/// What the callback of the stream hands on to and keeps errors in.
struct Sink {
    ArrowStreamWriter::Output output;
    std::optional<Error> error;
};

int write_bytes(ArrowIpcOutputStream* stream, const void* bytes, std::int64_t size,
                std::int64_t* written, ArrowError*) {
    auto& sink = *static_cast<Sink*>(stream->private_data);
    Status done = sink.output({static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    if (!done) {
        sink.error = std::move(done).error();
        return EIO;
    }
    *written = size;
    return NANOARROW_OK;
}

ArrowBufferView buffer_view(const void* data, std::int64_t size) {
    ArrowBufferView view{};
    view.data.data = data;
    view.size_bytes = size;
    return view;
}

std::int64_t value_bytes(const Column& column) {
    switch (column.type.id()) {
        case TypeId::kBoolean:
            return (column.length + 7) / 8;
        case TypeId::kByte:
            return column.length;
        case TypeId::kShort:
            return column.length * 2;
        case TypeId::kInteger:
        case TypeId::kFloat:
        case TypeId::kDate:
            return column.length * 4;
        case TypeId::kDecimal:
            return column.length * 16;
        default:
            return column.length * 8;
    }
}

/// Lets the view show the column's buffers, which must stay.
void show(const Column& column, ArrowArrayView& view) {
    static constexpr std::int32_t kNoOffsets = 0;
    view.length = column.length;
    view.null_count = column.type.id() == TypeId::kVoid ? column.length : column.null_count;
    if (column.type.id() == TypeId::kVoid) return;
    view.buffer_views[0] = column.null_count == 0
                               ? buffer_view(nullptr, 0)
                               : buffer_view(column.validity.data(), (column.length + 7) / 8);
    for (std::size_t i = 0; i < column.children.size(); ++i)
        show(column.children[i], *view.children[i]);
    if (column.type.id() == TypeId::kStruct) return;

    const bool has_offsets = column.type.id() == TypeId::kString ||
                             column.type.id() == TypeId::kBinary ||
                             column.type.id() == TypeId::kArray || column.type.id() == TypeId::kMap;
    if (!has_offsets) {
        view.buffer_views[1] = buffer_view(column.values.data(), value_bytes(column));
        return;
    }
    const void* offsets =
        column.offsets.empty() ? static_cast<const void*>(&kNoOffsets) : column.offsets.data();
    view.buffer_views[1] =
        buffer_view(offsets, (column.length + 1) * static_cast<std::int64_t>(sizeof(std::int32_t)));
    if (!column.children.empty()) return;
    const std::int32_t end = static_cast<const std::int32_t*>(offsets)[column.length];
    view.buffer_views[2] = buffer_view(column.values.data(), end);
}

class Writer final : public ArrowStreamWriter {
public:
    explicit Writer(Output output) : sink_{std::move(output), std::nullopt} {}

    Status begin(const Schema& schema) {
        schema_ = schema;
        INGOT_TRY_ASSIGN(const nanoarrow::UniqueSchema arrow, arrow_schema(schema));
        ArrowError error{};
        ArrowIpcOutputStream stream{
            &write_bytes, [](ArrowIpcOutputStream* self) { self->release = nullptr; }, &sink_};
        INGOT_TRY(checked(ArrowArrayViewInitFromSchema(view_.get(), arrow.get(), &error), error));
        count_buffers(*view_.get());
        INGOT_TRY(checked(ArrowIpcWriterInit(writer_.get(), &stream), error));
        return checked(ArrowIpcWriterWriteSchema(writer_.get(), arrow.get(), &error), error);
    }

    Status write(const ColumnBatch& batch) override {
        INGOT_CHECK(batch.columns.size() == schema_.fields.size(), "columns of another schema");
        view_->length = batch.rows;
        view_->null_count = 0;
        for (std::size_t i = 0; i < batch.columns.size(); ++i) {
            INGOT_CHECK(batch.columns[i].type == schema_.fields[i].type, schema_.fields[i].name);
            show(batch.columns[i], *view_->children[i]);
        }
        ArrowError error{};
        return checked(ArrowIpcWriterWriteArrayView(writer_.get(), view_.get(), &error), error);
    }

    Status finish() override {
        ArrowError error{};
        return checked(ArrowIpcWriterWriteArrayView(writer_.get(), nullptr, &error), error);
    }

private:
    /// The library takes the number of a view's buffers from the array behind it.
    void count_buffers(ArrowArrayView& view) {
        ArrowArray& array = arrays_.emplace_back();
        while (array.n_buffers < NANOARROW_MAX_FIXED_BUFFERS &&
               view.layout.buffer_type[array.n_buffers] != NANOARROW_BUFFER_TYPE_NONE) {
            ++array.n_buffers;
        }
        view.array = &array;
        for (std::int64_t i = 0; i < view.n_children; ++i) count_buffers(*view.children[i]);
    }

    Status checked(int code, const ArrowError& error) {
        if (code == NANOARROW_OK) return {};
        if (sink_.error) return *sink_.error;
        return make_error(ErrorCode::kInternal, "cannot write an Arrow stream: {}",
                          error.message[0] == '\0' ? "no memory" : error.message);
    }

    Sink sink_;
    Schema schema_;
    std::deque<ArrowArray> arrays_;  ///< Without data, one for each view.
    nanoarrow::UniqueArrayView view_;
    nanoarrow::ipc::UniqueWriter writer_;
};

}  // namespace

Result<std::unique_ptr<ArrowStreamWriter>> ArrowStreamWriter::open(const Schema& schema,
                                                                   Output output) {
    auto writer = std::make_unique<Writer>(std::move(output));
    INGOT_TRY(writer->begin(schema));
    return std::unique_ptr<ArrowStreamWriter>(std::move(writer));
}

}  // namespace ingot::format
