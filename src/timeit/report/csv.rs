//! Every sample as a line of comma-separated values, for spreadsheets and data frames.

use crate::timeit::results::{Kind, Results};
use crate::timeit::usage::Counter;

const HEAD: &str = "name,runtime,process,kind,request,round,loops,wall_s,cpu_s,process_cpu_s,per_loop_s,\
                    voluntary,involuntary,faults,peak_memory,setup_s,\
                    user_s,system_s,status,cycles,instructions,cache_references,cache_misses,branch_misses\n";

/// All samples in the order taken. Times are seconds; what cannot be read is empty.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut out = HEAD.to_owned();
    for (process, run) in results.runs.iter().enumerate() {
        let runtime = results
            .runtimes
            .get(run.runtime)
            .map(ToString::to_string)
            .unwrap_or_default();
        for taken in &run.taken {
            let sample = &taken.sample;
            let case = results.cases.get(sample.row.case);
            let name = case.map_or("reference", |case| &case.name);
            let kind = match taken.kind {
                Kind::Warmup => "warmup",
                Kind::Timed => "timed",
                Kind::Probe => "probe",
                Kind::Reference => "reference",
            };
            let seconds = |time: Option<std::time::Duration>| {
                time.map(|time| format!("{:.9}", time.as_secs_f64()))
                    .unwrap_or_default()
            };
            let interruptions = sample.involuntary_switches.map(|count| count.to_string());
            let fields = [
                field(name),
                field(&runtime),
                process.to_string(),
                kind.into(),
                taken.request.to_string(),
                taken.round.to_string(),
                sample.row.loops.to_string(),
                seconds(Some(sample.wall)),
                seconds(sample.cpu),
                seconds(sample.process_cpu),
                format!("{:e}", taken.wall()),
                sample.voluntary_switches.to_string(),
                interruptions.unwrap_or_default(),
                sample.faults.to_string(),
                sample.peak_memory.to_string(),
                seconds(Some(sample.setup)),
            ];
            out.push_str(&fields.join(","));
            let usage = sample.usage;
            for time in [usage.map(|usage| usage.user), usage.map(|usage| usage.system)] {
                out.push_str(&format!(",{}", seconds(time)));
            }
            let status = usage.map(|usage| usage.status.to_string());
            out.push_str(&format!(",{}", status.unwrap_or_default()));
            for counter in Counter::ALL {
                let count = usage.and_then(|usage| usage.counters.get(counter));
                out.push_str(&format!(
                    ",{}",
                    count.map(|count| count.to_string()).unwrap_or_default()
                ));
            }
            out.push('\n');
        }
    }
    out
}

/// Quoted where it holds a comma, a quote or a line end (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeit::fake;

    #[test]
    fn every_sample_has_a_line() {
        let results = fake::results(&["a,\"b\"", "c"], &["3.11.7"]);
        let text = render(&results);
        let samples: usize = results.runs.iter().map(|run| run.taken.len()).sum();
        assert_eq!(text.lines().count(), samples + 1);
        let line = text.lines().nth(1).expect("a line");
        assert!(
            line.starts_with("\"a,\"\"b\"\"\",CPython 3.11.7,0,warmup,0,0,1"),
            "{line}"
        );
        assert_eq!(line.matches(',').count(), HEAD.matches(',').count() + 1);
    }
}
