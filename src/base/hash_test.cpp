#include "base/hash.hpp"

#include <gtest/gtest.h>

namespace ingot {
namespace {

TEST(Sha256, GivesThePublishedDigests) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
    Sha256 hash;
    hash.update("a");
    Sha256 moved = std::move(hash);
    moved.update("");
    moved.update("bc");
    EXPECT_EQ(moved.finish_hex(), sha256_hex("abc"));
}

TEST(Crc32, GivesTheCheckValueWholeAndInPieces) {
    EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
    EXPECT_EQ(crc32("6789", crc32("12345")), 0xCBF43926U);
    EXPECT_EQ(crc32(""), 0U);
}

TEST(Hash64, IsTheSameInEveryVersionBecauseItIsStored) {
    EXPECT_EQ(hash64(""), 0x2D06800538D394C2U);
    EXPECT_EQ(hash64("abc"), 0x78AF5F94892F3950U);
    EXPECT_NE(hash64("abc", 1), hash64("abc"));
    EXPECT_NE(hash64("abd"), hash64("abc"));
}

}  // namespace
}  // namespace ingot
