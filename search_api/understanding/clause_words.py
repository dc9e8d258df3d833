"""The words and phrases by which a clause wants, refuses or leaves open what stands in it.

Each table says what its words do, so that `clauses` is left with the grammar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from search_api.understanding.phrases import word_set

_CONTRACTIONS = word_set(
    "don't doesn't didn't can't couldn't won't wouldn't shouldn't isn't aren't wasn't weren't haven't hasn't hadn't "
    "ain't i'm i've needn't mustn't that's"
)
_UNSPELLED: Mapping[str, str] = {word.replace("'", ""): word for word in _CONTRACTIONS}
"""Contractions by their spelling without the apostrophe."""

NOT = word_set(
    "not never neither nor don't doesn't didn't can't cannot couldn't won't wouldn't shouldn't isn't aren't wasn't "
    "weren't haven't hasn't hadn't ain't needn't mustn't"
)
"""Negators of a verb or an adjective, which reach less far than "no" and "without"."""
NO = word_set("no nothing without none minus zero sans nobody nowhere")

Effect: TypeAlias = Literal["deny", "soften", "neutral", "want", "mute"]

_FORWARD: Mapping[Effect, str] = {
    "deny": """
        hate|hates|hated|hating|dislike|dislikes|disliked|disliking|loathe|loathes|loathed|detest|detests|detested
        despise|despises|despised|abhor|abhors|avoid|avoids|avoiding|skip|skip the|skipping|hold the|spare me
        spare us|leave out|leave off|leave aside|rule out|ditch the|steer clear of|stay clear of|stay away from
        keep away from|away from|keep off|stay off|give a miss|go without|do without|tired of|sick of|bored of
        bored with|bored by|weary of|fed up with|fed up of|done with|through with|over with|had it with
        had it up to here with|had enough of|had my fill of|had our fill of|enough of|enough with|burnt out on
        burned out on|overdosed on|sick to death of|so over|i'm over|am over|we're over|totally over|completely over
        allergic to|put off by|turned off by|no more|never again|anything but|everything but|free of|free from
        devoid of|lacking|instead of|rather than|other than|except|except for|excluding|apart from|aside from
        with the exception of|as long as it's not|as long as it isn't|as long as there's no|as long as there is no
        as long as it is not|provided it's not|provided it isn't|let's not|i'd rather not|would rather not
        prefer not|won't touch|wouldn't touch|turn down|dealbreaker|deal breaker|disliked were|the flop was
        the flops were|flops|flop|the dud was|the duds were|gave up on|walked out of|fell asleep during
        fell asleep in|didn't finish|couldn't finish|could not get into|couldn't get into|can't get into
        can't be doing with|can't be dealing with|can't be bothered with|couldn't care less about
        life's too short for|not in the mood for|not up for|not here for|no fan of|not a fan of|not fond of
        not keen on|triggered by|squeamish about|sensitive to|trouble with|struggle with|struggles with
        holiday from|break from
        breaks from|rest from|breather from|respite from|vacation from|relief from|detox from|time off from
        time out from|timeout from|get away from|getting away from|need an escape from|want an escape from
        need to escape|you can keep|you can keep your|she can keep|he can keep|would throw|would bin|would burn
        would hate|would loathe|would run from|would run a mile from|run a mile from|runs a mile from
        would walk out of|has banned|have banned|had banned|we banned|we've banned|has vetoed|have vetoed|vetoed
        gone off|went off|outgrown|grown out of|pass on|i'll pass on|what doesn't work|what does not work
        what didn't work|what we don't want|what i don't want|what puts me off|what puts us off|what to avoid
        """,
    "soften": """
        not too|not so|not very|not overly|not all that|not that|not quite|not as|not much|not a lot of|not entirely
        not completely|not exclusively|not particularly|not especially|not extremely|not terribly|not super
        not excessively|not heavily|not too much|not too many|not just another|nothing too|nothing very
        nothing overly|nothing excessively|nothing particularly|nothing super|nothing terribly|no excessive
        no extreme|no overly|no needless|no gratuitous|without too much|without too many|without excessive
        without being too|without getting too|isn't too|aren't too|don't overdo|as little|very little|little to no
        hardly any|barely any|no more than a|go easy on|goes easy on|easy on|go light on|light on|tone down|less
        fewer|too much|too many
        """,
    "neutral": """
        don't mind|doesn't mind|wouldn't mind|won't mind|didn't mind|don't care|doesn't care|don't care if
        no matter if|don't care about whether|doesn't have to be|don't have to be|doesn't need to be
        don't need to be|needn't be|doesn't have to|don't have to|doesn't need to|not necessarily|doesn't matter if
        doesn't matter whether|doesn't matter how|don't dislike|doesn't dislike|don't hate|doesn't hate
        not averse to|not opposed to|not against|not afraid of|not scared of|nothing against|nothing wrong with
        no problem with|no issue with|no objection to|no objections to|fine with|okay with|ok with|cool with
        happy with|good with|whether|regardless of|despite|not sure|not sure about|i'm open to|open to
        can take or leave|could take or leave|not without|can handle|don't object to|not bothered by
        not bothered about|haven't seen|haven't read|haven't watched|haven't tried|never seen|never read|never tried
        never watched|because|cause|since it|given that|after a|after an|after my|after our|after the|going through
        getting over|recovering from|because of|due to|in the middle of|back from|scared of|scared by|afraid of
        frightened of|terrified of|used to love|used to like|used to enjoy|used to adore|used to be into
        used to watch|used to read|used to devour|used to binge|is my|was my|are my|were my|could be|can be|may be
        might be
        """,
    "want": """
        not only|not just|not merely|not simply|nothing but|why not|can't get enough of|couldn't get enough of
        can't resist|couldn't look away from|couldn't put down|can't beat|can't go wrong with|never tire of
        never get tired of|never bored of|don't skimp on|don't be afraid of|don't hold back on|no less than
        nothing beats|nothing better than|nothing like a good|more|plenty of|lots of|bring on
        """,
    "mute": """
        no idea|no matter|no plans|no time|no rush|no worries|no doubt|no wonder|no clue|no offence|no offense
        no one|no longer|no particular|no preference|no pressure|no joke|no kidding|no luck|no internet|no more than
        no less|no later than|no earlier than|no older than|no longer than|no shorter than|not more than
        not less than|not longer than|not shorter than|not older than|not later than|not earlier than|can't wait
        can't decide|can't choose|can't think|can't believe|can't find|can't sleep|can't remember|can't go out
        can't get out|can't count|don't know|doesn't know|didn't know|don't think|don't get me wrong|don't ask
        don't worry|don't judge|don't laugh|why don't|why doesn't|isn't it|aren't you|don't you|can't you
        couldn't agree|haven't slept|nothing else|nothing more|nothing less|not at all|not bad|not yet|not long
        not him|not her|not them|not those|be less|being less|feel less|feeling less|become less|get less
        less than|fewer than|more than|no fewer than|don't usually|don't normally|don't often|doesn't usually
        enough to|break from reality|escape from reality|escape from it all|get away from it all|if not|or not
        not for nothing|not to mention|nobody finishes|nothing will do|stop at nothing
        """,
}
"""Phrases, parted by "|" and line ends, by what they do to the words after them."""

_BACKWARD: Mapping[Effect, str] = {
    "deny": """
        is not|are not|isn't|aren't|is out|are out|is a no|are a no|is a no go|are a no go|no thanks|no thank you
        a no|a no no|hard no|a hard no|big no|a big no|is a big no|is a hard no|not my thing|not my cup of tea
        isn't my thing|aren't my thing|isn't my cup of tea|aren't my cup of tea|not my jam|isn't for me
        aren't for me|not for me|not for us|isn't for us|aren't for us|not interested|never again|need not apply
        please no|bore me|bores me|bored me|bore us|bored us|put me off|puts me off|puts him off|puts her off
        put him off|put her off|leave me cold|leaves me cold|left me cold|turn me off|turns me off|annoy me
        annoys me|annoyed me|ruin it|ruins it|ruins it for me|kills it for me|kill it for me|spoil it|spoils it
        spoils it for me|put me to sleep|puts me to sleep|sent me to sleep|gets on my nerves|get on my nerves
        drives me mad|irritates me|make me queasy|makes me queasy|is a dealbreaker|are a dealbreaker|is a turn off
        are a turn off|is off the table|are off the table|off limits|banned|excluded|not allowed|was awful
        was terrible|was boring|was dull|was a flop|was a dud|was rubbish|was a letdown|was disappointing
        was overrated|is overrated|did nothing for me|did nothing for us|do nothing for me|does nothing for me
        didn't do it for me|didn't work for me|did not work for me|didn't grab me|disappointed me|let me down
        i can't stand|i can't bear|i can't abide|i can't take|i can't do|i hate|i dislike|i loathe|i detest
        i can do without|i could do without|i can live without|i'd skip|i'd rather skip|i'd rather avoid
        i don't want|i don't need|i don't like|we don't like|we can't stand|we hate|he hates|she hates|they hate
        he can't stand|she can't stand|he doesn't like|she doesn't like|hated it|hated that|hated that one
        didn't like it|didn't like that|hated them|hated those|didn't like them|couldn't finish it|gave up on it
        gave up on them|gave up halfway
        """,
    "soften": """
        less so|not so much|not as much|not really|in moderation|in small doses|kept to a minimum|to a minimum
        toned down|rather less
        """,
    "neutral": """
        is fine|are fine|fine|is ok|are ok|is okay|are okay|ok|okay|is alright|are alright|is all right
        are all right|welcome|is welcome|are welcome|all welcome|welcomed|allowed|is allowed|are allowed|either way
        is optional|optional|are optional|is no problem|are no problem|no problem|doesn't bother me|don't bother me
        doesn't bother us|don't bother us|doesn't matter|don't matter|i don't mind|we don't mind|i do not mind
        he doesn't mind|she doesn't mind|i can take or leave|or not|is not a must|isn't a must|not essential
        not needed|not required|isn't necessary|aren't necessary|not necessary|is not necessary|no object
        not an issue|isn't an issue|isn't a problem|aren't a problem|not a problem|isn't essential|don't hurt
        doesn't hurt|wouldn't hurt|works too|work too|would work|is possible|are possible|i can handle|we can handle
        """,
    "want": """
        yes|is great|are great|is good|are good|is a must|are a must|is essential|are essential|is perfect
        are perfect|was perfect|were perfect|i do want|i do like|i love|we love|i like|he loves|she loves|they love
        i want|we want|would be great|would be good|would be nice|would be lovely|would be perfect|would be ideal
        is a plus|a plus|are a plus|is a big plus|a big plus|is a huge plus|a huge plus|is a definite plus
        is always a plus|would be a plus|is a bonus|a bonus|are a bonus|is a big bonus|a big bonus
        would be a bonus|gets bonus points|always welcome|is always welcome|are always welcome|is very welcome
        are very welcome|goes a long way|appreciated|preferred|preferably|is what i want
        is my thing|are my thing|is my jam|is my favourite|is my favorite|are my favourite|are my favorite
        are my favourites|is my comfort|was great|was brilliant|was wonderful|was amazing|was fantastic|was superb
        was a masterpiece|is a masterpiece|was a hit|were hits|were great|were brilliant|were wonderful|loved it
        loved them|loved those|adored it|adored them|loved that|loved that one|loved both|liked both
        loved every minute
        """,
}
"""Phrases by what they do to the words before them in their clause."""

SOFTENERS = word_set(
    "too very so overly that particularly especially extremely excessively excessive terribly super much really "
    "entirely quite gratuitous graphic explicit heavy"
)
"""After a negator they ask for less, not for none: "isn't too sad"."""
SOFTENING = SOFTENERS - word_set("really graphic explicit gratuitous heavy that")
AFTER_NEGATOR = word_set(
    "a an any anything the to be being have having want wanted wanting like liked need looking for something some one "
    "make makes get gets feel feels is it it's of with in mood really into"
)
"""Words that may stand between a negator and a softener: "don't want anything too sad"."""

VERBS_OF_LIKING = word_set(
    "like want enjoy need care fancy love stand bear take do handle stomach abide watch read recommend suggest give "
    "show find include contain involve feature"
)
OPENS_PHRASE = word_set(
    "a an i i'm i'd i've i'll we we're we'd we've he he's she she's it it's they they're you my our his her their "
    "this there there's just only something anything someone please preferably ideally instead rather maybe perhaps "
    "also plus yet though although while however give show find recommend suggest looking want need love loves like "
    "likes adore adores enjoy enjoys loved liked adored enjoyed prefer prefers wants needs thanks thank set more "
    "bonus what which how with about for from let think then otherwise so ok okay now nowadays lately today these"
)
"""After a comma, these begin something new, which an earlier negator does not govern."""
SUBJECTS = word_set("i i'm i'd i've i'll we we're we'd we've he he's she she's they they're you you're it it's")
SUBORDINATORS = word_set(
    "that which who whom whose where when if as than what how until before after while because whether like why and or"
)
FINITE = word_set(
    "is are was were am be's has have had does do did will would should can could may might must isn't aren't sounds "
    "looks works makes feels"
)
BEGINS_CLAUSE = word_set(
    "my please nothing definitely make makes give show find recommend suggest cheer calm help bring hit want wants "
    "need needs loves likes hates prefers would looking tonight only"
)
RESETS = word_set("but however instead though although yet otherwise whereas still")
NOUNS_OF_WORKS = word_set(
    "film films movie movies book books novel novels story stories something anything stuff thing things one ones "
    "tale tales flick flicks read reads kind sort type lot bit plot plots ending endings scene scenes"
)

ASKS = word_set(
    "want wants wanted wanting need needs like likes love loves prefer prefers crave craving fancy looking searching "
    "seeking hoping hope wish recommend recommends recommended recommendation recommendations rec recs suggest "
    "suggests suggestion suggestions find give show gimme hit get bring tell help something anything someone nothing "
    "no not without any please pls plz should shouldn't could must mood enjoy enjoys enjoying adore adores into fan "
    "fans favourite favorite ideas idea avoid hate hates dislike dislikes skip film films movie movies book books "
    "novel novels read watch watching picture flick flicks documentary documentaries comedy comedies drama dramas "
    "thriller thrillers horror western westerns musical musicals romance romances mystery mysteries fantasy memoir "
    "memoirs biography biographies stories story tale tales fiction nonfiction anime cartoon cartoons poetry make "
    "makes leave leaves cheer take calm transport more less best top greatest 'd i'd we'd rather instead preferably "
    "ideally bonus which what else mind fine welcome ok okay spare minus zero enough tired sick only tonight just "
    "miss"
)
"""A clause that reports nothing of the person asks if it has one of these, or has no verb at all."""
BEGINS_WISH = word_set("it that which it's that's a an some any plenty lots")
"""A clause that begins so may have a verb and still ask: "it should be short", "an ending you can argue about"."""
BEFORE_ENOUGH = word_set("had seen got")
"""Without one of these before it, "enough" refuses only at the start of a clause: "enough zombies"."""
PERSONS = word_set("i i'm i've we we're we've he he's she she's they they're my our his her their you your")
IS_AFTER = frozenset((("i'm", "after"), ("we're", "after"), ("am", "after"), ("are", "after")))
OWN = word_set("i i'm i've i'd we we're we've we'd my our")
STRONG_ASKS = word_set(
    "want wants need needs wish like likes love loves prefer prefers crave craving fancy looking searching seeking "
    "hoping recommend suggest find give show gimme something anything nothing please pls plz should mood i'd we'd 'd "
    "rather avoid hate hates dislike dislikes skip spare without any enjoy enjoys adore adores fan fans into mind "
    "calm cheer make transport could miss take hit bring afraid scared stand abide bear handle stomach"
)
"""A clause about the person ("I ...", "my ...") asks only if it has one of these, or a negator of its own."""
REPORTS = word_set(
    "loved liked hated disliked enjoyed adored watched saw seen finished tried devoured reread rewatched binged "
    "despised"
)
_OTHER_PAST = word_set(
    "was were had did didn't wasn't weren't used gave fell found thought bored wept cried laughed lost grew went came "
    "left got been couldn't made"
)
PAST = REPORTS | _OTHER_PAST


ENDS_REFUSAL = word_set("just only please pls rather preferably ideally")
"""Words that end what a negator governs, once it has refused something: "no gore, just suspense"."""
AFTER_BACKWARD = word_set(
    "for by with too though either anymore and to again these now please in at this tonight every so as because since "
    "when"
)
"""Words that may follow what is said of a subject: "is fine by me"."""


def spell(word: str) -> str:
    """Return a word in lower case, with the apostrophe that "dont" and the like lack."""
    folded = word.casefold()
    return _UNSPELLED.get(folded, folded)


Table: TypeAlias = Mapping[str, tuple[tuple[tuple[str, ...], Effect], ...]]


def _table(phrases: Mapping[Effect, str]) -> Table:
    """Return phrases by their first word, the longest first; "n't" and "not" are both looked up."""
    entries: dict[tuple[str, ...], Effect] = {}
    for effect, text in phrases.items():
        for line in text.strip().splitlines():
            for phrase in line.strip().split("|"):
                words = tuple(phrase.split())
                for variant in _spellings(words):
                    entries.setdefault(variant, effect)
    by_first: dict[str, list[tuple[tuple[str, ...], Effect]]] = {}
    for words, effect in sorted(entries.items(), key=lambda entry: -len(entry[0])):
        by_first.setdefault(words[0], []).append((words, effect))
    return {first: tuple(entries) for first, entries in by_first.items()}


def _spellings(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """Yield a phrase as it is and with "not" apart: "don't mind", "do not mind"."""
    yield words
    for at, word in enumerate(words):
        if word.endswith("n't"):
            stem = {"can't": "can", "won't": "will"}.get(word, word[:-3])
            yield (*words[:at], stem, "not", *words[at + 1 :])
            if word == "can't":
                yield (*words[:at], "cannot", *words[at + 1 :])


FORWARD_TABLE = _table(_FORWARD)
BACKWARD_TABLE = _table(_BACKWARD)
