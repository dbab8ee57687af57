//! Tables of a scenario that say how dummies get in and out.

use super::super::Step;
use super::super::template::{self, Part, Template};
use super::{Error, Known, Place, file};
use toml::Spanned;

impl Place<'_> {
    /// The name, the password and the steps; what the table says of all commands ends the last one.
    pub(super) fn login(
        &self,
        login: &file::Login,
        known: &Known<'_>,
    ) -> Result<(Template, Option<Template>, Vec<Step>), Error> {
        let no_names = Template::parse("Dummy_{gid}", known).map_err(|bad| self.bad(0..0, bad.message))?;
        let name = login
            .name
            .as_ref()
            .map_or(Ok(no_names), |text| self.template(text, known))?;
        if let Some(text) = &login.name {
            let from_feed = name
                .parts()
                .iter()
                .any(|part| matches!(part, template::Part::Feed(..)));
            if !from_feed && !name.source().to_ascii_lowercase().starts_with("dummy") {
                let message = "names of accounts begin with `Dummy`, so that they can be told from people's, or come from a feed";
                return Err(self.bad(text.span(), message));
            }
        }
        check_stable(&name, false)
            .map_err(|message| self.bad(login.name.as_ref().map_or(0..0, Spanned::span), message))?;
        let password = login
            .password
            .as_ref()
            .map(|text| self.template(text, known))
            .transpose()?;
        if let (Some(password), Some(text)) = (&password, &login.password) {
            check_stable(password, true).map_err(|message| self.bad(text.span(), message))?;
        }
        let mut steps = self.steps(&login.commands, known)?;
        let fail = self.pattern_of(login.fail.as_ref())?;
        for step in &mut steps {
            step.fail = step.fail.take().or_else(|| fail.clone());
        }
        if let (Some(last), Some(expect)) = (steps.last_mut(), self.pattern_of(login.expect.as_ref())?) {
            last.expect = last.expect.take().or(Some(expect));
        }
        Ok((name, password, steps))
    }

    pub(super) fn steps(&self, steps: &[Spanned<file::Step>], known: &Known<'_>) -> Result<Vec<Step>, Error> {
        let step = |step: &Spanned<file::Step>| {
            let step = match step.get_ref() {
                file::Step::Command(send) => Step {
                    send: self.template_at(send, step.span(), known)?,
                    expect: None,
                    fail: None,
                    once: false,
                },
                file::Step::Table(table) => Step {
                    send: self.template(&table.send, known)?,
                    expect: self.pattern_of(table.expect.as_ref())?,
                    fail: self.pattern_of(table.fail.as_ref())?,
                    once: table.once,
                },
            };
            Ok(step)
        };
        steps.iter().map(step).collect()
    }
}

/// A name or password is asked for more than once and must come out the same; it cannot be made of itself either.
fn check_stable(template: &Template, is_password: bool) -> Result<(), String> {
    let stable = |part: &Part| match part {
        Part::Text(_) | Part::Gid | Part::Cid | Part::Letters | Part::Feed(..) => true,
        Part::Name => is_password,
        _ => false,
    };
    if template.parts().iter().all(stable) {
        return Ok(());
    }
    let name = if is_password { ", {name}" } else { "" };
    Err(format!(
        "this must always come out the same: only {{gid}}, {{cid}}, {{letters}}{name} and columns of feeds"
    ))
}
