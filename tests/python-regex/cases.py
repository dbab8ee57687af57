"""The expressions and texts that differential.py compares."""
import random

TEXTS = [
    "/srv/app/x.py:12(<lambda>)",
    "{method 'append' of 'list' objects}",
    "{built-in method builtins.exec}",
    "~:0(<built-in method builtins.len>)",
    "/usr/lib/python3.11/site-packages/foo_bar/__init__.py:1(<module>)",
    "<frozen importlib._bootstrap>:1022(_find_and_load)",
    "",
    "a",
    "\n",
    "ab\nab\n",
    "aab abab aabb",
    "abcabc ABCABC",
    "caf\u00e9.py:3(na\u00efve_\u00fc)",
    "\u6f22\u5b57.py:7(\u03a3\u03b1\u03c2)",
    "x\u0301 \u0661\u0662 \u00b2\u00bd \u2167",
    "Kelvin \u212a \u017f\u00df \u0130 \u0131 \u00b5\u03bc \u1e9e",
    "bad\udcff\udc80name",
    "tab\there\x1c\x1f\x85\xa0end",
    "a-b&&c~~d||e--f[g]h{1,2}^$.*+?\\",
    "x" * 40,
    "k i s I K S",
    "0 1 9 10 100 08 \x00\x01\x07\x08\x40",
]

# One or more for each rule.
HAND = r"""
fibo
x\.py
\.py:\d+
^/srv
lambda
^.*$
\w+
\W
\d\d
\D
\s
\S+
[a-z]+\(
(?i)LAMBDA
(?i)[A-Z]+
{built-in
{method
{
}
{}
{1}
a{
a{}
a{1
a{1,
a{,
a{,}
a{,3}
a{1,}
a{1,3}
a{ 1}
a{1 }
a{1,2,3}
{x}
a{x}
x{1}{2}
a{2}{3}
a{2,1}
a{0}
a{0,0}
a{0}b
(a){0}\1
(a){0}b
a{1}?
a{1,2}?b
a{3,}
a{4294967295}
a{4294967294}
a{4294967296}
a{99999999999999999999999}
a{1,4294967295}
a{,4294967295}
a{2,99999999999}
a{1,60000}
a{60000}
a{0,65535}b
(?:ab){1,65536}
(a{1000}){1000}
(?:a?){5000}
(?:a{0,9}){0,9}
a**
a*?
a*??
a+*
a?*
a*+
a++
a?+
a{1,2}+
a{2}+b
a{1,2}++
a+?+
a*?+
(?:a|ab){2}+
(?:a|ab)++c
(?:a|ab)*+c
(?:ab?){2}+b
(?>a+)b
(?>a|ab)c
(?>a*)a
(?>(a|ab))c
x*+x
.*+\)
.++$
a|*
*
+
?
*a
(*a)
(?:*)
^*
^+
$*
$+
\b*
\B+
\A*
\Z?
(?:^)*
(?:$)+a
(?:\b)?a
(?:)*
(?:)+
(?:){3}
()*
()+
()\1
(?=a)*
(?=a)+b
(?=a)?a
(?!a)*
(?!a)+b
(?<=a)*
(?:(?=(a)))*\1
(?:(?=(a)))?\1b
(?:(?=a)|b)*c
(a|b*)*
(a*)*
(a*)+
(a*)*?b
(?:a*)*b
(?:a?)*?b
(?:a?)+?b
(?:a*?)*b
(a|)+
(|a)+
(|a)+b
(?:|a)*b
(a?)*?y
(?:(a)|b)*\1
(?:(a)|(b))*\1\2
(a)|b\1
(?:(a)|b)\1
(a)?\1
(a)?b\1
(a?)b\1
(a*)b\1
([ab])\1
(.)\1
(\w+) \1
(?i)(\w+) \1
(?i)(a)\1
(?i)(abc)\1
(abc)(?i:\1)
(?i:(abc))\1
(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10
(a)\11
(a)\01
\1
\2(a)
(a)\2
(\1)
(a\1)
(?P<x>a)\1
(?P<x>a)(?P=x)
(?P<x>a)(?P=y)
(?P=x)(?P<x>a)
(?P<x>a(?P=x))
(?P<x>a|b(?P=x))+
(?P<x>a)(?P<x>b)
(?P<1x>a)
(?P<x1>a)
(?P<_>a)
(?P<x-y>a)
(?P<x y>a)
(?P<>a)
(?P<x
(?P<x>
(?P<x>a
(?P=
(?P=)
(?P=1)
(?P=x
(?P>x)
(?P!x)
(?Px)
(?P
(?P<n>a)(?P>n)
(?R)
(?0)
(?1)
(?|a)
(?'x'a)
(?<n>a)
(?<n
(?<
(?<=
(?<!
(?
(
(a
a)
)
())
(()
((a)
(?:a
(?:a))
(?=a
(?!
(?#
(?#a
(?#a)
(?#)a
a(?#x)b
a(?#x)*
(?#x)*
(?#a(b)c)
(?#a\)b)c
a|
|a
|
||
a||b
(a|b)c
(?:a|b|c)+
(?:|)
a|b|
(?=a)
(?!a)
(?=ab)a
(?!ab)a
(?!)
(?!)a|b
(?=)
(?=)a
a(?=b)
a(?!b)
a(?=b)b
(?=(a)b)\1
(?=(a|ab))\1c
(?!(a)b)a
(?!(a)b)\1
(?!(a)c)(?(1)b|a)
(?<=a)b
(?<!a)b
(?<=ab)c
(?<=a|b)c
(?<=a|bc)d
(?<=a*)b
(?<=a+)b
(?<=a?)b
(?<=a{2})b
(?<=a{1,2})b
(?<=(a))b
(?<=(a)b)\1
(?<=(a)\1)b
(a)(?<=\1)
(a)(?<=\1)b
(a)b(?<=\1b)
(ab)(?<=\1)
(a+)(?<=\1)b
(a|bc)(?<=\1)d
(a)(?<!\1)
(a)(?<=(?P=x))
(?P<x>a)(?<=(?P=x))
(a)(?<=(?(1)a|b))b
(a)(?<=(?(1)a|bc))b
(a)(?<=(?(1)a))b
(?<=(?(1)a|b))(c)
(?<=(a)(?(1)b|c))d
(?<=^)a
(?<=^a)b
(?<=\b)a
(?<=$)
(?<=\n)a
(?<=)a
(?<!)a
(?<=(?=a))a
(?<=(?=ab)a)b
(?<=(?<=a)b)a
(?<=a(?<=a))b
(?<=(?<!b)a)b
(?<=(?:a|b){2})a
(?<=.)a
(?<=..)a
(?<!..)a
(?<=[ab][ab])a
(?<=\w\W)\w
(?<=é)\.
(?<=a(?#x))b
(?<=(?i)a)b
(?<=(?i:A))b
(?<=a{4294967294})b
(?<=a{4294967294}aa)b
(?<=a{4294967294}|a)b
(?<=a{1000})b
(?<!a{1000})b
(a)(?<!\1{2000})b
(?(1)a|b)
(a)?(?(1)b|c)
(a)?(?(1)b)
(a)?(?(1)|c)d
(a)?(?(1)|)b
(a)?(?(1))b
(a)?b(?(1)c|d)
(a)?(?(1)b|c|d)
(a)?(?(1)(?:b|x)|c)
(a)?(?(2)b|c)
(a)?(?(0)b|c)
(a)?(?(x)b|c)
(?P<x>a)?(?(x)b|c)
(?(x)a|b)(?P<x>c)
(?(1)a|b)(c)
(?(2)a|b)(c)(d)
((?(1)a|b))
(a)?(?(-1)b|c)
(a)?(?(+1)b|c)
(a)?(?( 1)b|c)
(a)?(?(1 )b|c)
(a)?(?(01)b|c)
(a)?(?(1_0)b|c)
(a)?(?(1a)b|c)
(a)?(?(99999999999)b|c)
(a)?(?(1073741823)b|c)
(a)?(?(1)b
(a)?(?(1
(a)?(?(
(a)?(?()b)
(a)?(?(1)b|c)*
(a)?(?(1)a)+b
(?:(a)?(?(1)b|c))+
(a)?(?(1)(?<=a)b|c)
(?<!a)(?(1)b|c)(x)?
\A
\Z
\Aa
\Zb
b\Z
b$
\n$
$\n
^$
^
$
a$
a$b
a$\n
\n\Z
(?m)^a
(?m)b$
(?m)^$
(?m)$\n^
(?m)\Z
(?m)\A
(?m)^*
(?m:^)a
(?m:b$)
(?m:^)a$
(?s).
(?s)a.b
a.b
(?s:.)\n
(?s).(?-s:.)
(?-s:.)
.\n.
.$
.\Z
[^a]\Z
\b
\B
\ba
a\b
a\B
\Ba
\b\w
\B\w
\b.\b
\b\W
\B\W
\w\b\W
\bx\b
é\b
\bé
\Bé
(?a)\bé
(?a)\w+é
(?a)\d+
(?a)\s
(?a)\W
(?a)\D
(?a)\S
(?a:\w)
(?a:\W)(?u:\w)
(?u:\w)
(?u)\w
(?a)(?u:\w)+
(?u)(?a:\w)+
(?L)a
(?L:a)
(?L)\w
(?Li)a
(?au)
(?au:x)
(?a)(?u)x
(?u)(?a)x
(?ai)x
(?ai)k
(?ai)[k]
(?ai)S
(?ia:k)
(?i)(?a:k)
(?i:k)
(?i)k
(?i)K
(?i)K
(?i)ſ
(?i)s
(?i)S
(?i)i
(?i)I
(?i)İ
(?i)ı
(?i)µ
(?i)μ
(?i)Μ
(?i)ß
(?i)ẞ
(?i)ss
(?i)ς
(?i)Σ
(?i)σα
(?i)é
(?i)É
(?i)[é]
(?i)[É-Ë]
(?i)[^é]
(?i)[^É]
(?i)[^k]
(?i)[^K]
(?i)[^a-z]
(?i)[a-z]
(?i)[A-Z]
(?i)[^A-Z]
(?i)[j-l]
(?i)[\w]
(?i)[^\w]
(?i)[\W]
(?i)[\d]
(?i)[ſ]
(?i)[^s]
(?i)[s-t]
(?i)[К-Я]
(?i)[Z-a]
(?i)[!-~]
(?i)[^!-~]
(?i)a(?-i:b)
(?-i:b)
(?i-i:a)
(?i-s:a)
(?i-ms:a)
(?-:a)
(?-)
(?-i)
(?i-)
(?i-:a)
(?i-a:a)
(?-a:a)
(?-L:a)
(?-u:a)
(?i
(?i-
(?i:
(?i:a
(?iz)
(?z)
(?i z)
(?ii)a
(?imsx)a
(?i)(?m)a
(?i)a(?m)b
a(?i)
a(?i)b
a(?x) b
 (?i)a
(?i)|a
a|(?i)b
(a(?i))
((?i)a)
(?:(?i)a)
(?=(?i)a)
(?#x)(?i)a
^(?i)a
(?x)(?i)a
(?x) (?i) a
(?x) a b
(?x)a\ b
(?x)a[ ]b
(?x)a b*
(?x)a *
(?x)a * ?
(?x)a {2}
(?x)a{ 2}
(?x)a{1, 2}
(?x)( ?:a)
(?x)(? :a)
(?x)(?: a | b ) c
(?x)a#b
(?x)a\#b
(?x)[#]
(?x)# comment
(?x)a # comment )
(?x)\ 
(?x)(?-x: a)
(?x: a )b
(?x: a # c )b
(?x:a#b)
 (?x) a
a (?x)b c
a#(?x)b
a#)(?x)b
(?x:(?x) a ) a
(?x:(?x)) a
a(?x)**
**(?x)
(?x)|a b
a b|(?x)c d
(?t)a
(?t)a*
(?t)a{2}
(?t:a)
(?ti)a
(?-t:a)
(?b)
(?u)
(?i)
(?m)
(?s)
(?x)
(?a)
[a]
[]
[]a]
[^]a]
[^]
[^
[
[a
[a-
[a-]
[a-z
[-a]
[a-b-c]
[z-a]
[a-a]
[a-\d]
[\d-x]
[\d-]
[-\d]
[\w-\d]
[a--b]
[--a]
[+--]
[---]
[a||b]
[\w&&[^a]]
[a&&b]
[a&&b]]
[a~~b]
[[]
[[a]
[[a]]
[[:alpha:]]
[[:alpha:]
[[^a]]
[a[b]c]
[^[]
[^\]]
[\]]
[\[]
[]-a]
[!--]
[\\]
[\n]
[\b]
[\a\f\v\r\t]
[\x41]
[\x4]
[\x]
[\0]
[\1]
[\07]
[\101]
[\1011]
[\400]
[\777]
[\8]
[\9]
[\08]
[\A]
[\B]
[\Z]
[\z]
[\q]
[\e]
[\-]
[\^]
[^^]
[a^]
[.]
[$]
[\.]
[\_]
[\w]
[^\w]
[\W]
[^\W]
[\w\W]
[^\w\W]
[\s\S]
[^\s\S]
[\d\D]a
[^\d]
[^\D]
[\s]
[^\s]
[^\S]
[a\s]
[^a\s]
[^\n]
[^a]
[é]
[^é]
[à-ü]
[一-龥]
[\u00e9]
[\u4e00-\u9fff]
[\U0001F600]
[\U00110000]
[\uD800-\uDFFF]
[\udc80-\udcff]
[^\ud800-\udfff]
\udcff
[^\udcff]$
\ud800
[\u0000-\U0010ffff]
[^\u0000-\U0010ffff]
[\ue000-\U0010ffff]
[\U0010ffff]
[aa]
[^aa]
[\x00-\x1f]
[\000-\177]
\x41
\x4
\x
\x4g
\xe9
\u00e9
\u00e
\u
\U000000e9
\U00e9
\U00110000
\U0010FFFF
\N{LATIN SMALL LETTER A}
\N{latin small letter a}
\N{LATIN SMALL LETTER E WITH ACUTE}
\N{latinsmalllettera}
\N{LATIN_SMALL_LETTER_A}
\N{LINE FEED}
\N{line feed}
\N{NULL}
\N{NO SUCH NAME}
\N{}
\N{
\N
\Na
\N{EM DASH
[\N{LATIN SMALL LETTER A}-\N{LATIN SMALL LETTER C}]
[\N{DIGIT ONE}]
[\N]
\N{HANGUL SYLLABLE GAG}
\N{hangul syllable gag}
\N{CJK UNIFIED IDEOGRAPH-6F22}
\N{cjk unified ideograph-6f22}
\N{HYPHEN-MINUS}
\N{HYPHEN MINUS}
\N{EM  DASH}
\N{ EM DASH}
\0
\00
\000
\0000
\01
\07
\08
\018
\1
\8
\9
\10
\100
\101
\177
\377
\400
\777
\18
\81
\99
\a
\f
\v
\r
\t
\e
\c
\cA
\d
\g
\G
\h
\H
\i
\j
\k
\k<x>
\K
\l
\L
\m
\o
\p
\p{L}
\P{L}
\q
\Q
\R
\X
\y
\Y
\z
\C
\E
\F
\I
\J
\M
\O
\T
\V
\_
\-
\/
\<
\>
\<lambda\>
\"
\'
\ 
\!
\@
\#
\%
\&
\,
\:
\;
\=
\`
\~
\(
\)
\[
\]
\{
\}
\|
\^
\$
\.
\*
\+
\?
\\
\é
a\é
\
a\
[\
[a\
(?#\
(\
((((((((((a))))))))))
(((a)|b)|c)
(a)(b)(c)\3\2\1
(?:(?:(?:a)))
(?:a)(?:b)
(?:a+)+b
(?:a+)+$
(a+)+x
(?:a|a)*b
(?:x+x+)+y
(?=.*a).*b
(?!.*z)a
^(?!.*lambda)
^(?=.*py)(?=.*x)
(?<![\w.])x
(?<=:)\d+(?=\()
'(\w+)' of '(?:list|dict)'
<built-in method (\w+)\.(\w+)>
\((?P<name>\w+)\)$
(?P<q>['"]).*?(?P=q)
([/_]).*\1
^[^(]*\(<?\w+>?\)$
(?:\.\w+)+\(
x.py:12(<lambda>)
x.py:12\(<lambda>\)
\{.*\}
a.c|d.f
é
ü\)$
漢
漢+
\w+漢
caf.
caf\w
na.ve
na\Wve
\u0301
x\W
x\w
\d \d
[\d]+ .
²
\u2167
½
𐐀
(?i)𐐀
(?i)𐐨
(?i)[𐐀x]
(?i)[𐐨x]
(?i)[𐐀-𐐧]
(?i)[^𐐀x]
(?i)𐐀|x
(?i)[𐐀]
(?i)[Ā-ſ]
(?i)[^Ā-ſ]
(?i)[α-ω]
(?i)[\u1c80-\u1c88]
(?i)в
(?i)ᲀ
(?i)ꙋ
(?i)Ꙋ
(?i)ΐ
(?i)ﬅ
(?i)ﬆ
(?i)ᾀ
(?i)ͅ
(?i)θ
(?i)ϴ
(?i)Å
(?i)å
(?i)ω
(?i)Ω
(?i)Ǆ
(?i)ǅ
(?i)ǆ
(?i)(ǆ)\1
(?i)(k)\1
(?i)(ß)\1
(?i:(σ)\1)x
(?i)(σ)\1
(?i)(ς)\1
(?i)(?P<n>é)(?P=n)
(?P<é>a)
(?P<é>a)(?P=é)
(?P<漢>a)
(?P<x²>a)
(?P<½>a)
(?P<é>a)(?(é)b|c)
(é)?(?(é)b|c)
(a)?(?(é)b|c)
(a)?(?(²)b|c)
(?(1)a|b|c)(x)
(?(1)a*|b+)(x)?
(?i:a)(?m:^b)(?s:.)
(?i:(?-i:a)b)
(?s-i:a.b)
(?im-sx:a)
(?x-i: a b)
(?:a(?i:b)c)
(?P<a>x)|(?P<b>y)(?(a)z|w)
(a|b|(c))*(?(2)d|e)
(?:(a)|(b)|(c))+\3
(a(b)?)+\2
(?:(a)b|a(c))\2
((a)|b)*\2
(?:(a)|b)*(?(1)a|b)
(?:(?P<x>a)|b)*?(?P=x)c
(a)*\1b
(a)+\1
(ab|a)(bc|c)?
(?>(a+))\1
(?>(a)|b)*\1
((a+)+)+b
(.*)(.*)(.*)x
^(.+)\1$
^(.+?)\1+$
(?:(.)(.))+\2\1
(?<=(.)b)\1
(?<=(?P<c>.)b)(?P=c)
(?<!(a)b)\1?c
(.)(?<=a)\1
(.)(?=\1)
(.)(?!\1)
(?=(.))\1\1
(?!(.)\1)ab
(?:a(?=b)|b(?=a))+
(?:(?<=a)b|(?<=b)a|^a)+
(?:(a)|a)(?(1)b|c)
(?:()|)(?(1)b|c)
()?(?(1)b|c)
(?:(a|b)|[ab])(?(1)b|c)
(?:(?=(a)|a))(?(1)b|c)
(?:(?P<x>a)|.)(?:(?(x)b|c)|\W)
(?:(a)b|a(b))\2
(?:(a)b|a(b))(?(2)\2|c)
(((?:a|b)))(?(3)a|b)
(a)?(?(1)(?:b|bc)|(?:c|d))d
((a)|b)+(?(2)c|b)
((a)|b)+?(?(2)c|b)
a#(?x))b
(?ai)(é)\1
(?ai)(.)\1
(?ai)(.)\1(?u:\w)
(?i)(.)\1
(?i)(..)\1
(?i)(.)(?-i:\1)
(?i:(.))\1
(?i)(a)?(?(1)É|é)
(?i)[^𐐀]
(?:a?\b){5000}
(?:\b|a){2000}
(?:a?){1500,3000}b
(?=(a)){2}\1
(a\b?){2000}
\N{LATIN CAPITAL LETTER GHA}
\N{BACKSPACE}
\N{TAMIL LETTER KSSA}
(?P<a\>b>c)
(?P<a
(?P<a>b)(?P=a\)
[\-a]
[a\-z]
[%--]
[a-\x62]
[\x61-\141]
\U800000e9
\U7fffffff
[\Uffffffff]
(a)|(?(1) {0})(?<!b)
(?:(a)|b)*+\1
((?(1)(?P<g2>)|)\A|a|)+(?P=g2)
(a)?(?(1)x{0}|(?:))b
""".strip("\n").split("\n")

# Where we knowingly differ, and from which versions ("" for all).
KNOWN = {
    # Up to 3.10 a negative look-around leaves groups set though it did not match as a whole.
    r"(?!(a)b)\1": "2.7 3.6 3.7 3.8 3.9 3.10",
    r"(?!(a)c)(?(1)b|a)": "2.7 3.6 3.7 3.8 3.9 3.10",
    # The same; in 3.6 such a search never ends.
    r"(?<!(a)b)\1?c": "2.7 3.6 3.7 3.8 3.9 3.10",
    # A failed pass of a possessive repeat spoils the groups it began; here the group comes out empty.
    r"(?:(a)|b)*+\1": "",
    # A repeat's last, empty pass sets groups in Python, while the engine leaves it out.
    r"((?(1)(?P<g2>)|)\A|a|)+(?P=g2)": "",
    # Python looks for the first character by the outer flags: here it skips letters beyond ASCII.
    r"(?a:\W)(?u:\w)": "",
}

CASE_TEXTS = [
    "k", "K", "\u212a", "s", "S", "\u017f", "i", "I", "\u0130", "\u0131", "\u00df", "\u1e9e", "ss",
    "\u00b5", "\u03bc", "\u039c", "\u03c3", "\u03c2", "\u03a3", "\u00e9", "\u00c9", "\u0432", "\u1c80",
    "\u0412", "\ua64b", "\u1c88", "\ua64a", "\u0390", "\u1fd3", "\ufb05", "\ufb06", "\u1f80", "\u1f88",
    "\u0345", "\u03b9", "\u0399", "\u1fbe", "\u03b8", "\u03f4", "\u03d1", "\u0398", "\u00c5", "\u00e5", "\u212b",
    "\u03c9", "\u2126", "\u03a9", "\u01c4", "\u01c5", "\u01c6", "\U00010400", "\U00010428", "\u0101", "\u0100",
    "kK", "k\u212a", "\u01c4\u01c6", "\u03c3\u03a3", "\u03c3\u03c2", "\u00df\u1e9e", "\u00e9\u00c9", "\u03c3\u03c3x",
]

SPECIAL = ["abcdefghij" * 2, "aab", "aba", "abab", "aabbcc", "ab", "abc", "bcd", "aac", "ac", "acb", "b", "ba",
           "bab", "cab", "x y", "a b", "a  b", "ab c", "aa", "aaa", "aaab", "xx", "a\nb", "a\n", "\na", "a\n\n",
           "abcdefghijj", "abcdefghija0", "a\x01", "a\t", "#", "a#b", "d", "c", "cd", "z", "%$", "\u00e9a", "a\u00e9"]


def with_texts(patterns, rng, pool, count):
    for pattern in patterns:
        yield pattern, rng.sample(pool, count)


class Grammar:
    """Random expressions, most of them valid."""

    def __init__(self, rng):
        self.rng = rng

    def pattern(self):
        self.groups = 0
        self.closed = []
        start = self.rng.choice([""] * 12 + ["(?i)", "(?m)", "(?s)", "(?x)", "(?a)", "(?ai)", "(?im)", "^"])
        return start + self.alternation(self.rng.randint(1, 4))

    def alternation(self, depth):
        return "|".join(self.sequence(depth) for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3])))

    def sequence(self, depth):
        return "".join(self.item(depth) for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3, 4])))

    def item(self, depth):
        atom = self.atom(depth)
        plain = atom not in ("\\b", "\\B", "^", "$", "\\A", "\\Z")
        if self.rng.random() < (0.35 if plain else 0.01):
            atom += self.rng.choice(["*", "+", "?", "{2}", "{1,2}", "{,2}", "{0}", "{2,}", "*?", "+?", "??",
                                     "{1,2}?", "*+", "++", "?+", "{1,2}+"])
        return atom

    def atom(self, depth):
        rng = self.rng
        if depth <= 0 or rng.random() < 0.55:
            return rng.choice(["a", "a", "a", "b", "b", "c", "A", "B", " ", "\n", ".", ".", "\\w", "\\W", "\\d", "\\s",
                               "\\S", "\\b", "\\B", "^", "$", "\\A", "\\Z", "[ab]", "[^a]", "[a-c]", "[^\\n]",
                               "[\\w.]", "[^\\W]", "\\.", "_", "1", "\u00e9", "\u00c9", "[\u00e0-\u00ff]", "\\x61",
                               "\\141", "k", "s", "[k-s]", "x", "a", "b", "ab", "ba"] + self.references() * 3)
        kind = rng.randrange(16)
        if kind < 5:
            self.groups += 1
            number = self.groups
            name = "?P<g%d>" % number if rng.random() < 0.2 else ""
            inner = self.alternation(depth - 1)
            self.closed.append((number, bool(name)))
            return "(" + name + inner + ")"
        inner = None
        if kind == 5 and self.groups:
            yes, no = self.sequence(depth - 1), self.sequence(depth - 1)
            return "(?(%d)%s%s)" % (rng.randint(1, self.groups), yes, rng.choice(["", "|" + no]))
        before = len(self.closed)
        inner = self.alternation(depth - 1)
        if rng.random() < 0.2:
            inner = "".join(rng.choice("ab.") for _ in range(rng.randint(1, 3)))
            return rng.choice(["(?<=", "(?<!"]) + inner + ")"
        opener = rng.choice(["(?:", "(?:", "(?:", "(?=", "(?=", "(?!", "(?!", "(?<=", "(?>", "(?i:", "(?-i:", "(?s:", "(?x:",
                             "(?a:"])
        if opener == "(?!" or opener == "(?<!":
            del self.closed[before:]
        return opener + inner + ")"

    def references(self):
        return ["(?P=g%d)" % n if named and self.rng.random() < 0.5 else "\\%d" % n for n, named in self.closed]


def mutate(pattern, rng):
    """One or two small changes, so that many are invalid."""
    letters = list(pattern)
    for _ in range(rng.choice([1, 1, 2])):
        at = rng.randint(0, len(letters))
        kind = rng.randrange(4)
        if kind == 0 and letters:
            del letters[min(at, len(letters) - 1)]
        elif kind == 1:
            letters.insert(at, rng.choice("()[]{}*+?|^$\\-.,:=!<>#PiaLux01289 \n&~N"))
        elif kind == 2 and letters:
            other = rng.randrange(len(letters))
            letters.insert(at, letters[other])
        else:
            letters[at:at] = rng.choice(["(?", "(?:", "(?i)", "(?P<", "{1,2}", "[^", "\\", "(?(1)", "(?#", "(?<=",
                                         "(?-", "\\x", "\\1", "--", "[a-"])
    return "".join(letters)


def cases(seed, random_count, mutation_count):
    rng = random.Random(seed)
    for pattern in HAND:
        texts = TEXTS + rng.sample(SPECIAL, 12)
        if "(?i" in pattern or "(?ai" in pattern:
            texts = texts + CASE_TEXTS
        yield pattern, texts
    grammar = Grammar(rng)
    made = [grammar.pattern() for _ in range(random_count)]
    pool = TEXTS + SPECIAL * 2 + CASE_TEXTS[:12]
    letters = "aaabbbcAB \n_1\u00e9.k"
    for pattern in made:
        own = ["".join(rng.choice(letters) for _ in range(rng.randint(1, 12))) for _ in range(6)]
        yield pattern, rng.sample(pool, 8) + own
    for _ in range(mutation_count):
        pattern = mutate(rng.choice(HAND) if rng.random() < 0.6 else rng.choice(made), rng)
        yield pattern, rng.sample(pool, 6)
