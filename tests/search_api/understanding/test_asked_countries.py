"""Where the works asked for come from, and their language."""

import pytest
from reading import fact

SCANDINAVIA = ["DK", "NO", "SE"]
COUNTRIES = [
    ("a Swedish film", {"any": ["SE"]}),
    ("anything good from Poland?", {"any": ["PL"]}),
    ("I'd like it not to be American", {"none": ["US"]}),
    ("the new wave of Czech cinema", {"any": ["CZ"]}),
    ("an Australian or NZ thriller", {"any": ["AU", "NZ"]}),
    ("no Hollywood remakes", {"none": ["US"]}),
    ("cinema from Africa, and best of all something from Mali", {"any": ["ML"]}),
    ("a film about a cook, but Danish", {"any": ["DK"]}),
    ("a novel about leaving home, by a Greek author", {"any": ["GR"]}),
    ("you know those Spanish ghost films? I want that but Japanese", {"any": ["JP"]}),
    ("the best British films", {"any": ["GB"]}),
    ("korean thrillers pls", {"any": ["KR"]}),
    ("a Japanese film", {"any": ["JP"]}),
    ("a quiet Iranian family drama", {"any": ["IR"]}),
    ("Mexican horror", {"any": ["MX"]}),
    ("Irish or Scottish comedies", {"any": ["IE", "GB"]}),
    ("French, Belgian and Swiss films", {"any": ["FR", "BE", "CH"]}),
    ("films made in Norway", {"any": ["NO"]}),
    ("a thriller from Spain or Portugal", {"any": ["ES", "PT"]}),
    ("a comedy from the US", {"any": ["US"]}),
    ("a US crime drama", {"any": ["US"]}),
    ("movies from the U.S.", {"any": ["US"]}),
    ("a New Zealand comedy", {"any": ["NZ"]}),
    ("something Swedish and bleak", {"any": ["SE"]}),
    ("it has to be Italian", {"any": ["IT"]}),
    ("Scandinavian crime", {"any": SCANDINAVIA}),
    ("a K-drama for the weekend", {"any": ["KR"]}),
    ("Bollywood musicals", {"any": ["IN"]}),
    ("an old Hollywood film", {"any": ["US"]}),
    ("a novel by a Nigerian author", {"any": ["NG"]}),
    ("books by Japanese women writers", {"any": ["JP"]}),
    ("Russian novels", {"any": ["RU"]}),
    ("a spaghetti western", {"any": ["IT"]}),
    ("anime about food", {"any": ["JP"]}),
    ("No American films, please", {"none": ["US"]}),
    ("a heist film, but not American", {"none": ["US"]}),
    ("non-American horror", {"none": ["US"]}),
    ("a drama from anywhere but the US", {"none": ["US"]}),
    ("thrillers from any country except France", {"none": ["FR"]}),
    ("nothing French or Italian", {"none": ["FR", "IT"]}),
    ("films from outside the UK", {"none": ["GB"]}),
    ("a crime film, not from Denmark", {"none": ["DK"]}),
    ("a Danish film, nothing American", {"any": ["DK"], "none": ["US"]}),
    ("My aunt is from Chile. She'd love a film from Peru.", {"any": ["PE"]}),
    ("We leave for Rome on Friday, so an Italian comedy would be lovely", {"any": ["IT"]}),
]
LANGUAGES = [
    ("a film in Swedish", {"any": ["sv"]}),
    ("English only please, a thriller", {"any": ["en"]}),
    ("any novel in Portuguese?", {"any": ["pt"]}),
    ("films in French or Italian", {"any": ["fr", "it"]}),
    ("a Korean-language thriller", {"any": ["ko"]}),
    ("Spanish language horror", {"any": ["es"]}),
    ("Hindi films", {"any": ["hi"]}),
    ("something spoken in German", {"any": ["de"]}),
    ("books translated from Polish", {"any": ["pl"]}),
    ("a thriller, any language but English", {"none": ["en"]}),
    ("films in any language other than English", {"none": ["en"]}),
    ("a drama that isn't in English", {"none": ["en"]}),
    ("non-English horror", {"none": ["en"]}),
    ("a foreign film", {"none": ["en"]}),
    ("foreign-language crime series", {"none": ["en"]}),
    ("a comedy, no subtitles please", {"any": ["en"]}),
]


@pytest.mark.parametrize(("text", "countries"), COUNTRIES)
def test_countries(text: str, countries: dict[str, list[str]]) -> None:
    read = fact(text, "countries") or {}
    assert {part: set(codes) for part, codes in read.items()} == {part: set(codes) for part, codes in countries.items()}
    assert fact(text, "language") is None


@pytest.mark.parametrize(("text", "language"), LANGUAGES)
def test_languages(text: str, language: dict[str, list[str]]) -> None:
    assert (fact(text, "language"), fact(text, "countries")) == (language, None)


@pytest.mark.parametrize(
    "text",
    [
        "a film set in Paris",
        "a novel set anywhere but England",
        "Last month I finished a Swedish crime novel. Now something funny.",
        "a film set in France",
        "a film about a French cook",
        "films about the French Revolution",
        "a film with good Indian food",
        "my English teacher wants a book",
        "a novel about the American dream",
        "a film with a German shepherd",
        "a Korean War film",
        "a Spanish Civil War novel",
        "a Vietnam War movie",
        "a film on the British Empire",
        "Greek mythology for beginners",
        "an English novel",
        "a Swedish chef comedy",
        "a Native American story",
        "an African American family saga",
        "my wife is from Brazil and we want a film",
        "we just came home from Greece, a comedy please",
        "my Polish neighbour wants a thriller",
        "I am learning Italian, which film should I watch?",
        "give us a film that will cheer us up",
        "a film for us films lovers",
        "a drama. Bonus if it's British",
        "a German film would be fine too, but any country is ok",
        "a film that doesn't have to be in English",
        "English subtitles are fine, a film please",
        "maybe a French film",
        "a novel about two men from Ireland",
        "French kiss",
        "we loved the Swedish film, now a book?",
        "a film with subtitles is fine",
        "a road trip from Chile to Peru",
    ],
)
def test_words_of_countries_that_ask_for_none(text: str) -> None:
    assert (fact(text, "countries"), fact(text, "language")) == (None, None)


def test_a_wish_for_a_country_after_a_theme_and_a_refused_language() -> None:
    assert fact("a thriller about a chef, swedish if possible", "countries")["any"] == ["SE"]
    assert fact("films or books, as long as they are from Peru", "countries")["any"] == ["PE"]
    assert fact("no English please, a drama", "language")["none"] == ["en"]
