"""The values and tags that a request asks for and against."""

import numpy as np
import pytest

from indexer.name_keys import common_words
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.understanding.asking import AskingWords
from search_api.understanding.clauses import Clauses
from search_api.understanding.query import WORD, Query
from search_api.understanding.token_labels import LABELS, Label, TokenLabels
from search_api.understanding.wishes import read_wishes

TAXONOMY = load_taxonomy()
ASKING = AskingWords(TAXONOMY, common_words())


def weights(said: str, labels: TokenLabels | None = None, *, is_for_young: bool = False) -> dict[str, float]:
    wishes = read_wishes(Query(said), ASKING, TAXONOMY, clauses=Clauses(said), labels=labels, is_for_young=is_for_young)
    return wishes.values | wishes.tags


def labelled(said: str, **words: Label) -> TokenLabels:
    """Return labels of certainty: those of the words given, "other" for the rest."""
    matches = list(WORD.finditer(said))
    shares = np.zeros((len(matches), len(LABELS)), dtype=np.float32)
    for row, match in enumerate(matches):
        shares[row, LABELS.index(words.get(match[0].lower(), "other"))] = 1
    return TokenLabels([match.span() for match in matches], shares)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("something scarry", {"E6", "T-horror"}),
        ("something scray", {"E6", "T-horror"}),
        ("a tragik drama", {"T-tragedy"}),
        ("ghostly tales", {"T-ghosts"}),
        ("a psychological thriller", {"T-psychological-thriller", "T-thriller", "E7"}),
        ("cheer us up", {"E1", "T-feel-good"}),
        ("take his mind off things", {"E1"}),
        ("I should be in a good mood afterwards", {"E1"}),
        ("we want to cry", {"E4", "T-made-me-cry"}),
        ("calm me down please", {"E8"}),
        ("the bloodiest slasher there is", {"E12", "T-violence"}),
        ("an erotic thriller", {"T-pornographic", "E7"}),
        ("80s teen movies", {"PG1"}),
        ("a dry comedy", {"E9"}),
        ("bonkers robots and astronauts", {"SI7"}),
        ("a novel about losing a parent", {"PG4"}),
        ("something moving", {"T-moving", "E3"}),
        ("a film that is moving to watch", {"T-moving", "E3"}),
        ("a slow film", {"T-slow"}),
        ("I want to rewatch it", {"T-rewatchable"}),
        ("a novel worth rereading", {"T-rewatchable"}),
    ],
)
def test_what_is_wanted(said: str, wanted: set[str]) -> None:
    assert wanted <= {dimension for dimension, weight in weights(said).items() if weight > 0}


@pytest.mark.parametrize(
    ("said", "dimensions"),
    [
        ("dry humour", {"T-boring"}),
        ("the last ferry", {"T-cute"}),
        ("seeing what is new: see the world through a stranger's eyes", {"T-travel"}),
        ("slow, lovely landscapes", {"T-boring"}),
        ("black and white melodramas", {"SI3", "E16", "T-dark"}),
        ("I'd love a heist film", {"E13", "T-romance", "HR1"}),
        ("teen movies of the nineties", {"T-young-adult"}),
        ("good westerns", {"ME3", "T-good-versus-evil"}),
        ("films where the villain wins", {"ME3", "T-good-versus-evil"}),
        ("something for family night", {"HR3", "T-family"}),
        ("humour me: a musical", {"E9", "T-humor", "T-funny"}),
        ("for crying out loud, a decent heist", {"E4", "T-made-me-cry"}),
        ("work your magic, I need a heist", {"MS6", "T-magic"}),
        ("misery loves company, so a musical", {"HR6", "T-depressing"}),
        ("killing time, any musical will do", {"T-murder", "E12"}),
        ("dead tired, a musical please", {"T-death"}),
        ("my children are at war, help with a musical", {"SI6", "T-war"}),
        ("we sit in a dark room, something bright please", {"E16", "T-dark"}),
        ("I teach history. A musical please", {"L5", "T-history"}),
        ("my week was brutal. A musical please", {"E12", "T-violence"}),
        ("a musical for my sister", {"HR3", "T-family"}),
        ("I hope you can find me a musical", {"E2", "T-inspiring"}),
        ("a moving-house comedy, we are moving to Leeds", {"E3", "T-dramatic"}),
        ("my son is afraid of ghosts, a musical please", {"E6", "T-horror"}),
        ("a slow burn thriller", {"T-slow"}),
        ("a slow-burn romance", {"T-slow"}),
        ("dinner is in the slow cooker, a musical please", {"T-slow"}),
        ("we had a slow evening. A musical please", {"T-slow"}),
        ("a film about moving to a new town", {"T-moving", "T-sentimental", "E3"}),
        ("we are moving house, a musical please", {"T-moving", "T-sentimental", "E3"}),
        ("I'm rewatching the old westerns, something else please", {"T-rewatchable"}),
        ("a film about disappointment", {"T-disappointing"}),
    ],
)
def test_words_in_another_sense_ask_for_nothing(said: str, dimensions: set[str]) -> None:
    assert not dimensions & {dimension for dimension, weight in weights(said).items() if weight > 0}


@pytest.mark.parametrize(
    ("said", "unwanted"),
    [
        ("nothing slasher", {"E6", "T-horror"}),
        ("no comedies please", {"E9", "T-comedy"}),
        ("he hates westerns", {"T-western"}),
        ("she likes drama but can't stand romance, sex, violence", {"E13", "T-pornographic", "E12"}),
        ("a musical, hold the politics", {"T-politics"}),
        ("a musical without a body count", {"T-murder"}),
        ("a film that is not boring", {"T-boring"}),
        ("nothing slow", {"T-slow"}),
        ("a funny film that isn't slow, boring or disappointing", {"T-slow", "T-boring", "T-disappointing"}),
        ("not a disappointment", {"T-disappointing"}),
        ("a musical that won't disappoint", {"T-disappointing"}),
    ],
)
def test_what_is_refused(said: str, unwanted: set[str]) -> None:
    found = weights(said)
    assert {dimension: found.get(dimension) for dimension in unwanted} == dict.fromkeys(unwanted, -1.0)


def test_a_refused_narrow_word_leaves_what_is_wanted() -> None:
    found = weights("no vampires, a proper ghost story")
    assert (found["MS1"], found["T-ghosts"], found["T-vampires"]) == (1.0, 1.0, -1.0)
    assert "T-gothic" not in found


def test_a_refused_name_weighs_more_than_another_word_for_it() -> None:
    assert weights("sad but not depressing")["T-depressing"] == -1.0


def test_a_word_that_is_wanted_and_refused_weighs_nothing() -> None:
    assert "E11" not in weights("something epic, nothing epic")


def test_words_that_describe_a_refused_word_are_not_refused() -> None:
    found = weights("hard sci-fi, no space wizards")
    assert found["SI7"] == 1.0
    assert found["MS6"] == -1.0


def test_sensitive_tags_are_not_wanted_for_children() -> None:
    assert weights("a murder in the attic")["T-murder"] == 1.0
    assert "T-murder" not in weights("a murder in the attic", is_for_young=True)


def test_labels_and_clauses_that_agree_weigh_in_full() -> None:
    said = "tense westerns, no witches"
    found = weights(said, labelled(said, tense="wish", westerns="wish", witches="dislike"))
    assert (found["E7"], found["T-western"], found["MS6"]) == (1.0, 1.0, -1.0)


def test_where_labels_and_clauses_contradict_each_other_nothing_weighs() -> None:
    assert weights("no pirates", labelled("no pirates", pirates="wish")) == {}
    assert weights("bring on pirates", labelled("bring on pirates", pirates="dislike")) == {}


def test_what_only_the_labels_want_weighs_half_and_is_never_sensitive() -> None:
    said = "we sat there and giggled at the slasher"
    assert weights(said) == {}
    assert weights(said, labelled(said, slasher="wish")) == {"E6": 0.5, "T-horror": 0.5}


def test_words_that_are_surely_small_talk_ask_for_nothing() -> None:
    said = "something tense"
    assert weights(said, labelled(said)) == {}


def test_what_is_left_open_stays_open_whatever_the_labels_say() -> None:
    said = "I don't mind pirates"
    assert weights(said, labelled(said, pirates="wish")) == {}


def test_the_clause_says_how_much_a_labelled_word_is_refused() -> None:
    said = "not too tense"
    assert weights(said, labelled(said, tense="dislike"))["E7"] == -0.5


def test_an_own_taxonomy_may_say_what_its_words_do_not_mean() -> None:
    value = {"id": "X1", "name": "zest", "facet": "emotion", "description": "Full of zest."}
    own = Taxonomy.model_validate(
        {
            "version": "mine",
            "values": [value | {"ask": ["zesty"], "not_ask": ["zesty dressing"], "sensitive": True}],
            "small_talk": ["zesty as ever"],
        }
    )

    def read(said: str) -> dict[str, float]:
        return read_wishes(Query(said), AskingWords(own), own, clauses=Clauses(said)).values

    assert read("something zesty") == {"X1": 1.0}
    assert read("salad with zesty dressing") == {}
    assert read("zesty as ever, hello") == {}
    assert read("a bit zesty") == {}  # sensitive, and only half wanted


@pytest.mark.parametrize(
    ("said", "dimension", "weight"),
    [
        ("I used to adore tearjerkers, nowadays I can't bear them. Something cheerful", "E4", -1),
        ("we need a break from politics, something silly", "T-politics", -1),
        ("Not wanted: horror. A gentle film", "E6", -1),
        ("the scarier the better", "E6", 1),
        ("a creepier film", "E6", 1),
        ("a horrory film", "E6", 1),
        ("scary but not too scary, a film", "E6", 0.5),
        ("We missed the last half of a comedy. Find us another one", "E9", 1),
        ("no vampirs, a film", "T-vampires", -1),
        ("a musical, not too slow", "T-slow", -0.5),
        ("a musical that is a bit slow", "T-slow", 0.5),
    ],
)
def test_how_further_ways_of_asking_weigh(said: str, dimension: str, weight: float) -> None:
    assert weights(said).get(dimension) == weight


def test_where_somebody_is_asks_for_nothing() -> None:
    assert weights("a film, we still talk of it at the bakery") == {}
    assert "T-food" in weights("a film with a bakery in it")


def test_a_word_said_to_be_needed_outweighs_unsure_labels() -> None:
    said = "a film, it has to be clever"
    assert weights(said, labelled(said))["T-clever"] == 1


def test_side_by_side_refused_words_are_refused_by_half() -> None:
    both = weights("a novel, no comic fantasy")
    assert both["T-fantasy"] == -0.5
    assert weights("a novel, no fantasy")["T-fantasy"] == -1


def test_what_only_the_labels_refuse_weighs_half() -> None:
    said = "tales that make people cry somewhere in the middle of it all"
    labels = labelled(said, make="dislike", people="dislike", cry="dislike")
    assert all(weight >= -0.5 for weight in weights(said, labels).values())


def test_a_clause_refuses_only_what_the_labels_do_not_take_for_something_else() -> None:
    assert not weights("nothing sad", labelled("nothing sad"))
    assert weights("nothing sad", labelled("nothing sad", sad="dislike"))["E4"] == -1
