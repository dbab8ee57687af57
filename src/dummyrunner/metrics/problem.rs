//! What can go wrong with a dummy, by kind, and what to do about it.

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $text:literal, $hint:literal;)*) => {
        /// A kind of failure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Problem { $($(#[$doc])* $name,)* }

        impl Problem {
            /// All kinds.
            pub const ALL: [Problem; [$($text),*].len()] = [$(Problem::$name),*];

            /// What it is called in reports.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Problem::$name => $text,)* }
            }

            /// What to do about it.
            #[must_use]
            pub fn hint(self) -> &'static str {
                match self { $(Problem::$name => $hint,)* }
            }
        }
    };
}

problems! {
    /// Nobody listens.
    Refused: "connection refused", "start the server, or name its port: --port 4000 or --target HOST:PORT";
    /// No answer to the connection.
    ConnectTimeout: "no answer to the connection", "the server accepts too few at once: lower --connect-rate, or raise its backlog";
    /// The system has no more.
    NoDescriptors: "out of file descriptors or ports", "raise the limit (ulimit -n), or start fewer dummies";
    /// Any other failure to connect.
    ConnectFailed: "connection failed", "look at the address, the route and the firewall";
    /// Nothing came after the connection.
    NoWelcome: "no welcome screen", "the server accepts connections but says nothing; set `welcome = false` in [run] if it never does";
    /// The server cut the connection.
    Reset: "connection reset", "the server, or something before it, cut the connection: look at its log";
    /// The server closed it.
    Closed: "connection closed by the server", "look at the server's log; it may have limits for each address";
    /// The login failed: name or password.
    WrongPassword: "name or password refused", "the account exists with another password, or creating it failed: another --seed makes new names";
    /// The login failed otherwise.
    LoginRefused: "login refused", "follow one dummy to see what the server says: --follow 1";
    /// The login got no answer.
    LoginTimeout: "no answer to the login", "the server is slower than the timeout, or its answer is not what the scenario expects: --follow 1";
    /// Too many accounts from one address.
    AccountLimit: "limit: accounts created", "the server limits new accounts by address";
    /// Too many logins from one address.
    LoginLimit: "limit: logins", "the server throttles logins by address";
    /// Too many connections.
    ConnectionLimit: "limit: connections", "the server queues connections: lower --connect-rate";
    /// Too many commands.
    CommandLimit: "limit: commands", "the server drops commands that come too fast: raise --timestep";
    /// A command was too long.
    LengthLimit: "limit: length of a command", "shorten the scenario's commands";
    /// No answer in time.
    Lost: "commands without an answer", "the server is slower than the timeout, or does not answer this command: give the action `answer = false` or an `expect`";
    /// The answer was a failure.
    Failed: "commands that failed", "the action's `fail` matched the answer: --follow 1 shows it";
    /// A function of the settings file failed.
    Function: "Python functions that failed", "the first traceback of each function stands above; the dummies went on with their next action";
    /// It gave nothing to send.
    NoCommands: "Python functions that gave no command", "a function returned None or nothing in it: the tick passed; return (\"idle\",) or the like if that is meant";
    /// The server sends more than it is asked for.
    Flood: "flooded by the server", "the server sends without end: look at what it broadcasts";
    /// It does not read what we send.
    NotReading: "server does not read", "what is sent piles up: the server is stuck";
    /// Compressed data is damaged.
    Corrupt: "damaged compressed data", "the server's MCCP is at fault; --client raw refuses it";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_have_a_text_and_a_hint_of_their_own() {
        let mut texts: Vec<&str> = Problem::ALL.iter().map(|problem| problem.text()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Problem::ALL.len());
        assert!(Problem::ALL.iter().all(|problem| problem.hint().len() > 10));
        assert!(
            Problem::ALL
                .iter()
                .enumerate()
                .all(|(at, problem)| *problem as usize == at)
        );
    }
}
