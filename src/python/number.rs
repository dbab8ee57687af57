//! Numbers as Python reads and shows them: times that may be ints, words that may be numbers,
//! `%8.3f`, `repr` of a float, and true division.

use std::cmp::Ordering;

/// A time in a dump, in seconds: Python keeps ints and floats apart, and ints of any size exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seconds {
    /// An int, as a `profile` run with an integer clock writes.
    Int(i128),
    /// A float, as everything else writes.
    Float(f64),
}

impl Default for Seconds {
    fn default() -> Seconds {
        Seconds::Int(0)
    }
}

impl Seconds {
    /// The nearest float.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Seconds::Int(value) => value as f64,
            Seconds::Float(value) => value,
        }
    }

    /// Python's `self + other`; `None` when two ints leave the range that is kept.
    #[must_use]
    pub fn plus(self, other: Seconds) -> Option<Seconds> {
        Some(match (self, other) {
            (Seconds::Int(a), Seconds::Int(b)) => Seconds::Int(a.checked_add(b)?),
            (a, b) => Seconds::Float(a.as_f64() + b.as_f64()),
        })
    }

    /// Python 3's `self / count`, rounded once; `None` when `count` is 0.
    ///
    /// ```
    /// use prof::python::Seconds;
    /// assert_eq!(Seconds::Int(1).per(3), Some(1.0 / 3.0));
    /// assert_eq!(Seconds::Float(1.0).per(0), None);
    /// ```
    #[must_use]
    pub fn per(self, count: i128) -> Option<f64> {
        match self {
            _ if count == 0 => None,
            Seconds::Int(value) => Some(divide(value, count)),
            Seconds::Float(value) => Some(value / count as f64),
        }
    }

    /// Whole nanoseconds, rounded once, half away from zero; `None` for what no clock shows: less than 0,
    /// 2^63 ns (292 years) and more, or no number.
    ///
    /// ```
    /// use prof::python::Seconds;
    /// assert_eq!(Seconds::Float(0.000_000_002_5).nanoseconds(), Some(3));
    /// assert_eq!(Seconds::Float(-1.0).nanoseconds(), None);
    /// ```
    #[must_use]
    pub fn nanoseconds(self) -> Option<u64> {
        const TOP: f64 = 9_223_372_036_854_775_808.0; // 2^63
        let whole = match self {
            Seconds::Int(seconds) => seconds
                .checked_mul(1_000_000_000)
                .and_then(|ns| i64::try_from(ns).ok()),
            Seconds::Float(seconds) => {
                let rounded = (seconds * 1e9).round();
                // The range excludes NaN too.
                (0.0..TOP).contains(&rounded).then_some(rounded as i64)
            }
        };
        whole.and_then(|ns| u64::try_from(ns).ok())
    }

    /// Compares by value, exactly; a NaN is equal to itself and comes after everything else, in
    /// either direction of the caller's sort.
    #[must_use]
    pub fn compare(self, other: Seconds) -> Ordering {
        match (self, other) {
            (Seconds::Int(a), Seconds::Int(b)) => a.cmp(&b),
            (Seconds::Float(a), Seconds::Float(b)) => {
                a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
            }
            (Seconds::Int(a), Seconds::Float(b)) => compare_int_float(a, b),
            (Seconds::Float(a), Seconds::Int(b)) => compare_int_float(b, a).reverse(),
        }
    }

    /// Is this a NaN?
    #[must_use]
    pub fn is_nan(self) -> bool {
        matches!(self, Seconds::Float(value) if value.is_nan())
    }
}

/// Compares without rounding the int to a float.
fn compare_int_float(int: i128, float: f64) -> Ordering {
    const TOP: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0; // 2^127
    if float.is_nan() || float >= TOP {
        Ordering::Less
    } else if float < -TOP {
        Ordering::Greater
    } else {
        let floor = float.floor();
        int.cmp(&(floor as i128)).then(if float > floor {
            Ordering::Less
        } else {
            Ordering::Equal
        })
    }
}

/// The quotient of two ints, rounded once to the nearest float (ties to even). `b` is not 0.
fn divide(a: i128, b: i128) -> f64 {
    const EXACT: u128 = 1 << 53;
    let (top, bottom) = (a.unsigned_abs(), b.unsigned_abs());
    let magnitude = if top <= EXACT && bottom <= EXACT {
        top as f64 / bottom as f64
    } else {
        // 66 bits of the quotient and a sticky last bit are more than rounding looks at.
        let mut quotient = top / bottom;
        let mut rest = top % bottom;
        let mut exponent = 0;
        while quotient >> 66 == 0 && rest != 0 && exponent > -1100 {
            let (doubled, carry) = (rest << 1, rest >> 127 == 1);
            let fits = carry || doubled >= bottom;
            rest = if fits {
                doubled.wrapping_sub(bottom)
            } else {
                doubled
            };
            quotient = quotient << 1 | u128::from(fits);
            exponent -= 1;
        }
        let sticky = (quotient | u128::from(rest != 0)) as f64;
        sticky * 2f64.powi(exponent)
    };
    if (a < 0) != (b < 0) { -magnitude } else { magnitude }
}

/// Appends `"%8.3f" % value` to `out`: at least 8 wide, three places, exact decimal value, ties to
/// even.
pub fn push_fixed3(out: &mut Vec<u8>, value: f64) {
    push_fixed3_within(out, value, 8);
}

/// `"%.3f" % value`.
#[must_use]
pub fn fixed3(value: f64) -> String {
    let mut out = Vec::new();
    push_fixed3_within(&mut out, value, 0);
    String::from_utf8(out).expect("digits are ASCII")
}

/// As [`push_fixed3`], at least `width` wide.
pub fn push_fixed3_within(out: &mut Vec<u8>, value: f64, width: usize) {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1075;
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    // mantissa * 1000 stays below 2^63, so that a larger shift leaves less than a half: zeros and subnormals, too.
    // Numbers without a fraction, infinities and NaN are left to the general way.
    if exponent <= 0 {
        let thousands = mantissa * 1000;
        let shift = exponent.unsigned_abs();
        let mut units = thousands.checked_shr(shift).unwrap_or(0);
        if let 1..64 = shift {
            let (rest, half) = (thousands - (units << shift), 1 << (shift - 1));
            units += u64::from(rest > half || (rest == half && units & 1 == 1));
        }
        push_thousandths(out, bits >> 63 == 1, units, width);
    } else if value.is_nan() {
        pad(out, width, 3);
        out.extend_from_slice(b"nan");
    } else {
        use std::io::Write as _;
        write!(out, "{value:width$.3}").expect("writing to a Vec does not fail");
    }
}

fn push_thousandths(out: &mut Vec<u8>, negative: bool, units: u64, width: usize) {
    let mut digits = [b'0'; 24];
    let mut at = digits.len();
    let mut rest = units;
    let mut written = 0;
    while rest > 0 || written < 4 {
        if written == 3 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    if negative {
        at -= 1;
        digits[at] = b'-';
    }
    pad(out, width, digits.len() - at);
    out.extend_from_slice(&digits[at..]);
}

/// Appends an int in decimal.
pub fn push_int(out: &mut Vec<u8>, value: i128) {
    let Ok(small) = u64::try_from(value) else {
        out.extend_from_slice(value.to_string().as_bytes());
        return;
    };
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = small;
    while rest > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends the spaces that right-justify something `len` wide in `width`.
pub fn pad(out: &mut Vec<u8>, width: usize, len: usize) {
    out.resize(out.len() + width.saturating_sub(len), b' ');
}

/// Python's `repr` of a float.
///
/// ```
/// use prof::python::number::repr_float;
/// assert_eq!(repr_float(0.05), "0.05");
/// assert_eq!(repr_float(1e-5), "1e-05");
/// assert_eq!(repr_float(3.0), "3.0");
/// ```
#[must_use]
pub fn repr_float(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan".into()
        } else if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` writes an e");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes a number after the e");
    if (-4..16).contains(&exponent) {
        format!("{value:?}")
    } else {
        format!(
            "{mantissa}e{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.abs()
        )
    }
}

/// `"%.*g" % (digits, value)`: significant digits without zeros at the end, with an exponent where the
/// number is very small or longer than the digits.
///
/// ```
/// use prof::python::number::general;
/// assert_eq!(general(12.3456, 3), "12.3");
/// assert_eq!(general(0.00001234, 3), "1.23e-05");
/// assert_eq!(general(1234.0, 3), "1.23e+03");
/// ```
#[must_use]
pub fn general(value: f64, digits: usize) -> String {
    let digits = digits.max(1);
    if !value.is_finite() {
        return if value.is_nan() {
            "nan".to_owned()
        } else {
            format!("{value}")
        };
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    match usize::try_from(digits as i64 - 1 - exponent) {
        Ok(places) if exponent >= -4 => trim(&format!("{value:.places$}")),
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
        }
    }
}

/// A word of a command line or of the browser, as pstats understands it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Word {
    /// What `int()` accepts; values beyond the range of an `i64` are cut to its ends.
    Int(i64),
    /// What `float()` accepts and `int()` does not.
    Float(f64),
    /// Anything else.
    Text,
}

impl Word {
    /// First as `int()`, then as `float()`, else text.
    ///
    /// ```
    /// use prof::python::{Word, Version};
    /// assert_eq!(Word::parse(" 1_0 ".as_bytes(), Version::NEWEST), Word::Int(10));
    /// assert_eq!(Word::parse(b"1_0", Version::PYTHON2), Word::Text);
    /// assert_eq!(Word::parse(b".5", Version::NEWEST), Word::Float(0.5));
    /// ```
    #[must_use]
    pub fn parse(word: &[u8], python: super::Version) -> Word {
        let unicode = python.major > 2;
        let Some(plain) = plain_ascii(word, unicode) else {
            return Word::Text;
        };
        let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
        // More digits than Python's limit are no int for it, but still a float.
        if !unsigned.is_empty() && unsigned.len() <= 4300 && unsigned.bytes().all(|b| b.is_ascii_digit()) {
            let value = plain.parse::<i64>();
            return Word::Int(value.unwrap_or(if plain.starts_with('-') {
                i64::MIN
            } else {
                i64::MAX
            }));
        }
        plain.parse().map_or(Word::Text, Word::Float)
    }
}

/// `word` without the white space around it, without underscores between digits, every decimal
/// digit in ASCII; `None` when it holds what no number holds.
fn plain_ascii(word: &[u8], unicode: bool) -> Option<String> {
    let text = std::str::from_utf8(word).ok()?;
    let text = text.trim_matches(|c: char| {
        matches!(c, ' ' | '\t'..='\r') || unicode && (c.is_whitespace() || matches!(c, '\x1c'..='\x1f'))
    });
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_ascii() && c != '_' {
            plain.push(c);
        } else if c == '_' {
            let before = plain.ends_with(|d: char| d.is_ascii_digit());
            let after = characters.peek().is_some_and(|&d| decimal_digit(d).is_some());
            if !(unicode && before && after) {
                return None;
            }
        } else {
            plain.push(decimal_digit(c).filter(|_| unicode)?);
        }
    }
    Some(plain)
}

/// A character of the category Nd as the ASCII digit of the same value.
fn decimal_digit(c: char) -> Option<char> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    let code = u32::from(c);
    let after = ZEROS.partition_point(|&zero| zero <= code);
    let value = code - ZEROS.get(after.checked_sub(1)?)?;
    char::from_digit(value, 10)
}

/// The zeros of the scripts: each starts a run of ten decimal digits (Unicode 15.1).
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0,
    0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x1_04a0, 0x1_0d30,
    0x1_1066, 0x1_10f0, 0x1_1136, 0x1_11d0, 0x1_12f0, 0x1_1450, 0x1_14d0, 0x1_1650, 0x1_16c0, 0x1_1730,
    0x1_18e0, 0x1_1950, 0x1_1c50, 0x1_1d50, 0x1_1da0, 0x1_1f50, 0x1_6a60, 0x1_6ac0, 0x1_6b50, 0x1_d7ce,
    0x1_d7d8, 0x1_d7e2, 0x1_d7ec, 0x1_d7f6, 0x1_e140, 0x1_e2f0, 0x1_e4f0, 0x1_e950, 0x1_fbf0,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Version;

    fn wide(value: f64) -> String {
        let mut out = Vec::new();
        push_fixed3(&mut out, value);
        String::from_utf8(out).expect("digits are ASCII")
    }

    #[test]
    fn fixed3_rounds_as_percent_8_3f_does() {
        // Printed by Python 3.11.
        for (value, printed) in [
            (0.0005, "   0.001"),
            (0.0015, "   0.002"),
            (0.0025, "   0.003"),
            (0.0625, "   0.062"),
            (0.1875, "   0.188"),
            (2.0005, "   2.001"),
            (-0.0004, "  -0.000"),
            (-0.0, "  -0.000"),
            (9999.9995, "9999.999"),
            (99999.9995, "100000.000"),
            (4503599627370497.5, "4503599627370498.000"),
            (9007199254740993.0, "9007199254740992.000"),
            (1e22, "10000000000000000000000.000"),
            (5e-324, "   0.000"),
            (f64::INFINITY, "     inf"),
            (f64::NEG_INFINITY, "    -inf"),
            (f64::NAN, "     nan"),
        ] {
            assert_eq!(wide(value), printed, "{value:?}");
        }
    }

    #[test]
    fn fixed3_agrees_with_the_standard_library_on_every_exponent() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..200_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(state);
            if !value.is_nan() {
                assert_eq!(wide(value), format!("{value:8.3}"), "{value:?}");
            }
        }
    }

    #[test]
    fn ints_of_all_sizes_are_decimal() {
        for value in [
            0,
            7,
            10,
            1234567890,
            i128::from(u64::MAX),
            1 << 64,
            i128::MAX,
            -1,
            i128::MIN,
        ] {
            let mut out = Vec::new();
            push_int(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
        }
    }

    #[test]
    fn words_are_numbers_where_python_says_so() {
        let check = |word: &str, expected: Word| {
            let read = Word::parse(word.as_bytes(), Version::NEWEST);
            assert!(
                read == expected
                    || matches!((read, expected), (Word::Float(a), Word::Float(b)) if a.is_nan() && b.is_nan()),
                "{word:?}: {read:?}"
            );
        };
        check("+4", Word::Int(4));
        check("007", Word::Int(7));
        check("-0", Word::Int(0));
        check("\u{2003}12\x1c", Word::Int(12));
        check("\u{0663}\u{0664}", Word::Int(34));
        check("1__0", Word::Text);
        check("_1", Word::Text);
        check("1_", Word::Text);
        check("99999999999999999999", Word::Int(i64::MAX));
        check("1e-5", Word::Float(1e-5));
        check("1_0.5_0", Word::Float(10.5));
        check("1_.5", Word::Text);
        check("nan", Word::Float(f64::NAN));
        check("-Infinity", Word::Float(f64::NEG_INFINITY));
        check("0x10", Word::Text);
        check("+-3", Word::Text);
        check("1e", Word::Text);
        check("", Word::Text);
    }

    #[test]
    fn floats_are_shown_as_repr_shows_them() {
        for (value, shown) in [
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.3, "0.3"),
            (1e15, "1000000000000000.0"),
        ] {
            assert_eq!(repr_float(value), shown);
        }
    }

    #[test]
    fn ints_divide_with_one_rounding() {
        // Python: (2**60 + 1) / 3, 10**30 / 7, -(2**100) / (2**99 - 1), 1 / (2**80 + 1)
        assert_eq!(Seconds::Int((1 << 60) + 1).per(3), Some(3.843071682022823e+17));
        assert_eq!(Seconds::Int(10i128.pow(30)).per(7), Some(1.4285714285714285e+29));
        assert_eq!(Seconds::Int(-(1 << 100)).per((1 << 99) - 1), Some(-2.0));
        assert_eq!(Seconds::Int(1).per((1 << 80) + 1), Some(8.271806125530277e-25));
    }

    #[test]
    fn ints_and_floats_compare_by_exact_value() {
        let big = (1i128 << 53) + 1;
        assert_eq!(
            Seconds::Int(big).compare(Seconds::Float(9007199254740992.0)),
            Ordering::Greater
        );
        assert_eq!(Seconds::Float(0.5).compare(Seconds::Int(0)), Ordering::Greater);
        assert_eq!(Seconds::Float(-0.5).compare(Seconds::Int(0)), Ordering::Less);
        assert_eq!(Seconds::Float(-0.0).compare(Seconds::Int(0)), Ordering::Equal);
        assert_eq!(
            Seconds::Int(i128::MAX).compare(Seconds::Float(f64::INFINITY)),
            Ordering::Less
        );
    }
}
