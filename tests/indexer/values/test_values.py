"""The packaged taxonomy, and the message for a taxonomy that cannot be used."""

from pathlib import Path

import pytest

from indexer.errors import TaxonomyInvalid
from indexer.values.taxonomy import load_taxonomy

HOPE = """
[[values]]
id = "E2"
name = "hope"
facet = "emotion"
description = "It leaves you hopeful."
"""

SATIRE = """
[[tags]]
name = "dark satire"
description = "It mocks society."
labels = ["satirical"]
ask = ["pokes fun at society", "Tongue-in-Cheek"]
"""


def write_taxonomy(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_has_six_groups_of_eight_themes_sixteen_emotions_eight_learnings():
    taxonomy = load_taxonomy()
    groups: dict[str | None, list[str]] = {}
    for value in taxonomy.values:
        groups.setdefault(value.group or value.facet, []).append(value.id)
    assert {group: len(ids) for group, ids in groups.items()} == {
        "human relationships and emotions": 8,
        "personal growth and self-discovery": 8,
        "social issues and messages": 8,
        "survival and challenge": 8,
        "moral dilemmas and ethics": 8,
        "mystery and the supernatural": 8,
        "emotion": 16,
        "learning": 8,
    }
    assert groups["emotion"] == [f"E{number}" for number in range(1, 17)]
    assert groups["survival and challenge"] == [f"SC{number}" for number in range(1, 9)]


def test_finds_values_by_id_and_by_name():
    taxonomy = load_taxonomy()
    assert taxonomy.by_id["E5"].name == "inspiration"
    assert taxonomy.by_name["time travel"].id == "MS4"
    assert taxonomy.ids[0] == "HR1"


def test_every_value_can_be_labelled_and_asked_for():
    for value in load_taxonomy().values:
        assert 4 <= len(value.cues) <= 8, value.id
        assert value.tags, value.id
        assert value.name.replace("-", " ") in value.ask, value.id
        assert len(set(value.ask)) == len(value.ask), value.id


def test_every_tag_can_be_labelled_and_asked_for():
    for tag in load_taxonomy().tags:
        assert len(tag.ask) >= 10, tag.name
        assert len(set(tag.ask)) == len(tag.ask), tag.name
        assert len(set(tag.labels)) == len(tag.labels), tag.name
        assert tag.name not in (*tag.ask, *tag.labels), tag.name


def test_tags_are_asked_for_in_words_that_do_not_name_them():
    asking = load_taxonomy().asking_tags
    assert "T-satire" in asking["pokes fun at society"]
    assert "T-made-me-cry" in asking["bawl my eyes out"]
    assert "T-dystopia" in asking["totalitarian"]
    assert asking["good versus evil"] == {"T-good-versus-evil": 1.0}


def test_opposites_are_mutual():
    taxonomy = load_taxonomy()
    for value in taxonomy.values:
        for opposite in value.opposites:
            assert value.id in taxonomy.by_id[opposite].opposites, (value.id, opposite)


def test_roll_ups_stand_for_a_whole_facet():
    taxonomy = load_taxonomy()
    members = {rollup.name: [value.id for value in taxonomy.members(rollup)] for rollup in taxonomy.rollups}
    assert members["emotional stimulation"] == [f"E{number}" for number in range(1, 17)]
    assert members["educational value"] == [f"L{number}" for number in range(1, 9)]


def test_knows_what_asking_words_ask_for():
    asking = load_taxonomy().asking
    assert asking["inspiring"] == {"E5": 1.0}
    assert asking["feel good"] == {"E1": 1.0, "E8": 1.0}
    assert asking["educational value"] == {f"L{number}": pytest.approx(8**-0.5) for number in range(1, 9)}


def test_takes_the_users_own_file_instead(tmp_path: Path):
    taxonomy = load_taxonomy(write_taxonomy(tmp_path, 'version = "mine-2"\n' + HOPE))
    assert taxonomy.version == "mine-2"
    assert taxonomy.ids == taxonomy.dimensions == ("E2",)
    assert taxonomy.tags == ()
    assert taxonomy.asking_tags == {}


def test_tags_follow_the_values_as_dimensions(tmp_path: Path):
    taxonomy = load_taxonomy(write_taxonomy(tmp_path, 'version = "1"\n' + SATIRE + HOPE))
    assert taxonomy.ids == ("E2",)
    assert taxonomy.dimensions == ("E2", "T-dark-satire")
    assert taxonomy.names == {"E2": "hope", "T-dark-satire": "dark satire"}
    assert taxonomy.tags[0].labels == ("satirical",)


def test_tags_are_asked_for_by_name_and_in_other_words(tmp_path: Path):
    taxonomy = load_taxonomy(write_taxonomy(tmp_path, 'version = "1"\n' + HOPE + SATIRE))
    satire = {"T-dark-satire": 1.0}
    assert taxonomy.asking_tags == {"dark satire": satire, "pokes fun at society": satire, "tongue in cheek": satire}
    assert "dark satire" not in taxonomy.asking


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("version = ", "is not TOML"),
        (HOPE, "version: field required"),
        ('version = "1"\nvalues = []', "values: none is given"),
        ('version = "1"\n' + HOPE + HOPE, "value E2: id: given twice"),
        ('version = "1"\n' + HOPE + HOPE.replace("E2", "E3"), "value E3: name: 'hope' is given twice"),
        ('version = "1"\n' + HOPE + 'opposites = ["E99"]', "value E2: opposites: no value has the id 'E99'"),
        ('version = "1"\n' + HOPE + 'opposites = ["E2"]', "value E2: opposites: a value is not its own opposite"),
        ('version = "1"\n' + HOPE.replace("description", "descripton"), "value E2: description: field required"),
        ('version = "1"\n' + HOPE.replace("It leaves you hopeful.", " "), "value E2: description: string should have"),
        ('version = "1"\n' + HOPE.replace('id = "E2"', ""), "value hope: id: field required"),
        ('version = "1"\n' + HOPE.replace("emotion", "mood"), "value E2: facet: input should be"),
        ('version = "1"\n' + HOPE.replace("emotion", "theme"), "value E2: group: a theme belongs to a group"),
        ('version = "1"\n[[values]]\nfacet = "theme"', "value number 1: id: field required"),
        ('version = "1"\n' + HOPE + SATIRE + SATIRE, "tag dark satire: name: given twice"),
        (
            'version = "1"\n' + HOPE + SATIRE + SATIRE.replace("dark satire", "Dark Satire"),
            "tag Dark Satire: name: given",
        ),
        (
            'version = "1"\n' + HOPE + SATIRE + SATIRE.replace("dark satire", "dark-satire"),
            "tag dark-satire: name: its id, T-dark-satire, is that of tag dark satire",
        ),
        (
            'version = "1"\n' + HOPE.replace("E2", "T-dark-satire") + SATIRE,
            "tag dark satire: name: its id, T-dark-satire, is that of value T-dark-satire",
        ),
        ('version = "1"\n' + HOPE + SATIRE.replace("labels", "lables"), "tag dark satire: lables: extra inputs"),
        ('version = "1"\n' + HOPE + SATIRE.replace("It mocks society.", ""), "tag dark satire: description: string"),
        ('version = "1"\nvalues = 3', "values: input should be a valid tuple"),
    ],
)
def test_says_in_one_line_what_is_wrong_with_a_file(tmp_path: Path, text: str, complaint: str):
    path = write_taxonomy(tmp_path, text)
    with pytest.raises(TaxonomyInvalid) as caught:
        load_taxonomy(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert complaint in message
    assert "\n" not in message


def test_says_when_there_is_no_such_file(tmp_path: Path):
    with pytest.raises(TaxonomyInvalid, match=r"nowhere\.toml: cannot be read: No such file"):
        load_taxonomy(tmp_path / "nowhere.toml")


def test_says_when_a_file_is_not_utf8(tmp_path: Path):
    path = tmp_path / "latin.toml"
    path.write_bytes(b'version = "\xe9"')
    with pytest.raises(TaxonomyInvalid, match="is not UTF-8"):
        load_taxonomy(path)
