//! The four numbers of a function or an edge, and how they are kept small in memory.

use crate::python::Seconds;

/// A number of calls. Dumps may hold negative ones (pyinstrument writes -1) and ones beyond 64 bits.
pub type Count = i128;

/// The four numbers of a function, or of an edge: how often, and for how long.
///
/// Files write them in two orders, (cc, nc, tt, ct) for a function and (nc, cc, tt, ct) for an
/// edge; here they have names.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calls {
    /// Calls that were not made by recursion (`cc`).
    pub primitive: Count,
    /// All calls (`nc`, the column `ncalls`).
    pub total: Count,
    /// Time in the function alone (`tt`, `tottime`).
    pub own: Seconds,
    /// Time in the function and in what it called, recursion counted once (`ct`, `cumtime`).
    pub cumulative: Seconds,
}

impl Calls {
    /// Field by field; `None` when a sum of ints leaves the range that is kept.
    #[must_use]
    pub fn plus(self, other: Calls) -> Option<Calls> {
        Some(Calls {
            primitive: self.primitive.checked_add(other.primitive)?,
            total: self.total.checked_add(other.total)?,
            own: self.own.plus(other.own)?,
            cumulative: self.cumulative.plus(other.cumulative)?,
        })
    }
}

/// What a dump says of one caller of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EdgeCalls {
    /// The four numbers, as cProfile writes.
    Timed(Calls),
    /// Only how often, as the pure-Python `profile` and sampled dumps write.
    Counted(Count),
}

impl EdgeCalls {
    /// Calls through this edge, recursive ones included.
    #[must_use]
    pub fn total(self) -> Count {
        match self {
            EdgeCalls::Timed(calls) => calls.total,
            EdgeCalls::Counted(count) => count,
        }
    }
}

/// Numbers in 24 bytes; what does not fit stands in a table beside. Half a million edges are a
/// quarter of that table's size this way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    total: u32,
    primitive: u32,
    own: u64,
    cumulative: u64,
}

/// `total` of numbers that stand in the table of wide ones; `primitive` is the place.
const WIDE: u32 = u32::MAX;
/// `total` of an edge that has only a count; `own` is the count.
const COUNTED: u32 = u32::MAX - 1;

impl Packed {
    pub(super) fn pack(edge: EdgeCalls, wide: &mut Vec<EdgeCalls>) -> Packed {
        let small = |count: Count| u32::try_from(count).ok().filter(|&count| count < COUNTED);
        match edge {
            EdgeCalls::Timed(Calls {
                primitive,
                total,
                own: Seconds::Float(own),
                cumulative: Seconds::Float(cumulative),
            }) => {
                if let (Some(primitive), Some(total)) = (small(primitive), small(total)) {
                    return Packed {
                        total,
                        primitive,
                        own: own.to_bits(),
                        cumulative: cumulative.to_bits(),
                    };
                }
            }
            EdgeCalls::Counted(count) => {
                if let Ok(own) = u64::try_from(count) {
                    return Packed {
                        total: COUNTED,
                        primitive: 0,
                        own,
                        cumulative: 0,
                    };
                }
            }
            EdgeCalls::Timed(_) => {}
        }
        wide.push(edge);
        let place = u32::try_from(wide.len() - 1).expect("rows and edges are counted in 32 bits");
        Packed {
            total: WIDE,
            primitive: place,
            own: 0,
            cumulative: 0,
        }
    }

    pub(super) fn unpack(self, wide: &[EdgeCalls]) -> EdgeCalls {
        match self.total {
            WIDE => wide[self.primitive as usize],
            COUNTED => EdgeCalls::Counted(Count::from(self.own)),
            total => EdgeCalls::Timed(Calls {
                primitive: Count::from(self.primitive),
                total: Count::from(total),
                own: Seconds::Float(f64::from_bits(self.own)),
                cumulative: Seconds::Float(f64::from_bits(self.cumulative)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing() {
        let timed = |primitive, total, own, cumulative| {
            EdgeCalls::Timed(Calls {
                primitive,
                total,
                own,
                cumulative,
            })
        };
        let cases = [
            timed(1, 177, Seconds::Float(0.354), Seconds::Float(-0.0)),
            timed(-1, -1, Seconds::Float(0.5), Seconds::Float(0.5)),
            timed(1 << 64, i128::MAX, Seconds::Int(3), Seconds::Float(0.25)),
            timed(
                i128::from(u32::MAX),
                i128::from(u32::MAX) - 1,
                Seconds::Float(1.0),
                Seconds::Float(1.0),
            ),
            timed(0, 0, Seconds::Int(0), Seconds::Int(0)),
            EdgeCalls::Counted(5),
            EdgeCalls::Counted(-1),
            EdgeCalls::Counted(1 << 100),
        ];
        let mut wide = Vec::new();
        let packed = cases.map(|edge| Packed::pack(edge, &mut wide));
        assert_eq!(packed.map(|edge| edge.unpack(&wide)), cases);
        assert!(wide.len() < cases.len());
    }
}
