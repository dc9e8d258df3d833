"""The table of languages: it maps the codes and English names that sources write to the codes of records.

A language needs a row if it has a name, a second code or a shorter code. A code of two or three letters that is in no
row is kept as it is. Names are those of ISO 639-2 (https://www.loc.gov/standards/iso639-2/) and common ones. Mandarin
and Cantonese have the code of Chinese, and Bokmål and Nynorsk that of Norwegian, since sources differ in which of the
two they write for the same work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# A record's code | its other codes (ISO 639-2 bibliographic and terminological, withdrawn ones, TMDB's `cn`) | names
_TABLE = """
    af  | afr     | afrikaans
    am  | amh     | amharic
    ang |         | english, old; old english
    ar  | ara     | arabic
    as  | asm     | assamese
    az  | aze     | azerbaijani
    be  | bel     | belarusian
    bg  | bul     | bulgarian
    bn  | ben     | bengali
    bo  | tib bod | tibetan
    br  | bre     | breton
    bs  | bos     | bosnian
    ca  | cat     | catalan
    ceb |         | cebuano
    co  | cos     | corsican
    cop |         | coptic
    cs  | cze ces | czech
    cu  | chu     | church slavic
    cy  | wel cym | welsh
    da  | dan     | danish
    de  | ger deu | german
    egy |         | egyptian
    el  | gre ell | greek; greek, modern
    en  | eng     | english
    enm |         | english, middle; middle english
    eo  | epo     | esperanto
    es  | spa     | spanish; castilian
    et  | est     | estonian
    eu  | baq eus | basque
    fa  | per fas | persian; farsi
    fi  | fin     | finnish
    fil |         | filipino
    fo  | fao     | faroese
    fr  | fre fra | french
    frm |         | french, middle
    fro |         | french, old
    fy  | fry     | western frisian
    ga  | gle     | irish
    gd  | gla     | gaelic; scottish gaelic
    gl  | glg     | galician
    gmh |         | german, middle high
    gn  | grn     | guarani
    goh |         | german, old high
    grc |         | greek, ancient; ancient greek
    gu  | guj     | gujarati
    ha  | hau     | hausa
    haw |         | hawaiian
    he  | heb iw  | hebrew
    hi  | hin     | hindi
    hr  | hrv scr | croatian
    ht  | hat     | haitian
    hu  | hun     | hungarian
    hy  | arm hye | armenian
    id  | ind in  | indonesian
    ig  | ibo     | igbo
    is  | ice isl | icelandic
    it  | ita     | italian
    ja  | jpn     | japanese
    jv  | jav     | javanese
    ka  | geo kat | georgian
    kk  | kaz     | kazakh
    km  | khm     | khmer; central khmer
    kn  | kan     | kannada
    ko  | kor     | korean
    ku  | kur     | kurdish
    kw  | cor     | cornish
    ky  | kir     | kyrgyz; kirghiz
    la  | lat     | latin
    lad |         | ladino
    lb  | ltz     | luxembourgish
    lo  | lao     | lao
    lt  | lit     | lithuanian
    lv  | lav     | latvian
    mg  | mlg     | malagasy
    mi  | mao mri | maori
    mk  | mac mkd | macedonian
    ml  | mal     | malayalam
    mn  | mon     | mongolian
    mr  | mar     | marathi
    ms  | may msa | malay
    mt  | mlt     | maltese
    my  | bur mya | burmese
    nds |         | low german
    ne  | nep     | nepali
    nl  | dut nld | dutch; flemish
    no  | nor nb nob nn nno | norwegian; norwegian bokmål; bokmål, norwegian; norwegian nynorsk; nynorsk, norwegian
    non |         | norse, old
    nv  | nav     | navajo
    oc  | oci     | occitan
    or  | ori     | odia; oriya
    ota |         | turkish, ottoman
    pa  | pan     | punjabi; panjabi
    pi  | pli     | pali
    pl  | pol     | polish
    ps  | pus     | pashto; pushto
    pt  | por     | portuguese
    qu  | que     | quechua
    rm  | roh     | romansh
    ro  | rum ron | romanian; moldavian
    ru  | rus     | russian
    rw  | kin     | kinyarwanda
    sa  | san     | sanskrit
    scn |         | sicilian
    sco |         | scots
    sd  | snd     | sindhi
    si  | sin     | sinhala; sinhalese
    sk  | slo slk | slovak
    sl  | slv     | slovenian
    sm  | smo     | samoan
    sn  | sna     | shona
    so  | som     | somali
    sq  | alb sqi | albanian
    sr  | srp scc | serbian
    su  | sun     | sundanese
    sv  | swe     | swedish
    sw  | swa     | swahili
    syr |         | syriac
    ta  | tam     | tamil
    te  | tel     | telugu
    tg  | tgk     | tajik
    th  | tha     | thai
    ti  | tir     | tigrinya
    tk  | tuk     | turkmen
    tl  | tgl     | tagalog
    tn  | tsn     | tswana
    tr  | tur     | turkish
    tt  | tat     | tatar
    ug  | uig     | uyghur; uighur
    uk  | ukr     | ukrainian
    ur  | urd     | urdu
    uz  | uzb     | uzbek
    vi  | vie     | vietnamese
    wo  | wol     | wolof
    xh  | xho     | xhosa
    yi  | yid ji  | yiddish
    yo  | yor     | yoruba
    zh  | chi zho cmn yue cn | chinese; mandarin; cantonese; mandarin chinese; yue chinese
    zu  | zul     | zulu
"""
_ROWS = [[column.strip() for column in row.split("|")] for row in _TABLE.strip().splitlines()]
_BY_OTHER_CODE = {other: code for code, others, _ in _ROWS for other in others.split()}
_BY_NAME = {name: code for code, _, names in _ROWS for name in names.split("; ")}

_NO_LANGUAGE = re.compile("un|xx|und|mul|mis|zxx|q[a-t][a-z]")
"""Codes for unknown, several or no languages, and the private codes of ISO 639-2 (`qaa` to `qtz`)."""
_NO_LANGUAGE_NAMES = frozenset(
    ("", "multiple languages", "undetermined", "uncoded languages", "no linguistic content", "no language", "unknown")
)

_ASKED_NAMES = """
    arabic bengali cantonese chinese czech danish dutch english farsi finnish french german greek hebrew hindi hungarian
    icelandic indonesian italian japanese korean mandarin norwegian persian polish portuguese romanian russian spanish
    swedish tamil telugu thai turkish ukrainian urdu vietnamese
"""
ASKED_LANGUAGES: Mapping[str, tuple[str, ...]] = {name: (_BY_NAME[name],) for name in _ASKED_NAMES.split()}
"""The codes of works in a language, by the name that a request may use. Names that also mean something else ("scots",
"latin") are left out."""


def normalise_language(text: str) -> str | None:
    """Return a record's code for what a source writes: a code, a language tag or an English name.

    None if it says that the language is unknown, or that there are several languages or none.

    Raises:
        ValueError: it is neither a code of two or three letters nor a known name.
    """
    if text.strip().lower() in _NO_LANGUAGE_NAMES:
        return None
    code = _primary_code(text)
    if not code and not (code := language_of_name(text) or ""):
        raise ValueError("unknown language: give an ISO 639 code or an English name")
    return None if _NO_LANGUAGE.fullmatch(code) else _BY_OTHER_CODE.get(code, code)


def language_of_code(code: str) -> str | None:
    """Return a record's code for a code or a language tag (`pt-BR`); None if it is malformed or names no language."""
    code = _primary_code(code)
    return None if not code or _NO_LANGUAGE.fullmatch(code) else _BY_OTHER_CODE.get(code, code)


def language_of_name(name: str) -> str | None:
    """Return a record's code for an English name, such as "Greek, Modern (1453-)" or "Spanish; Castilian", if known."""
    parts = (part.split("(")[0].strip() for part in name.lower().split(";"))
    return next((_BY_NAME[part] for part in parts if part in _BY_NAME), None)


def language_name(code: str) -> str:
    """Return the English name of a language, such as "Japanese"; the code itself where the table has no name."""
    return next((name.title() for name, known in _BY_NAME.items() if known == code), code)


def _primary_code(tag: str) -> str:
    """Return the language of a tag (`pt` of `pt-BR` and `pt_BR`), in lower case; empty if it is not a tag."""
    code = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
    return code if re.fullmatch("[a-z]{2,3}", code) else ""
