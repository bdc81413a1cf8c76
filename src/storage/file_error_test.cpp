#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/file_error_internal.hpp"

namespace ingot::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(FileError, SaysWhatWhereWhyAndWhatToDo) {
    EXPECT_EQ(
        file_error("write", "/lake/a", ENOSPC).message,
        "cannot write /lake/a: No space left on device; free some space on that disk, then run "
        "again");
    EXPECT_THAT(file_error("write", "/lake/a", EROFS).message,
                AllOf(HasSubstr("cannot write /lake/a"), HasSubstr("mount it writable")));
    EXPECT_THAT(file_error("open", "/lake/a", EACCES).message,
                AllOf(HasSubstr("Permission denied"), HasSubstr("permissions")));
    EXPECT_THAT(file_error("open", "/lake/a", EMFILE).message, HasSubstr("ulimit -n"));
    EXPECT_EQ(file_error("open", "/lake/a", EBUSY).message,
              "cannot open /lake/a: Device or resource busy");
}

TEST(FileError, OnlyAnAbsentFileIsNotFound) {
    EXPECT_EQ(file_error("open", "a", ENOENT).code, ErrorCode::kNotFound);
    EXPECT_EQ(file_error("open", "a", EACCES).code, ErrorCode::kIo);
    EXPECT_EQ(file_error("open", "a", ENOTDIR).code, ErrorCode::kIo);
    EXPECT_EQ(file_error("open", "a", ENAMETOOLONG).code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ingot::storage
