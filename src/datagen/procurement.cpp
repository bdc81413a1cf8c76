#include <algorithm>
#include <vector>

#include "datagen/datagen.hpp"
#include "datagen/output_file_internal.hpp"
#include "datagen/random_internal.hpp"

namespace ingot::datagen {

namespace {

constexpr std::uint32_t kContracts = 3'000;
constexpr std::uint32_t kCompanies = 2'400;
constexpr std::uint32_t kEstablishments = 6'000;
constexpr std::uint32_t kScaleMax = 1'000'000;
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear2022 = 18'993 * kDay;

constexpr std::array<std::string_view, 9> kNatures = {
    "Marché",           "Marché", "Marché",       "Accord-cadre",
    "Accord-cadre",     "MARCHE", "ACCORD-CADRE", "Marché subséquent",
    "MARCHE SUBSEQUENT"};
constexpr std::array<std::string_view, 6> kProcedures = {
    "Procédure adaptée",        "Procédure adaptée",          "Appel d'offres ouvert",
    "Appel d'offres restreint", "Procédure avec négociation", "Dialogue compétitif"};
constexpr std::array<std::string_view, 3> kPrices = {"Révisable", "Ferme", "Ferme et actualisable"};
constexpr std::array<std::string_view, 5> kPlaceTypes = {
    "Code postal", "CODE POSTAL", "Code département", "CODE DEPARTEMENT", "Code commune"};
constexpr std::array<std::string_view, 10> kTrades = {"MENUISERIE DE L'OUEST",
                                                      "ÉLECTRICITÉ",
                                                      "TRAVAUX PUBLICS",
                                                      "L'ATELIER DES TOITS",
                                                      "PEINTURE & FILS",
                                                      "ÉTUDES D'INGÉNIERIE",
                                                      "PROPRETÉ",
                                                      "ESPACES VERTS",
                                                      "CHAUFFAGE",
                                                      "TRANSPORTS"};
constexpr std::array<std::string_view, 8> kTowns = {"VILLENEUVE", "SAINT-AUBIN", "L'ISLE-D'EN-HAUT",
                                                    "MONTFORT",   "BEAULIEU",    "CHÂTEAUNEUF",
                                                    "LA FERTÉ",   "ROCHEFORT"};
constexpr std::array<std::string_view, 8> kWorks = {"Travaux de rénovation",
                                                    "Fourniture de matériel",
                                                    "Entretien des espaces verts",
                                                    "Maîtrise d'œuvre",
                                                    "Nettoyage des locaux, \\\"lot 2\\\"",
                                                    "Réfection de la toiture de l'école",
                                                    "Services juridiques",
                                                    "Transport scolaire"};
constexpr std::array<std::string_view, 8> kSizes = {"", "", "", "", "01", "02", "11", "21"};

constexpr std::array<std::string_view, 53> kEstablishmentColumns = {
    "siren",
    "nic",
    "siret",
    "statutDiffusionEtablissement",
    "dateCreationEtablissement",
    "trancheEffectifsEtablissement",
    "anneeEffectifsEtablissement",
    "activitePrincipaleRegistreMetiersEtablissement",
    "dateDernierTraitementEtablissement",
    "etablissementSiege",
    "nombrePeriodesEtablissement",
    "complementAdresseEtablissement",
    "numeroVoieEtablissement",
    "indiceRepetitionEtablissement",
    "dernierNumeroVoieEtablissement",
    "indiceRepetitionDernierNumeroVoieEtablissement",
    "typeVoieEtablissement",
    "libelleVoieEtablissement",
    "codePostalEtablissement",
    "libelleCommuneEtablissement",
    "libelleCommuneEtrangerEtablissement",
    "distributionSpecialeEtablissement",
    "codeCommuneEtablissement",
    "codeCedexEtablissement",
    "libelleCedexEtablissement",
    "codePaysEtrangerEtablissement",
    "libellePaysEtrangerEtablissement",
    "identifiantAdresseEtablissement",
    "coordonneeLambertAbscisseEtablissement",
    "coordonneeLambertOrdonneeEtablissement",
    "complementAdresse2Etablissement",
    "numeroVoie2Etablissement",
    "indiceRepetition2Etablissement",
    "typeVoie2Etablissement",
    "libelleVoie2Etablissement",
    "codePostal2Etablissement",
    "libelleCommune2Etablissement",
    "libelleCommuneEtranger2Etablissement",
    "distributionSpeciale2Etablissement",
    "codeCommune2Etablissement",
    "codeCedex2Etablissement",
    "libelleCedex2Etablissement",
    "codePaysEtranger2Etablissement",
    "libellePaysEtranger2Etablissement",
    "dateDebut",
    "etatAdministratifEtablissement",
    "enseigne1Etablissement",
    "enseigne2Etablissement",
    "enseigne3Etablissement",
    "denominationUsuelleEtablissement",
    "activitePrincipaleEtablissement",
    "nomenclatureActivitePrincipaleEtablissement",
    "caractereEmployeurEtablissement"};

std::string digits(std::uint64_t number, std::size_t width) {
    std::string text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

struct Company {
    std::string siren;
    std::string siret;
    std::string name;
};

/// One company in four has a number that begins with a zero.
Company company(std::uint64_t seed, std::uint32_t index) {
    const std::uint64_t hash = mix(seed, 11, index);
    const std::uint64_t siren = hash % 4 == 0
                                    ? 5'000'000 + index
                                    : 300'000'000 + std::uint64_t{index} * 211'111 % 699'999'999;
    Company result;
    result.siren = digits(siren, 9);
    result.siret = result.siren + digits(10 + hash % 90, 5);
    result.name = std::string(kTrades[hash % kTrades.size()]) + " " +
                  std::string(kTowns[(hash >> 8U) % kTowns.size()]);
    if (hash % 17 == 0) result.name += R"( \"LE BON\")";
    return result;
}

std::string naf_code(std::uint64_t hash) {
    std::string code = digits(1 + hash % 88, 2);
    append(code, ".", 1 + (hash >> 8U) % 3, 1 + (hash >> 12U) % 2, "Z");
    return code;
}

/// Writes `marches`. Lives for one document.
class Contracts {
public:
    Contracts(std::string& out, std::uint64_t seed, std::uint32_t companies)
        : out_(out), seed_(seed), companies_(companies), random_(mix(seed, 21)) {}

    void write(std::uint32_t count) {
        std::string first_words;
        for (std::uint32_t index = 0; index < count; ++index) {
            if (index != 0) put(",\n");
            // One in ten repeats an earlier contract word for word.
            if (index > 10 && random_.chance(100)) {
                put(first_words);
                continue;
            }
            const std::size_t begin = out_.size();
            if (random_.chance(5)) {
                concession(index);
            } else {
                contract(index);
            }
            if (first_words.empty() || random_.chance(300)) first_words = out_.substr(begin);
        }
    }

private:
    template <class... Parts>
    void put(const Parts&... parts) {
        append(out_, parts...);
    }

    void contract(std::uint32_t index) {
        put(R"({"id":"2022)", base36(index * 7 % 5003), R"(")");
        if (random_.chance(500)) put(R"(,"uid":")", 21'000'000'000'000 + index, R"(")");
        put(R"(,"acheteur":{"id":)");
        identifier("2" + digits(index % 90, 2) + digits(300'000 + index % 997, 6) + "00015");
        put(R"(,"nom":"Commune de )", random_.pick(kTowns), R"("},"nature":")",
            random_.pick(kNatures), R"(","objet":")", random_.pick(kWorks), R"(","codeCPV":")",
            45'000'000 + random_.below(999'999) * 10);
        if (random_.chance(500)) put("-", random_.below(10));
        put(R"(","procedure":")", random_.pick(kProcedures), R"(","lieuExecution":{"code":)");
        const std::string postal = digits(1000 + random_.below(94'000), 5);
        if (random_.chance(800) || postal.front() == '0') {
            put("\"", postal, "\"");
        } else {
            put(postal);
        }
        put(R"(,"typeCode":")", random_.pick(kPlaceTypes), R"(","nom":")", random_.pick(kTowns),
            R"("},"dureeMois":)");
        const std::uint32_t months = 1 + random_.skewed(120);
        if (random_.chance(500)) {
            put("\"", months, "\"");
        } else {
            put(months);
        }
        const std::int64_t day = notification_day();
        notification(day);
        put(R"(,"datePublicationDonnees":)");
        date(day + kDay * random_.between(1, 60));
        amount();
        put(R"(,"formePrix":")", random_.pick(kPrices), R"(")");
        winners();
        modifications(day);
        if (random_.chance(333)) put(R"(,"_type":"Marché")");
        if (random_.chance(12)) {
            put(R"(,"dateTransmissionDonneesEtalab":")");
            append_day(out_, day + 30 * kDay);
            put("\"");
        }
        put("}");
    }

    void concession(std::uint32_t index) {
        put(R"({"id":"2022C)", index,
            R"(","nature":"Concession de service","objet":"Exploitation du restaurant de l'école")",
            R"(,"procedure":"Procédure négociée ouverte")",
            R"(,"dureeMois":"60","modifications":[],"_type":"Contrat de concession")",
            R"(,"concessionnaires":)");
        one_winner_list();
        put(R"(,"dateSignature":"2022-01-0)", 1 + random_.below(9),
            R"(","dateDebutExecution":"2022-02-01","donneesExecution":[])", R"(,"valeurGlobale":)",
            100'000 + random_.below(9'000'000), ".0", R"(,"montantSubventionPublique":)",
            random_.below(90'000),
            R"(.0,"autoriteConcedante":{"id":79223746300015,"nom":"VILLE DE )",
            random_.pick(kTowns), R"("}})");
    }

    /// A number loses the zeros at its front; text keeps them.
    void identifier(std::string_view text) {
        if (random_.chance(300)) {
            text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
            put(text);
        } else {
            put("\"", text, "\"");
        }
    }

    std::int64_t notification_day() {
        const std::uint32_t draw = random_.below(1000);
        if (draw < 692) return kYear2022 + kDay * random_.below(365);
        if (draw < 973) return kYear2022 - kDay * (1 + random_.below(365));
        return kYear2022 - kDay * (366 + random_.skewed(3000));
    }

    /// The three ways in which a day is written.
    void date(std::int64_t day) {
        put("\"");
        append_day(out_, day);
        const std::uint32_t draw = random_.below(1000);
        if (draw < 485) put(draw % 2 == 0 ? "+01:00" : "+02:00");
        if (draw >= 985) put("-04:00");
        put("\"");
    }

    void notification(std::int64_t day) {
        if (random_.chance(2)) return;
        put(R"(,"dateNotification":)");
        if (random_.chance(2)) {
            put(R"("2022-02-30")");
        } else {
            date(day);
        }
    }

    void amount() {
        if (random_.chance(2)) return;
        put(R"(,"montant":)");
        if (random_.chance(3)) {
            put(random_.chance(500) ? R"("99999999999.9900")" : "99999999999.99");
            return;
        }
        const std::uint32_t euros = 500 + random_.skewed(3'000'000);
        switch (random_.below(4)) {
            case 0:
                put("\"", euros, ".", digits(random_.below(100), 2), "00\"");
                return;
            case 1:
                put(euros, ".", random_.below(10));
                return;
            case 2:
                put(euros);
                return;
            default:
                put(1 + euros / 100'000, ".", random_.below(10), "E5");
        }
    }

    void winner(std::string_view separator) {
        const Company who = company(seed_, random_.skewed(companies_));
        put(separator, R"({"typeIdentifiant":")");
        const std::uint32_t draw = random_.below(1000);
        if (draw < 4) {
            put(R"(HORS_UE","id":"HRB )", random_.below(900'000));
        } else if (draw < 7) {
            put(R"(TVA","id":"FR)", random_.below(90'000), who.siren);
        } else if (draw < 10) {
            put(R"(SIRET","id":")", who.siren);
        } else if (draw < 12) {
            put(R"(SIRET","id":"GROUPEMENT/A)");
        } else {
            put(R"(SIRET","id":)");
            identifier(who.siret);
            put(R"(,"denominationSociale":")", who.name, R"("})");
            return;
        }
        put(R"(","denominationSociale":")", who.name, R"("})");
    }

    void one_winner_list() {
        put("[");
        winner("");
        put("]");
    }

    void winners() {
        if (random_.chance(2)) return;
        put(R"(,"titulaires":[)");
        const std::uint32_t count = random_.chance(930) ? 1 : 2 + random_.skewed(8);
        for (std::uint32_t index = 0; index < count; ++index) winner(index == 0 ? "" : ",");
        put("]");
    }

    void modifications(std::int64_t day) {
        put(R"(,"modifications":[)");
        const std::uint32_t count = random_.chance(870) ? 0 : 1 + random_.below(3);
        for (std::uint32_t index = 0; index < count; ++index) {
            put(index == 0 ? "" : ",", R"({"objetModification":"AVENANT )", index + 1,
                R"(","dateNotificationModification":)");
            date(day + kDay * (30 + index));
            if (random_.chance(500))
                put(R"(,"montant":")", 1000 + random_.below(500'000), R"(.0000")");
            put("}");
        }
        put("]");
    }

    std::string& out_;
    std::uint64_t seed_;
    std::uint32_t companies_;
    Random random_;
};

void append_establishment(std::string& out, const Company& who, std::uint64_t hash,
                          Random& random) {
    const std::string postal = digits(1000 + hash % 95'000, 5);
    const std::string_view state = hash % 10 < 6 ? "A" : hash % 100 == 99 ? "" : "F";
    const std::int64_t created = kYear2022 - static_cast<std::int64_t>(hash % 15'000) * kDay;
    const auto field = [&out](std::string_view text) { append(out, text, ","); };
    const auto empty = [&out](std::size_t count) { out.append(count, ','); };

    field(who.siren);
    field(std::string_view(who.siret).substr(9));
    // Spreadsheets turn the identifier into a number; some copies of the register went through one.
    std::string_view siret = who.siret;
    if (random.chance(50))
        siret.remove_prefix(std::min(siret.find_first_not_of('0'), siret.size()));
    field(siret);
    field(random.chance(6) ? "P" : "O");
    append_day(out, created);
    empty(1);
    field(kSizes[hash % kSizes.size()]);
    empty(2);
    append_day(out, kYear2022 + static_cast<std::int64_t>(hash % 900) * kDay);
    append(out, "T11:28:57,", hash % 2 == 0 ? "true" : "false", ",", 1 + hash % 5, ",");
    field(random.chance(50) ? "\"BATIMENT B, 2EME ETAGE\"" : "");
    append(out, 1 + hash % 120, ",,,,RUE,");
    field(random.chance(100) ? "\"DE LA PAIX, PROLONGEE\"" : "DE LA MAIRIE");
    field(postal);
    field(kTowns[hash % kTowns.size()]);
    empty(2);
    field(postal);
    empty(4);
    append(out, postal, "0042_B,", 400'000 + hash % 500'000, ".52,", 6'000'000 + hash % 900'000,
           ".31,");
    empty(14);
    append_day(out, created);
    empty(1);
    field(state);
    field(random.chance(300) ? "\"CHEZ \"\"MARCEL\"\"\"" : "");
    empty(2);
    field(random.chance(200) ? "MAIRIE" : "");
    field(random.chance(10) ? "99.99X" : naf_code(hash >> 16U));
    append(out, random.chance(5) ? "NAFRev1" : "NAFRev2", ",", hash % 3 == 0 ? "O" : "N", "\n");
}

std::string establishments(std::uint64_t seed, std::uint32_t companies, std::uint32_t count) {
    std::string out;
    for (std::size_t column = 0; column < kEstablishmentColumns.size(); ++column) {
        append(out, column == 0 ? "" : ",", kEstablishmentColumns[column]);
    }
    out.push_back('\n');
    Random random(mix(seed, 31));
    for (std::uint32_t index = 0; index < count; ++index) {
        // The first ones are companies that win contracts; the register knows many more.
        const std::uint32_t who = index < companies / 2 ? index * 2 : companies + index;
        append_establishment(out, company(seed, who), mix(seed, 41, index), random);
    }
    return out;
}

/// Five levels, as in the nomenclature: sections, divisions, groups, classes, subclasses.
std::int64_t append_naf(std::string& out) {
    std::int64_t rows = 0;
    const auto row = [&](std::string_view code, std::uint64_t hash) {
        append(out, code, ";", kTrades[hash % kTrades.size()], hash % 5 == 0 ? ", autres" : "",
               " (à l'exception de l'", word(hash >> 8U), ") ", rows, "\r\n");
        ++rows;
    };
    std::uint32_t division = 0;
    for (char section = 'A'; section <= 'U'; ++section) {
        row(std::string("SECTION ") + section, mix(1, static_cast<std::uint64_t>(section)));
        const std::uint32_t divisions = section < 'E' ? 5 : 4;
        for (std::uint32_t end = division + divisions; division < end;) {
            const std::string code = digits(++division, 2);
            row(code, mix(2, division));
            for (std::uint64_t group = 1; group <= 3; ++group) {
                const std::string group_code = code + "." + std::to_string(group);
                row(group_code, mix(3, division, group));
                for (std::uint64_t leaf = 1; leaf <= 2; ++leaf) {
                    const std::string class_code = group_code + std::to_string(leaf);
                    row(class_code, mix(4, division, group * 10 + leaf));
                    row(class_code + "Z", mix(4, division, group * 10 + leaf));
                }
            }
        }
    }
    return rows;
}

std::uint32_t scaled(std::uint32_t usual, std::uint32_t permille) {
    return static_cast<std::uint32_t>(
        std::max<std::uint64_t>(20, std::uint64_t{usual} * permille / 1000));
}

}  // namespace

ProcurementDocuments procurement_documents(const ProcurementRequest& request) {
    const std::uint32_t companies = scaled(kCompanies, request.scale_permille);
    ProcurementDocuments documents;
    documents.marches = scaled(kContracts, request.scale_permille);
    documents.etablissements = scaled(kEstablishments, request.scale_permille);

    documents.marches_json = "{\"marches\":[\n";
    Contracts(documents.marches_json, request.seed, companies)
        .write(static_cast<std::uint32_t>(documents.marches));
    documents.marches_json += "\n]}\n";

    documents.etablissements_csv = establishments(
        request.seed, companies, static_cast<std::uint32_t>(documents.etablissements));

    documents.naf_csv =
        "\xEF\xBB\xBF"
        "Code; Intitulés de la  NAF rév. 2, version finale \r\n";
    documents.naf = append_naf(documents.naf_csv);
    return documents;
}

Result<DatagenReport> generate_procurement(const ProcurementRequest& request) {
    if (request.out.empty()) return make_error(ErrorCode::kInvalidArgument, "no output folder");
    if (request.scale_permille < 1 || request.scale_permille > kScaleMax) {
        return make_error(ErrorCode::kInvalidArgument, "the scale is 0.001 to 1000, not {}.{:03}",
                          request.scale_permille / 1000, request.scale_permille % 1000);
    }
    INGOT_TRY(make_folder(request.out));
    const ProcurementDocuments documents = procurement_documents(request);
    DatagenReport report;
    const auto write = [&](std::string_view name, const std::string& text,
                           std::int64_t records) -> Status {
        GeneratedFile file{request.out + "/" + std::string(name), records, text.size(), 0};
        INGOT_TRY_ASSIGN(file.file_bytes, write_file(file.path, text));
        report.files.push_back(std::move(file));
        return {};
    };
    INGOT_TRY(write("marches.json", documents.marches_json, documents.marches));
    INGOT_TRY(write("etablissements.csv", documents.etablissements_csv, documents.etablissements));
    INGOT_TRY(write("naf.csv", documents.naf_csv, documents.naf));
    return report;
}

}  // namespace ingot::datagen
