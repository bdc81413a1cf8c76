#pragma once
// Unpacked bytes of a file, in order. One thread at a time.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "format/input_file.hpp"

namespace ingot::format {

class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Fills `into` as far as the stream goes: less than its size only at the end (or right before
    /// an error, which the next call returns). 0 means the end. After an error: the same error.
    virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
};

/// Opens the file and looks at its first bytes. kNotFound, kIo; kCorruptData for an empty file that
/// its name or `compression` calls packed.
Result<std::unique_ptr<ByteStream>> open_byte_stream(const InputFile& file);

}  // namespace ingot::format
