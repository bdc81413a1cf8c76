#include "keeper/values.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/secret_mask.hpp"

namespace ingot::keeper {
namespace {

TEST(Values, WhatIsNoObjectOrTooLargeOrTooDeepIsRefused) {
    const std::string deep = R"({"a":)" + std::string(60'000, '[');
    for (const std::string& text :
         {std::string("[1]"), std::string("{"), std::string("7"), std::string("{\"a\":\"\xff\"}"),
          R"({"a":")" + std::string(kValuesBytesMax, 'x') + R"("})",
          deep + std::string(60'000, ']') + "}", deep.substr(0, 30'000)}) {
        const auto values = checked_values(text, "the command");
        ASSERT_FALSE(values) << text.substr(0, 40);
        EXPECT_EQ(values.error().code, ErrorCode::kInvalidArgument);
        EXPECT_NE(values.error().message.find("the values of the command"), std::string::npos);
    }
}

TEST(Values, SecretsAreMasked) {
    register_secret("hunter2hunter2");
    const auto values = checked_values(R"({"token":"is hunter2hunter2"})", "it");
    ASSERT_TRUE(values);
    EXPECT_EQ(*values, R"({"token":"is ***"})");
}

TEST(Values, OutputThatIsNotThereOrBlankIsNothing) {
    const std::string file =
        (std::filesystem::temp_directory_path() / fmt::format("ingot-values-{}", ::getpid()))
            .string();
    EXPECT_EQ(*read_values(file), "");
    std::ofstream(file) << " \n";
    EXPECT_EQ(*read_values(file), "");
    std::ofstream(file) << std::string(10 * kValuesBytesMax, 'x');
    EXPECT_EQ(read_values(file)->size(), kValuesBytesMax + 1) << "no more than shows its size";
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace ingot::keeper
