"""The table of countries: it maps the codes, names and adjectives that sources write to the codes of records.

A country's code is its ISO 3166-1 alpha-2 code. A state that is gone keeps the code that it had (ISO 3166-3: `SU`,
`CS`, `DD`, `YU`), because that is where the work was made; `country_and_successors` finds it under today's states too.
Other codes are alpha-3 codes and those that TMDB and IMDb write for gone states. Names and adjectives are in lower
case and without accents. The codes are those of pycountry 24.6.1, the names those of the Unicode CLDR and common ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# A record's code | its other codes | names | adjectives
_TABLE = """
    AD | and             | andorra | andorran
    AE | are             | united arab emirates; uae | emirati
    AF | afg             | afghanistan | afghan
    AG | atg             | antigua and barbuda |
    AI | aia             | anguilla |
    AL | alb             | albania | albanian
    AM | arm             | armenia | armenian
    AN | ant anhh        | netherlands antilles |
    AO | ago             | angola | angolan
    AQ | ata             | antarctica |
    AR | arg             | argentina | argentine; argentinian; argentinean
    AS | asm             | american samoa |
    AT | aut             | austria | austrian
    AU | aus             | australia | australian; aussie
    AW | abw             | aruba |
    AX | ala             | aland islands |
    AZ | aze             | azerbaijan | azerbaijani
    BA | bih             | bosnia and herzegovina; bosnia | bosnian
    BB | brb             | barbados | barbadian
    BD | bgd             | bangladesh | bangladeshi
    BE | bel             | belgium | belgian; flemish; walloon
    BF | bfa             | burkina faso | burkinabe
    BG | bgr             | bulgaria | bulgarian
    BH | bhr             | bahrain | bahraini
    BI | bdi             | burundi | burundian
    BJ | ben             | benin | beninese
    BL | blm             | saint barthelemy |
    BM | bmu             | bermuda |
    BN | brn             | brunei; brunei darussalam |
    BO | bol             | bolivia | bolivian
    BQ | bes             | caribbean netherlands |
    BR | bra             | brazil | brazilian
    BS | bhs             | bahamas | bahamian
    BT | btn             | bhutan | bhutanese
    BV | bvt             | bouvet island |
    BW | bwa             | botswana | botswanan
    BY | blr             | belarus | belarusian; belarussian
    BZ | blz             | belize | belizean
    CA | can             | canada | canadian; quebecois
    CC | cck             | cocos (keeling) islands |
    CD | cod zr zar zrcd | democratic republic of the congo; dr congo; congo; zaire | congolese
    CF | caf             | central african republic | central african
    CG | cog             | republic of the congo |
    CH | che             | switzerland | swiss
    CI | civ             | cote d'ivoire; ivory coast | ivorian
    CK | cok             | cook islands |
    CL | chl             | chile | chilean
    CM | cmr             | cameroon | cameroonian
    CN | chn             | china; mainland china; people's republic of china | chinese; mainland chinese
    CO | col             | colombia | colombian
    CR | cri             | costa rica | costa rican
    CS | csk cshh xc     | czechoslovakia | czechoslovak; czechoslovakian
    CU | cub             | cuba | cuban
    CV | cpv             | cape verde; cabo verde | cape verdean
    CW | cuw             | curacao |
    CX | cxr             | christmas island |
    CY | cyp             | cyprus | cypriot
    CZ | cze             | czechia; czech republic | czech
    DD | ddr ddde xg     | east germany; german democratic republic; gdr | east german
    DE | deu xwg         | germany; federal republic of germany; west germany | german; west german
    DJ | dji             | djibouti |
    DK | dnk             | denmark | danish
    DM | dma             | dominica |
    DO | dom             | dominican republic | dominican
    DZ | dza             | algeria | algerian
    EC | ecu             | ecuador | ecuadorian; ecuadorean
    EE | est             | estonia | estonian
    EG | egy             | egypt | egyptian
    EH | esh             | western sahara |
    ER | eri             | eritrea | eritrean
    ES | esp             | spain | spanish; catalan; basque; galician
    ET | eth             | ethiopia | ethiopian
    FI | fin             | finland | finnish
    FJ | fji             | fiji | fijian
    FK | flk             | falkland islands |
    FM | fsm             | micronesia |
    FO | fro             | faroe islands | faroese
    FR | fra             | france | french
    GA | gab             | gabon | gabonese
    GB | gbr uk          | united kingdom; uk; great britain; britain | british
    GB |                 | england; scotland; wales; northern ireland | english; scottish; welsh; northern irish
    GD | grd             | grenada |
    GE | geo             | georgia | georgian
    GF | guf             | french guiana |
    GG | ggy             | guernsey |
    GH | gha             | ghana | ghanaian
    GI | gib             | gibraltar |
    GL | grl             | greenland | greenlandic
    GM | gmb             | gambia | gambian
    GN | gin             | guinea | guinean
    GP | glp             | guadeloupe |
    GQ | gnq             | equatorial guinea |
    GR | grc             | greece | greek
    GS | sgs             | south georgia and south sandwich islands; south georgia and the south sandwich islands |
    GT | gtm             | guatemala | guatemalan
    GU | gum             | guam |
    GW | gnb             | guinea-bissau |
    GY | guy             | guyana | guyanese
    HK | hkg             | hong kong | hong kong
    HM | hmd             | heard island and mcdonald islands |
    HN | hnd             | honduras | honduran
    HR | hrv             | croatia | croatian
    HT | hti             | haiti | haitian
    HU | hun             | hungary | hungarian
    ID | idn             | indonesia | indonesian
    IE | irl             | ireland; republic of ireland | irish
    IL | isr             | israel | israeli
    IM | imn             | isle of man |
    IN | ind             | india | indian
    IO | iot             | british indian ocean territory |
    IQ | irq             | iraq | iraqi
    IR | irn             | iran | iranian; persian
    IS | isl             | iceland | icelandic
    IT | ita             | italy | italian
    JE | jey             | jersey |
    JM | jam             | jamaica | jamaican
    JO | jor             | jordan | jordanian
    JP | jpn             | japan | japanese
    KE | ken             | kenya | kenyan
    KG | kgz             | kyrgyzstan | kyrgyz; kyrgyzstani
    KH | khm             | cambodia | cambodian
    KI | kir             | kiribati |
    KM | com             | comoros |
    KN | kna             | saint kitts and nevis |
    KP | prk             | north korea | north korean
    KR | kor             | south korea; republic of korea; korea | south korean; korean
    KW | kwt             | kuwait | kuwaiti
    KY | cym             | cayman islands |
    KZ | kaz             | kazakhstan | kazakh; kazakhstani
    LA | lao             | laos; lao people's democratic republic | laotian; lao
    LB | lbn             | lebanon | lebanese
    LC | lca             | saint lucia |
    LI | lie             | liechtenstein | liechtensteiner
    LK | lka             | sri lanka; ceylon | sri lankan
    LR | lbr             | liberia | liberian
    LS | lso             | lesotho | basotho
    LT | ltu             | lithuania | lithuanian
    LU | lux             | luxembourg | luxembourgish; luxembourgian
    LV | lva             | latvia | latvian
    LY | lby             | libya | libyan
    MA | mar             | morocco | moroccan
    MC | mco             | monaco | monegasque
    MD | mda             | moldova | moldovan
    ME | mne             | montenegro | montenegrin
    MF | maf             | saint martin |
    MG | mdg             | madagascar | malagasy
    MH | mhl             | marshall islands |
    MK | mkd             | north macedonia; macedonia | macedonian; north macedonian
    ML | mli             | mali | malian
    MM | mmr bu bur bumm | myanmar; burma | burmese
    MN | mng             | mongolia | mongolian
    MO | mac             | macao; macau | macanese
    MP | mnp             | northern mariana islands |
    MQ | mtq             | martinique |
    MR | mrt             | mauritania | mauritanian
    MS | msr             | montserrat |
    MT | mlt             | malta | maltese
    MU | mus             | mauritius | mauritian
    MV | mdv             | maldives | maldivian
    MW | mwi             | malawi | malawian
    MX | mex             | mexico | mexican
    MY | mys             | malaysia | malaysian
    MZ | moz             | mozambique | mozambican
    NA | nam             | namibia | namibian
    NC | ncl             | new caledonia |
    NE | ner             | niger | nigerien
    NF | nfk             | norfolk island |
    NG | nga             | nigeria | nigerian
    NI | nic             | nicaragua | nicaraguan
    NL | nld             | netherlands; holland | dutch
    NO | nor             | norway | norwegian
    NP | npl             | nepal | nepalese; nepali
    NR | nru             | nauru |
    NU | niu             | niue |
    NZ | nzl             | new zealand | new zealand; kiwi
    OM | omn             | oman | omani
    PA | pan             | panama | panamanian
    PE | per             | peru | peruvian
    PF | pyf             | french polynesia |
    PG | png             | papua new guinea | papua new guinean
    PH | phl             | philippines | filipino; philippine
    PK | pak             | pakistan | pakistani
    PL | pol             | poland | polish
    PM | spm             | saint pierre and miquelon |
    PN | pcn             | pitcairn islands; pitcairn |
    PR | pri             | puerto rico | puerto rican
    PS | pse             | palestine; palestinian territories; state of palestine | palestinian
    PT | prt             | portugal | portuguese
    PW | plw             | palau |
    PY | pry             | paraguay | paraguayan
    QA | qat             | qatar | qatari
    RE | reu             | reunion |
    RO | rou             | romania | romanian
    RS | srb scg csxx    | serbia | serbian
    RU | rus             | russia; russian federation | russian
    RW | rwa             | rwanda | rwandan
    SA | sau             | saudi arabia | saudi; saudi arabian
    SB | slb             | solomon islands |
    SC | syc             | seychelles |
    SD | sdn             | sudan | sudanese
    SE | swe             | sweden | swedish
    SG | sgp             | singapore | singaporean
    SH | shn             | saint helena, ascension and tristan da cunha |
    SI | svn             | slovenia | slovenian; slovene
    SJ | sjm             | svalbard and jan mayen |
    SK | svk             | slovakia | slovak; slovakian
    SL | sle             | sierra leone | sierra leonean
    SM | smr             | san marino |
    SN | sen             | senegal | senegalese
    SO | som             | somalia | somali; somalian
    SR | sur             | suriname | surinamese
    SS | ssd             | south sudan | south sudanese
    ST | stp             | sao tome and principe |
    SU | sun suhh        | soviet union; ussr | soviet
    SV | slv             | el salvador | salvadoran
    SX | sxm             | sint maarten |
    SY | syr             | syria; syrian arab republic | syrian
    SZ | swz             | eswatini; swaziland |
    TC | tca             | turks and caicos islands |
    TD | tcd             | chad | chadian
    TF | atf             | french southern and antarctic lands; french southern territories |
    TG | tgo             | togo | togolese
    TH | tha             | thailand | thai
    TJ | tjk             | tajikistan | tajik; tajikistani
    TK | tkl             | tokelau |
    TL | tls tp tmp      | timor-leste; east timor |
    TM | tkm             | turkmenistan | turkmen
    TN | tun             | tunisia | tunisian
    TO | ton             | tonga | tongan
    TR | tur             | turkiye; turkey | turkish
    TT | tto             | trinidad and tobago; trinidad | trinidadian; trinidadian and tobagonian
    TV | tuv             | tuvalu |
    TW | twn             | taiwan | taiwanese
    TZ | tza             | tanzania | tanzanian
    UA | ukr             | ukraine | ukrainian
    UG | uga             | uganda | ugandan
    UM | umi             | united states minor outlying islands |
    US | usa             | united states; united states of america; usa; us; america | american
    UY | ury             | uruguay | uruguayan
    UZ | uzb             | uzbekistan | uzbek; uzbekistani
    VA | vat             | vatican city; vatican; holy see |
    VC | vct             | saint vincent and grenadines; saint vincent and the grenadines |
    VE | ven             | venezuela | venezuelan
    VG | vgb             | british virgin islands |
    VI | vir             | us virgin islands |
    VN | vnm             | vietnam; viet nam | vietnamese
    VU | vut             | vanuatu |
    WF | wlf             | wallis and futuna |
    WS | wsm             | samoa | samoan
    XK | xkx xko         | kosovo | kosovan; kosovar
    YE | yem             | yemen | yemeni
    YT | myt             | mayotte |
    YU | yug yucs xyu    | yugoslavia; federal republic of yugoslavia | yugoslav; yugoslavian
    ZA | zaf             | south africa | south african
    ZM | zmb             | zambia | zambian
    ZW | zwe             | zimbabwe | zimbabwean
"""
_ROWS = [[column.strip() for column in row.split("|")] for row in _TABLE.strip().splitlines()]
_CODES = frozenset(code for code, _, _, _ in _ROWS)
_BY_OTHER_CODE = {other: code for code, others, _, _ in _ROWS for other in others.split()}
_BY_NAME = {name: code for code, _, names, _ in _ROWS for name in names.split("; ")}

COUNTRY_ADJECTIVES: Mapping[str, str] = {
    adjective: code for code, _, _, adjectives in _ROWS for adjective in adjectives.split("; ") if adjective
}
"""The code of a country by its adjective, in lower case: `swedish` is SE."""

_SUCCESSORS: Mapping[str, tuple[str, ...]] = {
    "CS": ("CZ", "SK"),
    "DD": ("DE",),
    "SU": ("RU",),
    "YU": ("BA", "HR", "ME", "MK", "RS", "SI"),
}
"""The states under which works of a gone state are found as well. Most Soviet films were made in Russia."""

_NOT_ASKED = frozenset(
    # "us" is a pronoun, "English" mostly a language; the rest are first names, a shirt and a state of the US
    ("us", "english", "catalan", "basque", "galician", "flemish", "kiwi", "chad", "jordan", "jersey", "georgia")
)
ASKED_COUNTRIES: Mapping[str, tuple[str, ...]] = {
    **{
        phrase: (code,)
        for phrase, code in sorted({**_BY_NAME, **COUNTRY_ADJECTIVES}.items())
        if phrase not in _NOT_ASKED
    },
    "u.s.": ("US",),
    "u.k.": ("GB",),
    "bollywood": ("IN",),
    "nollywood": ("NG",),
    "scandinavian": ("DK", "NO", "SE"),
    "nordic": ("DK", "FI", "IS", "NO", "SE"),
}
"""The codes of works of a country, by the name or adjective that a request may use, in lower case and without accents.
Words that mean something else more often are left out."""


def normalise_country(text: str) -> str:
    """Return a record's code for what a source writes: a code or an English name.

    Raises:
        ValueError: neither is known.
    """
    country = country_of_code(text) or country_of_name(text)
    if country is None:
        raise ValueError("unknown country: give an ISO 3166 code or an English name")
    return country


def country_of_code(code: str) -> str | None:
    """Return a record's code for an alpha-2 or alpha-3 code, or one of TMDB and IMDb, in any case; None if unknown."""
    code = code.strip()
    return code.upper() if code.upper() in _CODES else _BY_OTHER_CODE.get(code.lower())


def country_of_name(name: str) -> str | None:
    """Return a record's code for an English name, such as "Russian Federation" or "the UK"; None if it is unknown."""
    return _BY_NAME.get(_fold(name).removeprefix("the "))


def country_name(code: str) -> str:
    """Return the English name of a country, such as "Sweden"; the code itself where the table has no name."""
    name = next((name for name, known in _BY_NAME.items() if known == code), code)
    return re.sub(r"(?<= )(?:And|Of|The)(?= )", lambda small: small[0].lower(), name.title()) if name != code else code


def country_and_successors(code: str) -> tuple[str, ...]:
    """Return the code, and for a state that is gone those of the states that followed it."""
    return (code, *_SUCCESSORS.get(code, ()))


def _fold(name: str) -> str:
    """Return a name in lower case, without accents, brackets and the dots of abbreviations ("U.S.A.")."""
    name = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    name = re.sub(r"\s*\([^)]*\)", "", name.replace("\u2019", "'").replace("&", "and"))
    return " ".join(re.sub(r"(?<=\b\w)\.", "", name).split())
