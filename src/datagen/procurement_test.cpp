#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

#include "datagen/datagen.hpp"

namespace ingot::datagen {
namespace {

using testing::HasSubstr;

std::uint64_t hash(std::string_view bytes) {
    std::uint64_t value = 0xCBF29CE484222325ULL;
    for (const char byte : bytes)
        value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
    return value;
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1))
        ++found;
    return found;
}

TEST(Procurement, BytesArePinned) {
    const ProcurementDocuments documents = procurement_documents({.out = "", .seed = 1});
    EXPECT_EQ(hash(documents.marches_json), 5000116283016738978ULL);
    EXPECT_EQ(hash(documents.etablissements_csv), 6252120166254001677ULL);
    EXPECT_EQ(hash(documents.naf_csv), 13357092131467901471ULL);
}

TEST(Procurement, ContractsHaveEveryNuisanceOfTheRealOnes) {
    const std::string json = procurement_documents({.out = "", .seed = 1}).marches_json;
    EXPECT_GT(count(json, R"(+01:00","datePublication)"), 0U) << "a date with an offset";
    EXPECT_GT(count(json, R"(-04:00","datePublication)"), 0U) << "a date with a western offset";
    EXPECT_GT(count(json, R"("2022-02-30")"), 0U) << "a day that does not exist";
    EXPECT_GT(count(json, R"("SIRET","id":")"), 0U) << "an identifier as text";
    EXPECT_GT(count(json, R"("SIRET","id":3)"), 0U) << "an identifier as a number";
    EXPECT_GT(count(json, R"("SIRET","id":5)"), 0U) << "a number that lost its zeros";
    EXPECT_GT(count(json, "D'EN-HAUT"), 0U) << "an apostrophe";
    EXPECT_GT(count(json, R"(\"LE BON\")"), 0U) << "a quote inside a name";
    EXPECT_GT(count(json, "99999999999.99"), 0U) << "a sentinel";
    EXPECT_GT(count(json, "E5,"), 0U) << "an amount with an exponent";
    EXPECT_GT(count(json, "Contrat de concession"), 0U);
    EXPECT_GT(count(json, "HORS_UE"), 0U) << "a foreign company";
    EXPECT_GT(count(json, "GROUPEMENT/A"), 0U) << "a SIRET that is none";
}

TEST(Procurement, SomeContractsAreExactCopies) {
    const std::string json = procurement_documents({.out = "", .seed = 1}).marches_json;
    std::map<std::string, int> seen;
    std::size_t begin = json.find('\n') + 1;
    for (std::size_t end = 0; (end = json.find(",\n", begin)) != std::string::npos;
         begin = end + 2) {
        ++seen[json.substr(begin, end - begin)];
    }
    const auto copies =
        std::count_if(seen.begin(), seen.end(), [](const auto& entry) { return entry.second > 1; });
    EXPECT_GT(copies, 50);
}

TEST(Procurement, NomenclatureHasAMarkAndBlanksInItsHeader) {
    const ProcurementDocuments documents = procurement_documents({.out = "", .seed = 1});
    EXPECT_EQ(documents.naf_csv.rfind("\xEF\xBB\xBF"
                                      "Code; Intitulés de la  NAF rév. 2, version finale \r\n",
                                      0),
              0U);
    EXPECT_THAT(documents.naf_csv, HasSubstr("\r\n01.11Z;"));
    EXPECT_EQ(static_cast<std::int64_t>(count(documents.naf_csv, "\r\n")), documents.naf + 1);
}

TEST(Procurement, EstablishmentsHave53Columns) {
    const ProcurementDocuments documents = procurement_documents({.out = "", .seed = 1});
    std::size_t lines = 0;
    bool quoted = false;
    std::size_t commas = 0;
    for (const char byte : documents.etablissements_csv) {
        if (byte == '"') quoted = !quoted;
        if (byte == ',' && !quoted) ++commas;
        if (byte != '\n') continue;
        ASSERT_EQ(commas, 52U) << "line " << lines;
        commas = 0;
        ++lines;
    }
    EXPECT_EQ(static_cast<std::int64_t>(lines), documents.etablissements + 1);
}

TEST(Procurement, ThreeFilesAreWritten) {
    const std::string folder =
        (std::filesystem::temp_directory_path() / ("ingot_procurement_" + std::to_string(getpid())))
            .string();
    const auto report = generate_procurement({.out = folder, .seed = 3, .scale_permille = 10});
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_EQ(report->files.size(), 3U);
    for (const GeneratedFile& file : report->files) {
        EXPECT_EQ(std::filesystem::file_size(file.path), file.file_bytes);
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ingot::datagen
