//! Accounts: names and passwords, in memory only. Names do not depend on case.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher as _;
use std::sync::Arc;

/// How many there may be; then the oldest whose player is not here is forgotten.
pub(super) const MOST_ACCOUNTS: usize = 100_000;
const LONGEST_NAME: usize = 40;
const LONGEST_PASSWORD: usize = 80;

#[derive(Debug)]
struct Account {
    name: Arc<str>,
    /// Keyed and never stored elsewhere: no password lies in memory.
    password: u64,
    /// The session that plays it.
    session: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_name: HashMap<Box<str>, Account>,
    oldest: VecDeque<Box<str>>,
    hasher: RandomState,
}

/// A new account that waits for a yes.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) name: Arc<str>,
    password: u64,
}

impl Accounts {
    /// May there be such an account?
    ///
    /// # Errors
    /// What the player is told.
    pub(super) fn check(&self, name: &str, password: &str) -> Result<Candidate, &'static str> {
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || "_@.+-".contains(c);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_name_char) {
            return Err("A name has 1 to 40 letters, digits and _ @ . + - without spaces.");
        }
        if !(3..=LONGEST_PASSWORD).contains(&password.len()) {
            return Err("A password has 3 to 80 characters.");
        }
        if self.by_name.contains_key(&*name.to_lowercase()) {
            return Err("There is an account of this name already.");
        }
        Ok(Candidate {
            name: name.into(),
            password: self.hasher.hash_one(password),
        })
    }

    /// Makes the account.
    ///
    /// # Errors
    /// What the player is told.
    pub(super) fn create(&mut self, candidate: Candidate) -> Result<(), &'static str> {
        let key: Box<str> = candidate.name.to_lowercase().into();
        if self.by_name.contains_key(&key) {
            return Err("There is an account of this name already.");
        }
        if self.by_name.len() >= MOST_ACCOUNTS && !self.forget_one() {
            return Err("There is no room for another account.");
        }
        self.oldest.push_back(key.clone());
        self.by_name.insert(
            key,
            Account {
                name: candidate.name,
                password: candidate.password,
                session: None,
            },
        );
        Ok(())
    }

    /// Forgets an old account that nobody plays. Looks at so few that it takes no time.
    fn forget_one(&mut self) -> bool {
        for _ in 0..64 {
            let Some(key) = self.oldest.pop_front() else {
                return false;
            };
            match self.by_name.get(&key) {
                Some(account) if account.session.is_some() => self.oldest.push_back(key),
                _ => {
                    self.by_name.remove(&key);
                    return true;
                }
            }
        }
        false
    }

    /// The name as its owner wrote it, if name and password fit.
    pub(super) fn find(&self, name: &str, password: &str) -> Option<Arc<str>> {
        let account = self.by_name.get(&*name.to_lowercase())?;
        (account.password == self.hasher.hash_one(password)).then(|| Arc::clone(&account.name))
    }

    /// The session that plays this account.
    pub(super) fn session(&self, name: &str) -> Option<u32> {
        self.by_name.get(&*name.to_lowercase())?.session
    }

    pub(super) fn set_session(&mut self, name: &str, session: Option<u32>) {
        if let Some(account) = self.by_name.get_mut(&*name.to_lowercase()) {
            account.session = session;
        }
    }
}
