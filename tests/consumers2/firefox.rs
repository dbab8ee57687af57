//! The Firefox Profiler, by its own command line, on its files.
