#pragma once
#include <vector>

#include "format/format_spec.hpp"
#include "format/framer_internal.hpp"
#include "format/input_file.hpp"

namespace ingot::format {

/// Opens the file's stream and the framer of the spec's format.
Result<std::unique_ptr<Framer>> open_framer(const InputFile& file, const FormatSpec& spec);
std::unique_ptr<Framer> make_framer(std::unique_ptr<ByteStream> stream, std::string name,
                                    const FormatSpec& spec);

/// The same over the members of a tar archive that `file.members` selects.
Result<std::unique_ptr<Framer>> open_archive_framer(const InputFile& file, const FormatSpec& spec);

/// The spec with columns as a sample of the files suggests them. Files that cannot be read are
/// passed over: the scan will say so.
Result<FormatSpec> with_inferred_columns(const std::vector<InputFile>& files,
                                         const FormatSpec& spec);

}  // namespace ingot::format
