//! Where the server spent its time while dummies played, by samples of its stacks.

use crate::record::hot::Function;
use crate::record::sample::Counts;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// The server's functions, and how they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hot {
    /// Those with most samples of their own, the hottest first.
    pub functions: Vec<Function>,
    /// Where the flame graph is, if one was asked for.
    pub flamegraph: Option<String>,
    /// Stacks that were seen at work.
    pub samples: u64,
    /// From when to when, since the start of the run.
    pub from: Duration,
    /// See `from`.
    pub to: Duration,
    /// How the sampling went, and what it cost.
    pub counts: Counts,
}

impl Hot {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let counts = &self.counts;
        let mut text = format!(
            "\nthe server's functions, by {} samples from {} looks in seconds {:.0} to {:.0}\n",
            self.samples,
            counts.looks,
            self.from.as_secs_f64(),
            self.to.as_secs_f64()
        );
        let _ = writeln!(
            text,
            "it worked in {:.0}% of the looks; they took {:.1}% of a core, and stopped it for {:.1}% of the time",
            share(counts.looks - counts.idle, counts.looks),
            counts.own_cores() * 100.0,
            counts.held_share() * 100.0
        );
        if !self.functions.is_empty() {
            text.push_str("   own   cumulative  function\n");
        }
        for function in &self.functions {
            let _ = writeln!(
                text,
                "{:>5.1}%  {:>9.1}%  {}",
                function.own * 100.0,
                function.cumulative * 100.0,
                function.name
            );
        }
        if let Some(path) = &self.flamegraph {
            let _ = writeln!(text, "flame graph: {path}");
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let counts = &self.counts;
        let function = |function: &Function| json!({"name": function.name, "own_share": function.own, "cumulative_share": function.cumulative});
        json!({
            "samples": self.samples,
            "looks": counts.looks,
            "looks_idle": counts.idle,
            "looks_failed": counts.errors,
            "looks_left_out": counts.missed,
            "from_seconds": self.from.as_secs_f64(),
            "to_seconds": self.to.as_secs_f64(),
            "stopped_share": counts.held_share(),
            "sampler_cores": counts.own_cores(),
            "flamegraph": self.flamegraph,
            "functions": self.functions.iter().map(function).collect::<Vec<_>>(),
        })
    }
}

fn share(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_stand_in_columns() {
        let hot = Hot {
            functions: vec![
                Function {
                    name: "world/look.py:3(look)".into(),
                    own: 0.25,
                    cumulative: 1.0,
                },
                Function {
                    name: "net.py:7(send)".into(),
                    own: 0.05,
                    cumulative: 0.05,
                },
            ],
            flamegraph: Some("hot.svg".into()),
            samples: 200,
            from: Duration::from_secs(3),
            to: Duration::from_secs(13),
            counts: Counts {
                looks: 1000,
                idle: 800,
                elapsed: Duration::from_secs(10),
                own_cpu: Duration::from_millis(100),
                held: Duration::from_millis(50),
                ..Counts::default()
            },
        };
        let expected = "
the server's functions, by 200 samples from 1000 looks in seconds 3 to 13
it worked in 20% of the looks; they took 1.0% of a core, and stopped it for 0.5% of the time
   own   cumulative  function
 25.0%      100.0%  world/look.py:3(look)
  5.0%        5.0%  net.py:7(send)
flame graph: hot.svg
";
        assert_eq!(hot.text(), expected);
        assert_eq!(hot.json()["functions"][0]["own_share"], 0.25);
    }
}
