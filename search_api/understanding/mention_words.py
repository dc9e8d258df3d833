"""The words that people put around the names of works and people: "similar to", "hated", "put me to sleep"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from crawler.records import Kind
from indexer.name_keys import key_words
from search_api.understanding.phrases import BOOK_NOUNS, MOVIE_NOUNS, any_case, word_set

Sentiment = Literal["like", "unlike", "seen", "except", "unseen"]
"""What a person says of a work: liked, disliked, known, refused without a reason ("not X"), or not yet known."""

_ALIKE = {
    "#work": "film films movie movies flick flicks book books novel novels story stories tale tales show shows comedy "
    "comedies drama dramas thriller thrillers western westerns musical musicals classic classics memoir memoirs "
    "documentary documentaries cartoon cartoons fantasy horror horrors stuff things ones something anything more",
    "is": "is are was were",
    "isnt": "isnt arent wasnt werent",
    "me": "me us",
    "my": "my our his her their",
    "i": "i we he she they",
    "ive": "ive weve shes hes theyve",
    "have": "have has had",
    "dont": "dont didnt doesnt",
    "cant": "cant cannot couldnt",
    "did": "did does",
    "made": "made makes make",
    "bored": "bored bores",
    "put": "put puts sent sends",
    "left": "left leaves",
    "got": "got gets get",
    "went": "went goes go",
    "favourite": "favourite favourites favorite favorites fave faves fav favs favrite",
    "them": "them em those these",
    "reminds": "remind reminds reminded",
    "similar": "similar similiar simular simmilar simlar similer",
    "like": "like lik liek lke liike",
    "enjoyed": "enjoyed enjoyd enjoied",
}
CUE_FORMS: Mapping[str, str] = {word: form for form, words in _ALIKE.items() for word in words.split()}
"""The form in which cues are written, for each word that has another: "are my favorites" is "is my favourite"."""


class Cue(NamedTuple):
    """What some words say of the name beside them, and how sure they make it that there is a name, in [0, 1].

    `kind` is the kind of work that the words are used of: films are "watched", books "read".
    """

    words: tuple[str, ...]
    sentiment: Sentiment
    strength: float
    kind: Kind | None = None


Cues = Mapping[str, tuple[Cue, ...]]
"""Cues by their first word, the longest first."""


def _cues(*rows: tuple[Sentiment, float, Kind | None, str]) -> Cues:
    table: dict[str, list[Cue]] = {}
    for sentiment, strength, kind, phrases in rows:
        for phrase in phrases.split(","):
            plain = phrase.replace("#work", "film")
            words = tuple(CUE_FORMS.get(word.word, word.word) for word in key_words(plain))
            table.setdefault(words[0], []).append(Cue(words, sentiment, strength, kind))
    return {first: tuple(sorted(of_first, key=lambda cue: -len(cue.words))) for first, of_first in table.items()}


BEFORE = _cues(
    (
        "like",
        1.0,
        None,
        """similar to, comparable to, akin to, reminiscent of, reminds me of, in the spirit of, in the style of, in the
        vein of, in the tradition of, in the mould of, in the mold of, along the lines of, along the line of, as
        good as, fan of, fans of, such as, between, mix of, mixture of, same vibe as, same vibes as, same feel as,
        same feeling as, same mood as, vibes of, vibe of, feel of, obsessed with, in love with, grew up on, grew up
        with, blown away by, kind of like, exactly like, just like, #work like, cant look away from, could not look
        away from, cant stop thinking about, cant get enough of, cant put down, could not put down, never got tired
        of, cant got over, favourite is, favourite #work is, favourite include, hits is, hits so far is, hit is,
        liked, loved, likes, loves, i recommend, loved reading, loved watching, love reading, love watching, enjoyed
        reading, enjoyed watching, thinking about, best thing since""",
    ),
    (
        "like",
        0.5,
        None,
        """like, love, luv, luved, loving, liking, adore, adored, enjoy, enjoyed, enjoying, dig, favourite, than, as
        in, as much as, think of, thinking of, vein, rave about, want, crave, prefer, preferred, recommend, into,
        reading, watching, rewatch, rewatched, rewatching, reread, rereading, mood for, coming back to, cried at,
        laughed at, tore through, torn through, tear through, tears through, raced through, race through, ripped
        through, flew through, sailed through, devoured, devours, inhaled, gobbled up, wolfed down, binged, lapped up,
        ate up, hooked on, swear by, swears by, lost myself in""",
    ),
    (
        "like",
        1.0,
        "movie",
        "just watched, just saw, just finished watching, just rewatched, just seen, recently watched, recently saw",
    ),
    ("like", 1.0, "book", "just read, just finished reading, just reread, recently read"),
    ("like", 1.0, None, "just finished, recently finished"),
    (
        "unlike",
        1.0,
        None,
        """unlike, hated, hate, disliked, dislikes, dislike, loathed, loathe, detested, detest, despised, cant stand,
        can not stand, cant got into, cant got through, cant finish, could not finish, gave up on, bored by, sick
        of, tired of, disappointed by, disappointed with, let down by, flop is, flops is, put off by, put off,
        walked out of, dnfd, dnf, different from, different to, different than, opposite of, opposite to, fell
        asleep in, fell asleep during, dont care for, did not care for, never warmed to, cant warm to, no time for,
        cant be doing with, you can keep, you can keep your, can keep your, least favourite,
        underwhelmed by, annoyed by, traumatised by, traumatized by""",
    ),
    (
        "seen",
        1.0,
        "movie",
        "seen, watched, saw, seen all of, seen all the, watched all of, seen every, sat through",
    ),
    ("seen", 1.0, "book", "already read, have read, ive read, read all of, read all the, have already read"),
    ("seen", 0.5, "book", "read, finished reading"),
    ("seen", 1.0, None, "worn out, been through"),
    ("seen", 0.7, None, "finished, tried, try, already know, own, know, started, heard of"),
    (
        "except",
        1.0,
        None,
        """apart from, aside from, other than, except, except for, excluding, besides, not counting, #work but,
        everything but, no #work, not another, skip, leave out, not including, rather than, instead of, minus, that
        isnt, that is not, which isnt, thats not, enough of, done with, not the, ignore""",
    ),
    ("except", 0.5, None, "not, no, without, isnt"),
)
"""What stands directly before a name."""

AFTER = _cues(
    (
        "like",
        1.0,
        None,
        """is my favourite, is a favourite, is 1 of my favourite, is 1 of my all time favourite, is among my favourite,
        is my comfort, is my current favourite, is a current favourite, is my all time favourite, blew me away, blew
        my mind, got me, made me cry, made me laugh, have me, hit me, stayed with me, stuck with me, got under my
        skin, changed my life, broke me, wrecked me, is about as good as, is as good as, is the best, is hard to
        beat, is everything i want, went down well, my favourite, vibes, vibe, esque, is more my speed, is more my
        thing, meets, did it for me, is a hit, is hits, is right up my street, is right up my alley""",
    ),
    (
        "unlike",
        1.0,
        None,
        """put me to sleep, bored me, bored the, did nothing for me, dont do it for me, dont do anything for me, less
        so, not so much, left me cold, lost me, isnt for me, is not for me, not for me, not my thing, isnt my thing,
        is not my thing, not my cup of tea, isnt my cup of tea, sucked, sucks, annoyed me, drove me mad, drove me
        nuts, drove me crazy, gave me a headache, let me down, dragged, i hated, i disliked, i cant stand, i could
        not stand, i cant finish, i dont like, dont work for me, did not work for me, fell flat, made me angry, made
        me cringe, made me gag, made me sick, i gave up on, gave up, and gave up, dont land, wore me out, is a flop,
        flopped, is a miss, not at all, no thanks, got on my nerves, did my head in, is a waste of time, isnt great,
        isnt good, is not good""",
    ),
    (
        "seen",
        1.0,
        None,
        """i know by heart, i know well, i know, i already know, i know already, ive seen,
        i have seen, i saw, seen them all, seen it, seen
        them, already seen, seen all, seen, ive read, i have read, read them all, read it, read them, already read,
        ive already seen, ive already read, dont count, excluded, aside, excepted, done already, all seen, been
        there, watched them all, watched it, watched them, watched already, i own""",
    ),
)
"""What stands directly after a name."""
AFTER_FILLERS = word_set("both all really just also which that who have has i we ive weve always")

HEADINGS: Mapping[str, Sentiment] = {
    **dict.fromkeys(
        word_set(
            "liked loved likes loves like love favourites favorites faves favourite favorite enjoyed adored hits yes "
            "good"
        ),
        "like",
    ),
    **dict.fromkeys(word_set("disliked hated dislikes hates dislike hate flops misses no nope"), "unlike"),
    **dict.fromkeys(word_set("seen read watched skip exclude known finished already"), "seen"),
}
"""Words that say something of the whole list after their colon: "Liked: X, Y"."""

BE = word_set("is was are were isnt wasnt arent werent felt seemed feels looks looked its thats")
PRAISE = word_set(
    "perfect great amazing brilliant excellent fantastic wonderful awesome good fun lovely hilarious beautiful "
    "superb favourite favorite favourites favorites masterpiece best better magic delightful gorgeous incredible "
    "funny stunning ace terrific marvellous gem phenomenal nice cool unforgettable moving charming gripping "
    "outstanding loved"
)
BLAME = word_set(
    "boring awful terrible bad dull overrated disappointing meh slog letdown unwatchable dreadful rubbish horrible "
    "tedious poor annoying worst crap garbage trash stupid weak pretentious unreadable overlong miserable mediocre "
    "flop bland cheesy predictable"
)
REGRETS = any_case(
    r"[^A-Z]{0,6}(?:[^.!?\n]{0,60}[.!?\n]){0,2}[^.!?\n]{0,40}\b(?:(?:want|wanted|like|give me|asked for|demand(?:ed)?) "
    r"(?:my|our|his|her|their|those|that) (?:[\w']+ ){1,3}back|(?:what a|a|total|complete|such a) waste of"
    r"|wasted (?:my|our|an?|two|three)|never get (?:those|that) (?:[\w']+ ){1,3}back|wish (?:i|we) (?:hadn't"
    r"|had not))\b"
)
"""Words soon after a name by which the person regrets it: "I did. I want my afternoon back"."""
MOST_CHARACTERS_TO_REGRET = 160
LIKED_IT = word_set("loved liked enjoyed adored love like enjoy adore")
HATED_IT = word_set("hated disliked loathed hate dislike detested despised regretted")
REFERS_BACK = word_set("it its that thats them those these both this em each they")
CARRIES_ON = word_set("i we it that they both those he she loved liked hated and but absolutely really")
"""Words that begin a sentence which goes on about the names of the one before: "Loved it."."""

NOT_A_LIKE_AFTER = word_set(
    "would id wed youd hed shed theyd feel feels feeling felt look looks looked looking sound sounds seem seems "
    "seemed be"
)
"""Words before "like" that make it another word: "I'd like", "feels like"."""
NEGATORS = word_set(
    "not dont didnt doesnt never nothing isnt arent wasnt werent no nobody cant cannot couldnt wont wouldnt havent "
    "hasnt hadnt without hardly neither nor"
)
REFUSALS = NEGATORS | word_set("except avoid hate dislike skip")
INTENSIFIERS = word_set(
    "really particularly especially much so very too even actually quite just that all ever yet a big huge massive "
    "the any anything something at been truly exactly totally i we do is have want in"
)
"""Words between a negator and what it denies: "I don't really like", "not a big fan of"."""

FILLERS = word_set(
    "a an the e g eg say maybe perhaps really both and also watching reading rewatching ones called titled named "
    "this old original new classic recent movie movies film films flick flicks book books novel novels memoir series "
    "trilogy saga especially mostly probably all of about by are is were was include including either for example "
    "version versions instance some so something anything any every whole more of things stuff was my our his her their"
)
"""Words between a cue and the name: "loved the movie ...", "such as, for example, ..."."""
NOUN_KINDS: Mapping[str, Kind] = {
    **{noun: "movie" for noun in (*MOVIE_NOUNS, "watching", "rewatching", "watched", "documentary") if " " not in noun},
    **{noun: "book" for noun in (*BOOK_NOUNS, "reading", "memoir", "read") if " " not in noun},
}
"""Words beside a name that say what kind of work it is."""
SERIES_NOUNS = word_set("ones films movies books novels series saga franchise trilogy stuff")
"""Words after a name that stand for all works of that name."""
JOINTS = word_set("and or nor meets then plus also vs versus crossed with")
"""Words between two names of one list."""
CLAUSE_WORDS = word_set("and or but please with is was are were which who that because though although so for where")
"""Words that go on after a name."""
NAME_ENDS = word_set(
    "i im ive id and also or but movie movies film films book books is was can do what which something like the vol "
    "tv any really if then you it"
)
"""Words with a capital that do not belong to a name before or after them."""
VERSIONS = word_set("original old new remake")

NEVER_ALONE = word_set(
    "it this that these those them him her he she you me us i we mine yours 1 ones what when how up so all most any "
    "some other others both there here before everyone nothing something anything yes no not good great new old bad "
    "best more less much and or but the a an to of in on at for with as by from about like love my your our his "
    "their who which where why if is was be are were do did does have has had can could will would should may might "
    "must just now then than too very really only also please thanks thank hi hello hey movie movies film films book "
    "books novel novels story stories read watch show series"
)
"""Words that are not a title by themselves in lower case, whatever stands before them."""
IDIOMS = frozenset(
    (
        "other hand",
        "long run",
        "first time",
        "real life",
        "long time",
        "last night",
        "night out",
        "day off",
        "next time",
    )
)
"""Works are called so, but people mean something else."""
ASKING_NOUNS = word_set(
    "action comedy comedies drama dramas thriller thrillers horror horrors romance romances western westerns musical "
    "musicals documentary documentaries fantasy mystery mysteries scifi sci fi science fiction animation cartoon "
    "cartoons family kids children teen classic classics noir crime war history historical biography memoir suspense "
    "adventure superhero scary funny sad dark dry indie foreign romantic animated disney marvel pixar netflix anime "
    "christmas halloween thanksgiving easter english french german italian spanish japanese korean chinese british "
    "american indian swedish hollywood bollywood"
)
"""Words that ask for a kind of work."""
DAYS = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december christmas halloween easter thanksgiving valentine"
)
TIME_UNITS = word_set("second seconds minute minutes hour hours day days week weeks month months year years time times")
PLACE_PREPOSITIONS = word_set("in from to near at around visit visiting outside across via of through into")
KIN = word_set(
    "friend son daughter sister brother wife husband boyfriend girlfriend mum mom dad aunt uncle niece nephew cousin "
    "dog cat named hi hello hey im"
)
"""Words before the name of somebody whom the person knows."""

STYLE_WORDS = word_set("style styled esque ish like vibe vibes type feel")
"""Words after a person that ask for something alike, not for the person's works: "Wes Anderson style"."""
MAKER_WORDS = word_set(
    "by from starring featuring directed written with author director actor actress writer novelist stars"
)
BEFORE_PERSON = word_set("the director actor actress author writer great late either any some both")
SUBJECT_WORDS = word_set("about on of against to tell")
"""Words before a person whom the work is about."""
WORK_NOUNS_AFTER_PERSON = word_set(
    "film films movie movies book books novel novels flick flicks story stories work works stuff ones comedies "
    "comedy thriller thrillers drama dramas picture pictures vehicle adaptations adaptation classic classics "
    "westerns western musicals role roles"
)
