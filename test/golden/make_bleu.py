"""Writes bleu.json: BLEU of small corpora, as sacreBLEU scores them.

Usage: python make_bleu.py MULTI30K_FOLDER   (with test_2016_flickr.en)
Made with Python 3.11, sacrebleu 2.6.0. The hypotheses are the references with words dropped,
swapped and recased and punctuation changed; the edge cases are written here.
"""

import json
import random
import sys
from pathlib import Path

import sacrebleu

random.seed(42)

EDGES = {
    "equal": (["A dog runs fast."], ["A dog runs fast."]),
    "empty hypothesis": ([""], ["A dog runs fast ."]),
    "both empty": ([""], [""]),
    "one empty of two": (["", "A dog runs in the park."], ["A cat.", "A dog runs in a park."]),
    "no match at all": (["x y z w v"], ["a b c d e"]),
    "words but no 2-grams": (["a x b y c z"], ["a b c d"]),
    "no 4-gram matches": (["a b c x d e f"], ["a b c y d e f"]),
    "fewer than four tokens": (["a b"], ["a b"]),
    "clipped counts": (["the the the the the the the"], ["the cat is on the mat"]),
    "short": (["a b c d"], ["a b c d e f"]),
    "long": (["a b c d e f g"], ["a b c d e"]),
    "case": (["A Dog Runs Fast Today"], ["a dog runs fast today"]),
    "entities": (
        ["&quot;Tom &amp; Ann&quot; say 1 &lt; 2 &gt; 0 &amp;quot; ok"],
        ['" Tom & Ann " say 1 < 2 > 0 &quot; ok'],
    ),
    "numbers": (
        ["It cost 1,000.50 dollars, 3.5% of 10-20 or 5. .5 and ,7 in 1999-2000."],
        ["It cost 1,000.50 dollars , 3.5 % of 10 - 20 or 5 . . 5 and , 7 in 1999 - 2000 ."],
    ),
    "dots": (["Mr. X... said e.g. U.S.A.,then left.."], ["Mr . X . . . said e . g . U.S.A. , then left . ."]),
    "brackets": (["a(b)[c]{d}<e>f=g+h*i/j|k~l`m^n_o@p#q$r"], ["a ( b ) [ c ] { d } < e > f = g + h * i / j | k"]),
    "apostrophes": (["don't can't it's 'quoted' well-known"], ["don 't can't it's 'quoted' well - known"]),
    "hyphenation": (["inter-\nnational\ntrade a-\n"], ["international trade a-"]),
    "skipped": (["a <skipped> b c d e"], ["a b c d e"]),
    "unicode punctuation": (
        ["„Grüße“ – “quotes”… ‘single’ · 10€ ¿qué? a—b。"],
        ["„ Grüße “ – “quotes” … ‘single’ · 10 € ¿ qué ? a—b。"],
    ),
    "unicode spaces": (["a\u00a0b\u2003c\u3000d\u2028e\x85f\x1cg"], ["a b c d e f g"]),
    "zero-width": (["a\ufeffb c\u200bd e f g"], ["a b c d e f g"]),
    "astral": (["😀. 😀,5 𝟙.5 x y"], ["😀 . 😀 , 5 𝟙 . 5 x y"]),
    "white space": (["  a  b\tc   d e \n"], ["a b c d e"]),
}


def perturb(line: str) -> str:
    words = [word for word in line.split() if random.random() > 0.1]
    if len(words) > 2 and random.random() < 0.4:
        i = random.randrange(len(words) - 1)
        words[i], words[i + 1] = words[i + 1], words[i]
    text = " ".join(words)
    change = random.random()
    if change < 0.1:
        return text.upper()
    if change < 0.2:
        return text.rstrip(".")
    if change < 0.3:
        return text.replace(" ", ", ", 1)
    return text


def corpus(name: str, hypotheses: list[str], references: list[str]) -> dict:
    bleu = metric.corpus_score(hypotheses, [references])
    return {
        "name": name,
        "hypotheses": hypotheses,
        "references": references,
        "score": bleu.score,
        "precisions": bleu.precisions,
        "brevityPenalty": bleu.bp,
        "hypothesisLength": bleu.sys_len,
        "referenceLength": bleu.ref_len,
    }


metric = sacrebleu.BLEU()
lines = (Path(sys.argv[1]) / "test_2016_flickr.en").read_text("utf-8").splitlines()[:300]
cases = [corpus(name, *edge) for name, edge in EDGES.items()]
cases.append(corpus("Multi30k", [perturb(line) for line in lines], lines))
cases += [corpus(f"Multi30k {i}", [perturb(lines[i])], [lines[i]]) for i in range(20)]
golden = {
    "sacrebleu": sacrebleu.__version__,
    "signature": metric.get_signature().format(),
    "cases": cases,
}
text = json.dumps(golden, ensure_ascii=False, indent=1)
(Path(__file__).parent / "bleu.json").write_text(text + "\n", "utf-8")
