"""Writes rouge.json: ROUGE of pairs of real texts, as rouge-score scores them, and stems of NLTK's.

Usage: python make_rouge.py SCITLDR_FOLDER MULTI30K_FOLDER   (with test.jsonl; with train.en, test_2016_flickr.en)
Made with Python 3.11, rouge-score 0.1.2, nltk 3.10.4. The pairs are a summary against the first
sentence of its abstract, and a caption against the next one; the edge cases are written here. The
stems are of words of both sets: a sample, and those that NLTK stems otherwise than Porter did.
"""

import json
import platform
import random
import re
import sys
from importlib.metadata import version
from pathlib import Path

from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer

random.seed(42)

METRICS = ["rouge1", "rouge2", "rougeL"]
EDGES = {
    "equal": ("A dog runs fast.", "A dog runs fast."),
    "empty hypothesis": ("", "A dog runs fast."),
    "empty reference": ("A dog runs fast.", ""),
    "both empty": ("", ""),
    "punctuation only": ("... !? --", "A dog, running."),
    "punctuation on both sides": ("...", "!?"),
    "no common word": ("x y z w v", "a b c d e"),
    "one word": ("dog", "Dog!"),
    "one word of two": ("dog", "a dog"),
    "no common 2-gram": ("a x b y c z", "a b c d"),
    "repeated words": ("the the the the the the the", "the cat is on the mat"),
    "repeated 2-grams": ("a b a b a b c", "a b c a b"),
    "other order": ("e d c b a", "a b c d e"),
    "two subsequences": ("a b c d x y z", "x y z a b c d"),
    "digits": ("In 1,000.50 of 10-20 (3.5%) GPT2 v1.0", "in 1000.50 of 10 20, 3 5 percent gpt 2 v1 0"),
    "apostrophes": ("don't can't it's 'quoted' well-known", "don t cant its quoted well known"),
    "underscore and hyphen": ("snake_case kebab-case", "snake case kebab case"),
    "umlauts": ("Die Grüße über Flüsse", "die gr e ber flusse"),
    "combining accents": ("cafe\u0301 re\u0301sume\u0301", "cafe re sume"),
    "no latin letters": ("日本語の本", "русский текст"),
    "lower case becomes ASCII": ("\u212aelvin \u0130stanbul \u212b", "kelvin istanbul i stanbul a"),
    "full-width": ("ＡＢＣ abc １２３", "abc 123"),
    "unicode digits": ("x² ٣ ½ 7", "x 2 3 1 2 7"),
    "astral": ("😀good𝟙boy", "good boy"),
    "white space": ("  a\u00a0b\tc\u2028d\n e\x85f\x1cg ", "a b c d e f g"),
    "zero-width": ("a\ufeffb c\u200bd", "a b c d"),
    "stems": ("He flies happily, generalizing relational conditions", "fly happy generalization relate condition"),
    "irregular": ("dying skies, lying news innings", "die sky lie news inning"),
    "short words keep their s": ("gas was his bus", "ga wa hi bu"),
}
"""Irregular words and rules that the data lack."""
WORDS = """
sky skies dying lying tying news inning innings outing outings canning cannings howe proceed exceed succeed
caresses ponies ties flies dies caress cats feed agreed plastered bled motoring sing conflated troubled sized hopping
tanned falling hissing fizzed failing filing happy enjoy spied died spy fly try by say owed using aged
relational conditional rational valenci hesitanci digitizer conformabli radicalli differentli vileli analogousli
vietnamization predication operator feudalism decisiveness hopefulness callousness formaliti sensitiviti sensibiliti
ally rally radically bally hopefully fulli geology theology archaeology logi apology vocationalli
triplicate formative formalize electriciti electrical hopeful goodness revival allowance inference airliner
gyroscopic adjustable defensible irritant replacement adjustment dependent adoption homologou communism activate
angulariti homologous effective bowdlerize religion probate rate cease controll roll ize ate
sses bys disenabled capitalism talkativeness yyyy yyyyed syzygy toy yyes ayed a1b2ing 1990s 100ed 22nding ied eed ing ed s y abbly
""".split()


def words_of(text):
    return re.findall("[a-z0-9]+", text.lower())


def score(hypothesis, reference, stemmer):
    scores = RougeScorer(METRICS, use_stemmer=stemmer).score(reference, hypothesis)
    return [list(map(float, scores[metric])) for metric in METRICS]


scitldr, multi30k = map(Path, sys.argv[1:])
papers = [json.loads(line) for line in (scitldr / "test.jsonl").read_text("utf-8").splitlines()]
captions = (multi30k / "test_2016_flickr.en").read_text("utf-8").splitlines()
pairs = [(name, *edge) for name, edge in EDGES.items()]
pairs += [(f"SciTLDR {i}", papers[i]["target"][0], papers[i]["source"][0]) for i in range(0, 600, 15)]
pairs += [(f"Multi30k {i}", captions[i], captions[i + 1]) for i in range(0, 1000, 40)]

texts = [sentence for paper in papers for sentence in [*paper["source"], *paper["target"]]]
texts += (multi30k / "train.en").read_text("utf-8").splitlines()
vocabulary = sorted({word for text in texts for word in words_of(text)})
nltk = PorterStemmer()
published = PorterStemmer(PorterStemmer.ORIGINAL_ALGORITHM)
different = [word for word in vocabulary if nltk.stem(word) != published.stem(word)]
sample = random.sample(vocabulary, 2000) + random.sample(different, min(150, len(different))) + WORDS
golden = {
    "versions": {name: version(name) for name in ["rouge-score", "nltk"]} | {"python": platform.python_version()},
    "pairs": [
        {
            "name": name,
            "hypothesis": hypothesis,
            "reference": reference,
            "words": score(hypothesis, reference, False),
            "stems": score(hypothesis, reference, True),
        }
        for name, hypothesis, reference in pairs
    ],
    "stems": [f"{word} {nltk.stem(word)}" for word in sorted(set(sample))],
}
text = json.dumps(golden, ensure_ascii=False, indent=0)
(Path(__file__).parent / "rouge.json").write_text(text + "\n", "utf-8")
