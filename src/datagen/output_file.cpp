#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <zlib.h>

#include "datagen/output_file_internal.hpp"

namespace ingot::datagen {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

Error io_error(std::string_view doing, const std::string& path) {
    return make_error(ErrorCode::kIo, "{} {}: {}", doing, path, std::strerror(errno));
}

Status write_all(const std::string& path, std::string_view bytes) {
    std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "wb"));
    if (!file) return io_error("cannot create", path);
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
        return io_error("cannot write", path);
    }
    if (std::fclose(file.release()) != 0) return io_error("cannot write", path);
    return {};
}

}  // namespace

Status make_folder(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        return make_error(ErrorCode::kIo, "cannot make the folder {}: {}", path, error.message());
    }
    return {};
}

Result<std::uint64_t> write_file(const std::string& path, std::string_view bytes) {
    const std::string temporary = path + ".tmp";
    if (Status written = write_all(temporary, bytes); !written) {
        std::remove(temporary.c_str());
        return std::move(written).error();
    }
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
        Error error = io_error("cannot rename to", path);
        std::remove(temporary.c_str());
        return error;
    }
    return std::uint64_t{bytes.size()};
}

Result<std::string> gzip(std::string_view bytes) {
    if (bytes.size() > std::numeric_limits<uInt>::max()) {
        return make_error(ErrorCode::kInvalidArgument, "{} bytes are too many for one file",
                          bytes.size());
    }
    z_stream stream{};
    constexpr int kGzipWindow = 15 + 16;
    if (deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return make_error(ErrorCode::kInternal, "zlib does not start");
    }
    std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    // zlib's interface predates const; it does not write through next_in.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int ended = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (ended != Z_STREAM_END) return make_error(ErrorCode::kInternal, "zlib returned {}", ended);
    return packed;
}

}  // namespace ingot::datagen
