"""Sentences for tokenizers to learn from: drawn from a few words with many endings, always the same ones."""

import random

PEOPLE = ["teacher", "painter", "baker", "farmer", "singer", "player", "reader", "writer"]
THINGS = ["house", "garden", "bridge", "river", "window", "letter", "picture", "story", "kitchen"]
ACTIONS = ["paint", "clean", "show", "follow", "remember", "answer", "open", "water", "visit"]
KINDS = ["quiet", "bright", "strange", "careful", "cheerful", "hopeful", "useful", "thoughtful"]
PLACES = ["near", "behind", "beside", "opposite", "inside", "outside"]

PERSONEN = ["Lehrer", "Maler", "Bäcker", "Gärtner", "Sänger", "Schüler", "Müller", "Förster"]
DINGE = ["Brücke", "Straße", "Küche", "Tür", "Blume", "Geschichte", "Mühle", "Wiese", "Größe"]
TUN = ["streich", "öffne", "male", "suche", "finde", "zeige", "besuche", "überquere"]
ARTEN = ["schön", "grün", "ruhig", "fröhlich", "müde", "freundlich", "wunderbar"]

# What a language of sentences does not have.
OTHERS = [
    "They don't say 'no', do they? I can't, I won't; we'll see, you're right, I've been, he'd go, it's I'm.",
    "In {year} there were {number} of them, {number}% more than in {year}; they cost ${number}.50 or €{number}.",
    "def {name}(self, x):\n    return self.{name}[x] + {number}\n",
    "for (let i = 0; i < {number}; i++) {{\n\t{name}.push(i);\n}}\n",
    "L'été, la rivière traverse la région; {number} élèves naïfs préfèrent la forêt près de la Seine.",
    "Быстрая лиса прыгает через реку, {number} раз.",
    "日本語の本を{number}冊読みました。 生活的真谛是什么？",
    "Η γρήγορη αλεπού πηδά πάνω από τον ποταμό.",
    "Yes :-) no :-( ... wait -- what?! \"Quoted\", (bracketed), [1] {{2}} <3> a/b\\c #tag @home 50°",
    "👍 thanks 👍🏽 and 👩‍👩‍👧‍👦 ½ of 10² ﬁne …",
]
NAMES = ["total", "items", "counter", "push_all", "toString", "result2"]


def sentences(count):
    """The first `count` of them."""
    rng = random.Random(0)
    pick = rng.choice

    def english():
        subject = f"the {pick(KINDS)} {pick(PEOPLE)}"
        thing = f"{pick(['the', 'a', 'every', 'another'])} {pick(THINGS)}"
        clause = pick(
            [
                f"{subject} {pick(ACTIONS)}s {thing}",
                f"{subject}s {pick(ACTIONS)}ed {thing} {pick(PLACES)} the {pick(THINGS)}s",
                f"{subject} is {pick(ACTIONS)}ing {thing} {pick(KINDS)}ly",
                f"{pick(['they', 'we', 'you'])} {pick(ACTIONS)} the un{pick(KINDS)} {pick(THINGS)}s",
                f"the {pick(KINDS)}ness of {thing} {pick(PLACES)} it",
            ]
        )
        return clause[0].upper() + clause[1:] + pick([".", ".", ".", "!", "?", ";", " "])

    def german():
        return pick(
            [
                f"Der {pick(ARTEN)}e {pick(PERSONEN)} {pick(TUN)}t die {pick(ARTEN)}e {pick(DINGE)}.",
                f"Die {pick(PERSONEN)} {pick(TUN)}n eine {pick(DINGE)}, und die {pick(DINGE)}n sind {pick(ARTEN)}er.",
                f"Hat der {pick(PERSONEN)} die {pick(DINGE)}n ge{pick(TUN)}t?",
            ]
        )

    def other():
        return pick(OTHERS).format(
            year=rng.randint(1990, 2030), number=rng.randint(1, 40), name=pick(NAMES)
        )

    return [pick([english, english, english, german, german, other])() for _ in range(count)]
