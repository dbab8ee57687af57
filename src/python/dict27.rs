//! The order in which a dict of CPython 2.7 yields its keys (without `-R`).
//!
//! pstats of 2.7 lists functions in this order when nothing is sorted, and among ties. Only
//! what a dump needs is here: keys are `(file, line, name)`, and nothing is ever deleted.
//! Source: the description of hashing and probing in `../shared/specs/pstats.md`, section 11,
//! checked there against every 2.7 dump of the corpus.

/// The hash of a byte string.
#[must_use]
pub fn hash_bytes(text: &[u8]) -> i64 {
    let Some(&first) = text.first() else { return 0 };
    let mut x = i64::from(first) << 7;
    for &byte in text {
        x = x.wrapping_mul(1_000_003) ^ i64::from(byte);
    }
    x ^= text.len() as i64;
    never_minus_one(x)
}

/// The hash of an int.
#[must_use]
pub fn hash_int(value: i64) -> i64 {
    never_minus_one(value)
}

/// The hash of a tuple, from the hashes of its items.
#[must_use]
pub fn hash_tuple(items: &[i64]) -> i64 {
    let mut x: i64 = 0x0034_5678;
    let mut factor: i64 = 1_000_003;
    for (i, &item) in items.iter().enumerate() {
        let after = (items.len() - 1 - i) as i64;
        x = (x ^ item).wrapping_mul(factor);
        factor = factor.wrapping_add(82_520 + 2 * after);
    }
    never_minus_one(x.wrapping_add(97_531))
}

/// -1 means "error" inside CPython, so no hash is -1.
fn never_minus_one(x: i64) -> i64 {
    if x == -1 { -2 } else { x }
}

/// The order of a dict into which keys with these hashes, all different keys, were inserted one
/// after the other: the places in `hashes`, in the order the dict yields them.
///
/// ```
/// // Small ints hash to themselves and land in their own slots.
/// assert_eq!(prof::python::dict27::order(&[3, 1, 2]), [1, 2, 0]);
/// ```
#[must_use]
pub fn order(hashes: &[i64]) -> Vec<u32> {
    const EMPTY: u32 = u32::MAX;
    let place = |table: &mut Vec<u32>, entry: u32| {
        let mask = table.len() as u64 - 1;
        let hash = hashes[entry as usize] as u64;
        let mut i = hash & mask;
        let mut perturb = hash;
        while table[(i & mask) as usize] != EMPTY {
            i = i.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1);
            perturb >>= 5;
        }
        table[(i & mask) as usize] = entry;
    };
    let mut table = vec![EMPTY; 8];
    for entry in 0..hashes.len() {
        place(&mut table, entry as u32);
        let used = entry + 1;
        if 3 * used >= 2 * table.len() {
            let wanted = if used > 50_000 { 2 * used } else { 4 * used };
            let mut size = 8;
            while size <= wanted {
                size *= 2;
            }
            let old = std::mem::replace(&mut table, vec![EMPTY; size]);
            for entry in old.into_iter().filter(|&entry| entry != EMPTY) {
                place(&mut table, entry);
            }
        }
    }
    table.into_iter().filter(|&entry| entry != EMPTY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_that_python_2_7_prints() {
        assert_eq!(hash_bytes(b"abc"), 1_453_079_729_188_098_211);
        assert_eq!(hash_bytes(b"~"), 16_128_048_511);
        assert_eq!(hash_bytes(b""), 0);
        assert_eq!(hash_int(-1), -2);
        let key = hash_tuple(&[hash_bytes(b"a.py"), hash_int(3), hash_bytes(b"f")]);
        assert_eq!(key, 807_015_436_687_529_893);
    }

    #[test]
    fn forty_keys_come_out_as_python_2_7_lists_them() {
        // d = {}; for i in range(40): d[('f%d.py' % (i % 3), i, 'n%d' % i)] = i; print d.values()
        let hashes: Vec<i64> = (0..40)
            .map(|i| {
                let file = hash_bytes(format!("f{}.py", i % 3).as_bytes());
                hash_tuple(&[file, hash_int(i), hash_bytes(format!("n{i}").as_bytes())])
            })
            .collect();
        let printed = [
            22, 6, 16, 17, 21, 5, 39, 36, 9, 14, 11, 8, 13, 35, 28, 0, 23, 38, 34, 7, 31, 27, 37, 2, 4, 1,
            33, 24, 19, 3, 20, 25, 12, 18, 15, 29, 32, 26, 30, 10,
        ];
        assert_eq!(order(&hashes), printed);
    }

    #[test]
    fn many_keys_all_come_out_once() {
        let hashes: Vec<i64> = (0..5000).map(|i| hash_tuple(&[hash_bytes(b"x"), i, 7])).collect();
        let mut seen = order(&hashes);
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..5000));
    }
}
