//! The binary `prof`: see [`prof::cli`].

fn main() -> std::process::ExitCode {
    prof::cli::run(std::env::args_os())
}
